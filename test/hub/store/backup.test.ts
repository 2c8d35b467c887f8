import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { backupStore, restoreStore } from '../../../src/hub/store/backup.ts';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import { CompactedError } from '../../../src/hub/store/store.ts';
import { bundleWriter, inspect, startWriter } from './writer-process.ts';

const key = '/root/-/configmaps/default/a';

function temporaryStore(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, 'hub.db') };
}

test('a backup of a running store brings its state back, above every revision ever seen', async () => {
  const { folder, path } = temporaryStore();
  const store = openSqliteStore(path);
  await store.commit([{ key, value: Buffer.from('one') }]);
  backupStore(path, join(folder, 'copy.db'));
  expect(() => backupStore(path, join(folder, 'copy.db'))).toThrow(/exists/);
  const later = await store.commit([{ key, value: Buffer.from('two') }]);
  await store.close();

  restoreStore(join(folder, 'copy.db'), path);
  const restored = openSqliteStore(path);
  const entry = await restored.get(key);
  expect(Buffer.from(entry!.value).toString()).toBe('one');
  expect(await restored.revision()).toBeGreaterThan(later.ok ? later.revision : 0n);
  const stop = new AbortController();
  const watch = restored.watch(later.ok ? later.revision : 0n, stop.signal)[Symbol.asyncIterator]();
  await expect(watch.next()).rejects.toThrow(CompactedError);
  const next = await restored.commit([{ key, value: Buffer.from('three') }]);
  expect(next.ok && next.revision > (await restored.horizon())).toBe(true);
  expect(Buffer.from((await restored.list('/')).entries[0]!.value).toString()).toBe('three');
  await restored.close();
});

test('a backup made while 64 write holds all that was acknowledged before it, and whole commits only', async () => {
  const { folder, path } = temporaryStore();
  const writer = startWriter(await bundleWriter(), path, 0, 64);
  onTestFinished(() => void writer.child.kill('SIGKILL'));
  await writer.ready;
  for (let index = 0; index < 3; index++) {
    // The writer tells; what is read of it here was acknowledged before the backup begins.
    const before = writer.acknowledged.size;
    while (writer.acknowledged.size < before + 200) await new Promise((resolve) => setTimeout(resolve, 5));
    const acknowledged = new Map(writer.acknowledged);
    const copy = join(folder, `copy-${index}.db`);
    const seal = backupStore(path, copy);
    expect(seal.objects).toBeGreaterThanOrEqual(acknowledged.size * 2);
    const restored = join(folder, `restored-${index}.db`);
    restoreStore(copy, restored);
    expect(await inspect(restored, acknowledged)).toEqual({ broken: [], lost: [] });
  }
});

test('a backup that was cut short or changed is refused, and the store stays as it was', async () => {
  const { folder, path } = temporaryStore();
  const store = openSqliteStore(path);
  for (let index = 0; index < 50; index++)
    await store.commit([{ key: `${key}${index}`, value: Buffer.from(`value-${index} ${'x'.repeat(500)}`) }]);
  const copy = join(folder, 'copy.db');
  expect(backupStore(path, copy)).toMatchObject({ objects: 50, rows: 50 });
  await store.close();

  const bytes = readFileSync(copy);
  const short = join(folder, 'short.db');
  writeFileSync(short, bytes.subarray(0, bytes.length - 8_192));
  expect(() => restoreStore(short, path)).toThrow();
  const changed = Buffer.from(bytes);
  changed.write('value-X', changed.indexOf('value-7 '));
  const other = join(folder, 'changed.db');
  writeFileSync(other, changed);
  expect(() => restoreStore(other, path)).toThrow(/^The backup is incomplete: sha256 is/);

  const again = openSqliteStore(path);
  expect(await again.count('/')).toBe(50);
  expect(() => restoreStore(copy, path)).toThrow(/in use by process/);
  await again.close();
});
