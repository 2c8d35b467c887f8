/** A hundred clusters in one view: whole, in order, and calm while some of them die, hang, join and leave. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeCluster, NAMESPACES, PODS } from '../support/fake-cluster.ts';
import { startView } from './view-harness.ts';

const CLUSTERS = 100;
const EACH = 20;
const URL = '/api/v1/pods';

const nameOf = (cluster: number, pod: number): string => `p${String(pod).padStart(2, '0')}-${cluster}`;
const podOf = (cluster: number, pod: number) => ({ metadata: { name: nameOf(cluster, pod), namespace: 'default' } });

function clusterOf(index: number): FakeCluster {
  const cluster = new FakeCluster({ name: `c${index}`, slot: index + 1, resources: [PODS, NAMESPACES] });
  for (let pod = 0; pod < EACH; pod++) cluster.put(PODS, podOf(index, pod));
  return cluster;
}

let clusters: FakeCluster[];
let harness: Awaited<ReturnType<typeof startView>>;
beforeEach(async () => {
  clusters = Array.from({ length: CLUSTERS }, (_, index) => clusterOf(index));
  harness = await startView(...clusters);
});
afterEach(() => harness.close());

const namesOf = (list: { items: { metadata: { name: string } }[] }) => list.items.map((item) => item.metadata.name);
const all = (indices: readonly number[]): string[] =>
  indices.flatMap((index) => Array.from({ length: EACH }, (_, pod) => nameOf(index, pod))).sort();
const everyIndex = Array.from({ length: CLUSTERS }, (_, index) => index);

/** At first some may not be in within their deadline. */
const wholeList = (): Promise<string[]> =>
  vi.waitFor(
    async () => {
      const { json, headers } = await harness.call('GET', URL);
      expect(headers.warning).toBeUndefined();
      return namesOf(json);
    },
    { timeout: 10_000 },
  );

test('a list holds what each has, once and in order, whole and in pages', async () => {
  expect(await wholeList()).toEqual(all(everyIndex));
  const paged: string[] = [];
  for (let token = ''; ; ) {
    const { json: page } = await harness.call('GET', `${URL}?limit=333&continue=${token}`);
    paged.push(...namesOf(page));
    token = page.metadata.continue ?? '';
    if (token === '') break;
    expect(page.metadata.remainingItemCount).toBe(CLUSTERS * EACH - paged.length);
  }
  expect(paged).toEqual(all(everyIndex));
});

test('a tenth that dies and another that hangs cost one deadline together, and are named', async () => {
  await wholeList();
  for (const cluster of clusters.slice(0, 10)) {
    cluster.down = true;
    cluster.cut();
  }
  for (const cluster of clusters.slice(10, 20)) {
    cluster.hanging = true;
    cluster.cut();
  }
  const warned = await vi.waitFor(async () => {
    const began = performance.now();
    const { json, headers } = await harness.call('GET', URL);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(namesOf(json)).toEqual(all(everyIndex));
    expect(headers.warning).toHaveLength(20);
    return headers.warning as string[];
  }, 10_000);
  for (const { clusterName } of clusters.slice(0, 20)) {
    expect(
      warned.filter((one) => one.includes(`"${clusterName}\\"`)),
      clusterName,
    ).toHaveLength(1);
  }
});

test('one watch is told of every cluster, of those that join and of those that leave', async () => {
  const tap = await harness.watch(`${URL}?watch=true`);
  await tap.until(CLUSTERS * EACH, 10_000);
  for (const [index, cluster] of clusters.entries()) cluster.put(PODS, podOf(index, EACH));
  await tap.until(CLUSTERS * (EACH + 1), 10_000);
  const late = clusterOf(CLUSTERS);
  harness.registry.join(late);
  await tap.until(CLUSTERS * (EACH + 1) + EACH, 10_000);
  harness.registry.leave(clusters[0] as FakeCluster);
  await tap.until(CLUSTERS * (EACH + 1) + EACH + EACH + 1, 10_000);
  const held = new Set<string>();
  for (const { type, object } of tap.events) {
    if (type === 'DELETED') held.delete(object.metadata.name);
    else held.add(object.metadata.name);
  }
  expect([...held].sort()).toEqual(namesOf((await harness.call('GET', URL)).json).sort());
  expect(tap.ended).toBe(false);
});
