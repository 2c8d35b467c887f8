/** One process at a time writes a store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import { bundleWriter, inspect, startWriter } from './writer-process.ts';

function storePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'hub.db');
}

test('a second process is refused with the name of the first, until that one is killed', async () => {
  const path = storePath();
  const first = startWriter(await bundleWriter(), path, 1);
  onTestFinished(() => void first.child.kill('SIGKILL'));
  await first.ready;
  expect(() => openSqliteStore(path)).toThrow(
    new RegExp(`^The store ${path} is in use by process ${first.child.pid} on .+ since .+Z: one process at a time`),
  );
  first.child.kill('SIGKILL');
  await first.ended;
  expect(await inspect(path, first.acknowledged)).toEqual({ broken: [], lost: [] });
});

test('within a process too; closing frees it', async () => {
  const path = storePath();
  const store = openSqliteStore(path);
  expect(() => openSqliteStore(path)).toThrow(new RegExp(`in use by process ${process.pid} on`));
  await store.close();
  await openSqliteStore(path).close();
});
