import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import { CompactedError, type ListOptions, type Store, type StoreChange } from '../../../src/hub/store/store.ts';

const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString());
const key = (name: string, workspace = 'root') => `/${workspace}/-/configmaps/default/${name}`;

async function put(store: Store, name: string, value: string, expected?: bigint): Promise<bigint> {
  const operation = { key: key(name), value: bytes(value) };
  const result = await store.commit([expected === undefined ? operation : { ...operation, expected }]);
  if (!result.ok) throw new Error(`refused: ${result.key}`);
  return result.revision;
}

async function take(store: Store, since: bigint, count: number): Promise<StoreChange[]> {
  const changes: StoreChange[] = [];
  const stop = new AbortController();
  for await (const batch of store.watch(since, stop.signal)) {
    changes.push(...batch);
    if (changes.length >= count) stop.abort();
  }
  return changes;
}

const folders: string[] = [];
const stores: Store[] = [];
function open(where: 'memory' | 'file'): { store: Store; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-store-'));
  folders.push(folder);
  const path = where === 'memory' ? ':memory:' : join(folder, 'hub.db');
  const store = openSqliteStore(path);
  stores.push(store);
  return { store, path };
}
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe.each(['memory', 'file'] as const)('SQLite store (%s)', (where) => {
  test('an empty store is at revision 1', async () => {
    const { store } = open(where);
    expect(await store.revision()).toBe(1n);
    expect(await store.list('/')).toEqual({ entries: [], revision: 1n, remaining: 0 });
  });

  test('expected revisions guard create, update and delete', async () => {
    const { store } = open(where);
    const first = await put(store, 'a', 'one', 0n);
    expect(await store.commit([{ key: key('a'), value: bytes('x'), expected: 0n }])).toMatchObject({
      ok: false,
      current: { revision: first },
    });
    const second = await put(store, 'a', 'two', first);
    expect(await store.commit([{ key: key('a'), value: undefined, expected: first }])).toMatchObject({ ok: false });
    expect(await store.commit([{ key: key('a'), value: undefined, expected: second }])).toMatchObject({ ok: true });
    expect(await store.get(key('a'))).toBeUndefined();
  });

  test('a commit of several operations is all or nothing, with one revision', async () => {
    const { store } = open(where);
    await put(store, 'a', 'one');
    const refused = await store.commit([
      { key: key('b'), value: bytes('b') },
      { key: key('a'), value: bytes('x'), expected: 0n },
    ]);
    expect(refused.ok).toBe(false);
    expect(await store.get(key('b'))).toBeUndefined();
    const done = await store.commit([
      { key: key('b'), value: bytes('b') },
      { key: key('c'), value: bytes('c') },
    ]);
    const entries = (await store.list('/root/')).entries;
    expect(entries.slice(1).map((entry) => entry.revision)).toEqual([
      done.ok && done.revision,
      done.ok && done.revision,
    ]);
  });

  test('a page ends with the value that reaches the bytes, now and at a revision, and the next goes on behind it', async () => {
    const { store } = open(where);
    for (const [at, size] of [10, 10, 500, 1, 1, 1, 900].entries())
      await store.commit([{ key: key(`k${at}`), value: Buffer.alloc(size, 'x') }]);
    const before = await store.revision();
    const pages = async (options: ListOptions): Promise<number[]> => {
      const counts: number[] = [];
      for (let after: string | undefined; ; ) {
        const page = await store.list('/root/', {
          count: false,
          ...options,
          ...(after === undefined ? {} : { after }),
        });
        counts.push(page.entries.length);
        if (page.remaining === 0) return counts;
        after = page.entries.at(-1)?.key;
      }
    };
    expect(await pages({ bytes: 20 })).toEqual([2, 1, 4]);
    expect(await pages({ bytes: 500 })).toEqual([3, 4]);
    expect(await pages({ bytes: 500, limit: 2 })).toEqual([2, 1, 2, 2]);
    expect(await pages({ bytes: 1 })).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(await pages({ bytes: 5_000 })).toEqual([7]);
    await store.commit([{ key: key('k0'), value: Buffer.alloc(5_000, 'y') }]);
    expect(await pages({ bytes: 20, at: before })).toEqual([2, 1, 4]);
    expect(await pages({ bytes: 20 })).toEqual([1, 2, 4]);
    expect((await store.list('/nothing/', { bytes: 10, limit: 5 })).entries).toEqual([]);
  });

  test('pages of a pinned list show the snapshot of the first page', async () => {
    const { store } = open(where);
    for (const name of ['a', 'b', 'c', 'd']) await put(store, name, name);
    const page = await store.list('/root/', { limit: 2 });
    expect(page.remaining).toBe(2);
    await put(store, 'c', 'changed');
    await store.commit([{ key: key('d'), value: undefined }]);
    await put(store, 'e', 'new');
    const rest = await store.list('/root/', { limit: 5, after: page.entries.at(-1)!.key, at: page.revision });
    expect(rest.entries.map((entry) => text(entry.value))).toEqual(['c', 'd']);
    expect(rest.revision).toBe(page.revision);
    const now = await store.list('/root/', { after: key('b') });
    expect(now.entries.map((entry) => text(entry.value))).toEqual(['changed', 'new']);
  });

  test('listKind crosses workspaces and stays within the kind', async () => {
    const { store } = open(where);
    for (const workspace of ['root:a', 'root:b'])
      await store.commit([
        { key: key('x', workspace), value: bytes(workspace) },
        { key: `/${workspace}/-/secrets/default/x`, value: bytes('secret') },
      ]);
    const page = await store.listKind('-/configmaps', { limit: 1 });
    expect(page.entries.map((entry) => text(entry.value))).toEqual(['root:a']);
    expect(page.remaining).toBe(1);
    const rest = await store.listKind('-/configmaps', { after: page.entries[0]!.key, at: page.revision });
    expect(rest.entries.map((entry) => text(entry.value))).toEqual(['root:b']);
  });

  test('a prefix does not match its look-alikes', async () => {
    const { store } = open(where);
    await store.commit([{ key: '/root/-/pods/default/x', value: bytes('1') }]);
    await store.commit([{ key: '/root:a/-/pods/default/x', value: bytes('2') }]);
    expect((await store.list('/root/')).entries).toHaveLength(1);
    expect(await store.count('/root')).toBe(2);
  });

  test('a watch replays history with previous values, then follows', async () => {
    const { store } = open(where);
    const start = await store.revision();
    await put(store, 'a', 'one');
    await put(store, 'a', 'two');
    const following = take(store, start, 4);
    await store.commit([{ key: key('a'), value: undefined }]);
    await put(store, 'b', 'b');
    const changes = await following;
    expect(changes.map((change) => [change.type, text(change.value), text(change.previous)])).toEqual([
      ['put', 'one', undefined],
      ['put', 'two', 'one'],
      ['delete', 'two', 'two'],
      ['put', 'b', undefined],
    ]);
    expect(changes.map((change) => change.previousRevision)).toEqual([
      0n,
      changes[0]!.revision,
      changes[1]!.revision,
      0n,
    ]);
  });

  test('compaction forgets what is superseded and refuses older revisions', async () => {
    const { store } = open(where);
    const first = await put(store, 'a', 'one');
    await put(store, 'b', 'b');
    const pinned = await put(store, 'a', 'two');
    await put(store, 'a', 'three');
    await store.compact(pinned);
    expect(await store.horizon()).toBe(pinned);
    await expect(store.list('/root/', { at: first })).rejects.toThrow(CompactedError);
    await expect(take(store, first, 1)).rejects.toThrow(CompactedError);
    const page = await store.list('/root/', { at: pinned });
    expect(page.entries.map((entry) => text(entry.value))).toEqual(['two', 'b']);
    expect((await take(store, pinned, 1))[0]).toMatchObject({ previousRevision: pinned });
  });

  test('concurrent writers of one key: one wins', async () => {
    const { store } = open(where);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.commit([{ key: key('a'), value: bytes(String(index)), expected: 0n }]),
      ),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
  });
});

test('a file keeps values, revision and horizon over a restart', async () => {
  const { store, path } = open('file');
  await put(store, 'a', 'one');
  const pinned = await put(store, 'a', 'two');
  const last = await store.commit([{ key: key('a'), value: undefined }]);
  await store.compact(pinned);
  await store.close();
  const again = openSqliteStore(path, { integrityCheck: 'full' });
  stores.push(again);
  expect(await again.revision()).toBe(last.ok && last.revision);
  expect(await again.horizon()).toBe(pinned);
  expect(await again.get(key('a'))).toBeUndefined();
});

test('a damaged file is refused, not served', async () => {
  const { store, path } = open('file');
  for (let index = 0; index < 200; index++) await put(store, `k${index}`, 'x'.repeat(500));
  await store.close();
  const { openSync, writeSync, closeSync } = await import('node:fs');
  const descriptor = openSync(path, 'r+');
  for (let page = 1; page < 12; page++) writeSync(descriptor, Buffer.alloc(2048, 0xff), 0, 2048, page * 4096);
  closeSync(descriptor);
  expect(() => openSqliteStore(path)).toThrow(/store/i);
});
