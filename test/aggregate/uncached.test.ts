/** Clusters whose objects do not fit into memory: listed live, and told of where they cannot be watched. */
import { afterEach, expect, test, vi } from 'vitest';
import { FakeCluster, PODS } from '../support/fake-cluster.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startView, type ViewHarness, viewOver } from './view-harness.ts';

const URL = '/api/v1/namespaces/default/pods';
const pod = (name: string) => ({ metadata: { name, namespace: 'default' }, spec: { text: 'x'.repeat(2_000) } });
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** East is in memory; west, which joined later, does not fit any more. */
async function setUp() {
  const [east, west] = [1, 2].map((slot) => new FakeCluster({ name: `c${slot}`, slot, resources: [PODS] }));
  if (east === undefined || west === undefined) throw new Error('two clusters');
  east.put(PODS, pod('a'));
  west.put(PODS, pod('b'));
  const base = await startView(east);
  const clock = new ManualClock();
  const view: ViewHarness = viewOver(base.hub, base.registry, 300, { budgetBytes: 1_000, clock });
  open.push(base, view);
  await view.call('GET', URL);
  base.registry.join(west);
  return { east, west, clock, view };
}

const namesOf = (list: { items: { metadata: { name: string } }[] }) => list.items.map((item) => item.metadata.name);

test('a watch from a live list tells what is in memory, says what is not, and ends so that it is listed anew', async () => {
  const { east, west, clock, view } = await setUp();
  const { json } = await view.call('GET', URL);
  expect(namesOf(json)).toEqual(['a', 'b']);
  const tap = await view.watch(`${URL}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
  east.put(PODS, pod('c'));
  west.put(PODS, pod('d'));
  await vi.waitFor(() =>
    expect(tap.events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED c']),
  );
  expect(tap.ended).toBe(false);
  clock.advance(30_000);
  expect(tap.events.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  expect(tap.ended).toBe(true);
  expect(namesOf((await view.call('GET', URL)).json)).toEqual(['a', 'b', 'c', 'd']);
});

test('the answer to such a watch names the cluster; strict ones and initial events are refused', async () => {
  const { view } = await setUp();
  const watch = async (query: string, headers: Record<string, string> = {}) =>
    view.call('GET', `${URL}?${query}`, undefined, { headers });
  const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  expect((await watch(`watch=true&${initial}`)).json).toMatchObject({ code: 422, reason: 'Invalid' });
  expect((await watch('watch=true', { 'x-tmc-strict': 'true' })).json).toMatchObject({
    code: 503,
    details: { causes: [{ field: 'c2', message: expect.stringContaining('do not fit') }] },
  });
});

test('a collection is deleted there too, by label; by field it is refused rather than left half there', async () => {
  const { east, west, view } = await setUp();
  await view.call('GET', URL);
  const refused = await view.call('DELETE', `${URL}?fieldSelector=metadata.name%3Db`);
  expect([refused.status, refused.json.message]).toEqual([503, expect.stringContaining('"c2" do not fit')]);
  const deletions = () =>
    [east, west].map(({ requests }) => requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path));
  expect(deletions()).toEqual([[], []]);
  await view.call('DELETE', `${URL}?labelSelector=x%3Dy`);
  expect(deletions()).toEqual([[], [expect.stringContaining('labelSelector=x%3Dy%2C%21')]]);
});
