/** What may be seen when: nothing before it is durable, nothing ever when the disk refuses to sync. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/hub/store/sqlite.ts';
import type { Store, StoreChange } from '../../../src/hub/store/store.ts';
import { type StoreFailedError, StoreFullError } from '../../../src/hub/store/store-errors.ts';

const PREFIX = '/root/-/configmaps/default/';
const key = (name: string) => `${PREFIX}${name}`;
const put = (store: Store, name: string, value = name) => store.commit([{ key: key(name), value: Buffer.from(value) }]);

function openStore(options: SqliteStoreOptions): { store: Store; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-durability-'));
  const path = join(folder, 'hub.db');
  const store = openSqliteStore(path, options);
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, path };
}

/** A disk whose next sync ends when the test says so. */
function heldDisk() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let arrived: () => void = () => undefined;
  return {
    syncFile: () =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ resolve, reject });
        arrived();
      }),
    /** Resolves when a sync has begun; gives what ends it. */
    async begun() {
      while (waiting.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      return waiting.shift() as (typeof waiting)[number];
    },
  };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

test('what is not yet durable is not read: writes, deletions, lists, counts, the revision', async () => {
  const disk = heldDisk();
  const { store } = openStore({ syncFile: disk.syncFile });
  const first = put(store, 'old');
  (await disk.begun()).resolve();
  await first;
  const before = await store.revision();

  const change = store.commit([
    { key: key('new'), value: Buffer.from('new') },
    { key: key('old'), value: undefined },
  ]);
  const sync = await disk.begun();
  const reads = [
    store.get(key('new')),
    store.get(key('old')),
    store.list(PREFIX),
    store.count(PREFIX),
    store.revision(),
  ];
  for (const read of reads) expect(await settled(read)).toBe(false);
  expect(await store.get(key('other'))).toBeUndefined();
  sync.resolve();
  await change;
  const [added, removed, listed, count, revision] = await Promise.all(reads);
  expect(added).toMatchObject({ key: key('new') });
  expect(removed).toBeUndefined();
  expect(listed).toMatchObject({ entries: [{ key: key('new') }] });
  expect(count).toBe(1);
  expect(revision).toBeGreaterThan(before);
});

test('a reader waits for the batch that it saw, not for all that come behind it', async () => {
  const disk = heldDisk();
  const { store } = openStore({ syncFile: disk.syncFile });
  const first = put(store, 'a');
  const sync = await disk.begun();
  const read = store.list(PREFIX);
  const second = put(store, 'b');
  sync.resolve();
  expect((await read).entries).toHaveLength(1);
  (await disk.begun()).resolve();
  await Promise.all([first, second]);
});

test('a failed sync stops the store: its batch is never seen, and nothing is written or read any more', async () => {
  const disk = heldDisk();
  const failures: StoreFailedError[] = [];
  const { store, path } = openStore({ syncFile: disk.syncFile, onFailure: (failure) => failures.push(failure) });
  const kept = put(store, 'kept');
  (await disk.begun()).resolve();
  await kept;

  const since = await store.revision();
  const stop = new AbortController();
  const seen: StoreChange[] = [];
  const watching = (async () => {
    for await (const changes of store.watch(since, stop.signal)) seen.push(...changes);
  })();
  const lost = put(store, 'lost');
  const sync = await disk.begun();
  const read = store.get(key('lost'));
  const behind = put(store, 'behind');
  const outcomes = Promise.allSettled([lost, read, behind]);
  sync.reject(new Error('EIO: i/o error, fdatasync'));

  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StoreFailedError', code: 500 } });
  expect(failures).toHaveLength(1);
  expect(failures[0]?.message).toMatch(/has stopped; check the disk and restart: EIO/);
  const more = [put(store, 'more'), store.get(key('kept')), store.list('/'), store.count('/'), store.revision()];
  for (const outcome of await Promise.allSettled(more))
    expect(outcome).toMatchObject({ reason: { name: 'StoreFailedError' } });
  stop.abort();
  await watching;
  expect(seen).toEqual([]);

  await store.close();
  const again = openSqliteStore(path, { integrityCheck: 'full' });
  expect(await again.get(key('kept'))).toBeDefined();
  await again.close();
});

test('a watch that starts far behind does not run ahead of the disk', async () => {
  const disk = heldDisk();
  const { store } = openStore({ syncFile: disk.syncFile });
  const start = await store.revision();
  // More than the tail in memory keeps: the first changes are read from the file.
  for (let index = 0; index < 5; index++) {
    const write = put(store, `big${index}`, 'x'.repeat(5 * 1024 * 1024));
    (await disk.begun()).resolve();
    await write;
  }
  const late = put(store, 'late');
  const sync = await disk.begun();
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const changes of store.watch(start, stop.signal)) {
      seen.push(...changes.map((change) => change.key.slice(PREFIX.length)));
      if (seen.includes('late')) stop.abort();
    }
  })();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['big0', 'big1', 'big2', 'big3', 'big4']);
  sync.resolve();
  await Promise.all([late, watching]);
  expect(seen.at(-1)).toBe('late');
});

test('a refused write is a 500 with the reason as kube-apiserver gives it', () => {
  const { status } = new StoreFullError(new Error('database or disk is full'));
  expect(status).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'The store cannot be written, its disk may be full: database or disk is full',
    code: 500,
  });
});

test('a checkpoint in the thread lets the WAL start over while writers go on', async () => {
  const { store, path } = openStore({ walPages: 200 });
  // In the WAL's header: how often it was started over (the file format, "checkpoint sequence number").
  const startedOver = () => readFileSync(`${path}-wal`).readUInt32BE(12);
  const before = startedOver();
  let count = 0;
  while (startedOver() < before + 3)
    await Promise.all(Array.from({ length: 8 }, () => put(store, `${count++ % 50}`, 'x'.repeat(10_000))));
  expect(statSync(path).size).toBeGreaterThan(1_000_000);
  expect((await store.list(PREFIX)).entries).toHaveLength(50);
});
