import { expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';

const bytes = (text: string): Buffer => Buffer.from(JSON.stringify({ metadata: { name: text } }));
const QUOTAS = '/root//resourcequotas/a/';
const KEY = `${QUOTAS}q`;

test('what was read is read anew once it is written or removed', async () => {
  const store = openSqliteStore(':memory:');
  await store.commit([{ key: KEY, value: bytes('one'), expected: 0n }]);
  const first = await store.get(KEY);
  expect(await store.get(KEY)).toBe(first);
  await store.commit([{ key: KEY, value: bytes('two') }]);
  expect((await store.get(KEY))?.value).toEqual(bytes('two'));
  await store.commit([{ key: KEY, value: undefined }]);
  expect(await store.get(KEY)).toBeUndefined();
  await store.close();
});

test('a range found empty has what is put into it, and into it alone', async () => {
  const store = openSqliteStore(':memory:');
  const names = async (prefix: string) => (await store.list(prefix)).entries.map(({ key }) => key);
  expect([await names(QUOTAS), await names('/root//resourcequotas/b/'), await names('/root/')]).toEqual([[], [], []]);
  const { revision } = await store.list(QUOTAS);
  await store.commit([{ key: KEY, value: bytes('one'), expected: 0n }]);
  expect([await names(QUOTAS), await names('/root//resourcequotas/b/'), await names('/root/')]).toEqual([
    [KEY],
    [],
    [KEY],
  ]);
  expect((await store.list(QUOTAS)).revision).toBeGreaterThan(revision);
  expect((await store.list(QUOTAS, { at: revision })).entries).toEqual([]);
  await store.close();
});

test('a refused commit names what stands there', async () => {
  const store = openSqliteStore(':memory:');
  await store.commit([{ key: KEY, value: bytes('one'), expected: 0n }]);
  const refused = await store.commit([{ key: KEY, value: bytes('two'), expected: 0n }]);
  expect(refused).toMatchObject({ ok: false, key: KEY, current: { value: bytes('one') } });
  await store.close();
});
