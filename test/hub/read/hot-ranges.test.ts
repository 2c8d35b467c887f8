import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HubHarness, startHub } from '../hub-harness.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const COUNT = 600;
const configMap = (name: string, data: object = {}, labels: object = {}) => ({ metadata: { name, labels }, data });

let harness: HubHarness;
beforeEach(async () => {
  harness = await startHub();
  const make = async (at: number) =>
    harness.request('POST', PATH, configMap(`m-${1000 + at}`, {}, at % 3 === 0 ? { third: 'yes' } : {}));
  await Promise.all(Array.from({ length: COUNT }, (_, at) => make(at)));
});
afterEach(() => harness.close());

const list = async (query = '', path = PATH) => (await harness.request('GET', `${path}${query}`)).json;
/** From then on the collection lies in memory. */
const warm = async () => {
  await list();
  await list();
  expect(harness.hub.core.ranges.bytes).toBeGreaterThan(COUNT * 100);
};

test('the list from memory is the list from the store, byte for byte', async () => {
  const cold = await harness.request('GET', PATH);
  await warm();
  expect((await harness.request('GET', PATH)).text).toBe(cold.text);
});

test('every acknowledged write is in the next list, with the version of that moment', async () => {
  await warm();
  const made = (await harness.request('POST', PATH, configMap('a-first'))).json;
  const one = await list();
  expect(one.items).toHaveLength(COUNT + 1);
  expect(one.items[0]).toMatchObject({ metadata: { name: 'a-first', resourceVersion: made.metadata.resourceVersion } });
  expect(BigInt(one.metadata.resourceVersion)).toBeGreaterThanOrEqual(BigInt(made.metadata.resourceVersion));
  await harness.request('PUT', `${PATH}/m-1001`, configMap('m-1001', { changed: 'yes' }));
  await harness.request('DELETE', `${PATH}/m-1002`);
  const two = await list();
  expect(two.items).toHaveLength(COUNT);
  expect(two.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'm-1001').data).toEqual({
    changed: 'yes',
  });
});

test('a watch from the list’s version misses nothing and repeats nothing', async () => {
  await warm();
  const { metadata } = await list();
  const tap = await harness.watch(`${PATH}?watch=true&resourceVersion=${metadata.resourceVersion}`);
  await harness.request('POST', PATH, configMap('z-last'));
  await tap.until(1);
  expect(tap.events.map(({ type, object }) => [type, object.metadata.name])).toEqual([['ADDED', 'z-last']]);
  tap.end();
});

test('selectors, tables and other namespaces are answered as from the store', async () => {
  const queries = [
    '?labelSelector=third%3Dyes',
    '?labelSelector=!third&fieldSelector=metadata.namespace%3Ddefault',
    '?labelSelector=third&fieldSelector=metadata.name%21%3Dm-1003&limit=50',
    '?fieldSelector=metadata.name%3Dm-1005',
    '?limit=7',
  ];
  const cold = [];
  for (const query of queries) cold.push((await list(query)).items);
  await warm();
  for (const [at, query] of queries.entries()) expect((await list(query)).items).toEqual(cold[at]);
  const table = await harness.request('GET', PATH, undefined, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  });
  expect(table.json.rows).toHaveLength(COUNT);
  expect((await list('', '/api/v1/namespaces/kube-system/configmaps')).items).toEqual([]);
  const other = (await harness.request('GET', PATH, undefined, { workspace: 'root:other' })).json;
  expect(other.items).toEqual([]);
});

test('a page is continued at its snapshot', async () => {
  await warm();
  const first = await list('?limit=400');
  await harness.request('POST', PATH, configMap('z-late'));
  const second = await list(`?limit=400&continue=${encodeURIComponent(first.metadata.continue)}`);
  expect(first.items.length + second.items.length).toBe(COUNT);
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
});
