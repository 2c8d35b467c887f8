import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupStore, restoreStore } from '../../../src/hub/store/backup.ts';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import { CompactedError } from '../../../src/hub/store/store.ts';

const key = '/root/-/configmaps/default/a';

test('a backup of a running store brings its state back, above every revision ever seen', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-backup-'));
  const path = join(folder, 'hub.db');
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
  rmSync(folder, { recursive: true });
});
