/** The gateway is killed in the middle of many creates: what it acknowledged is there and placed (issue 2, "How it will be tried"). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type JoinedClusters, joinClusters, VIEW } from '../support/joined-clusters.ts';
import { waitFor } from '../support/wait-for.ts';

const CREATES = 1_000;
const DEPLOYMENTS = 50;
const CLIENTS = 16;
const KILLED_AFTER = 400;

let world: JoinedClusters<'a' | 'b'>;
beforeAll(async () => {
  world = await joinClusters(['a', 'b']);
  const body = {
    apiVersion: 'placement.kcp.io/v1alpha1',
    kind: 'Placement',
    metadata: { name: 'bulk' },
    spec: { workloadSelector: { matchLabels: { bulk: 'yes' } } },
  };
  await world.admin.fetchOk(`${VIEW}/apis/placement.kcp.io/v1alpha1/placements`, { method: 'POST', body });
});
afterAll(() => world?.stop());

const pathOf = (kind: string): string =>
  kind === 'ConfigMap' ? '/api/v1/namespaces/default/configmaps' : '/apis/apps/v1/namespaces/default/deployments';

/** The nth of the creates: every twentieth is a Deployment, until there are enough. */
function nth(index: number): KubeObject {
  const isDeployment = index % (CREATES / DEPLOYMENTS) === 0;
  const metadata = { name: `bulk-${index}`, labels: { bulk: 'yes' } };
  if (!isDeployment)
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { index: String(index) } } as KubeObject;
  const labels = { app: metadata.name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
  const spec = { replicas: 2, selector: { matchLabels: labels }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } as KubeObject;
}

/** Creates what is left to create with several clients until all is done or the gateway is gone. */
async function createAll(left: number[], acknowledged: Set<number>, onCreated: () => void): Promise<void> {
  const client = async (): Promise<void> => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const body = nth(index);
      const created = world.admin.fetch(VIEW + pathOf(body.kind as string), { method: 'POST', body });
      const answer = await created.catch(() => undefined);
      if (answer === undefined) return;
      // After the restart: created before, but the answer was lost.
      expect([201, 409], answer.text).toContain(answer.status);
      acknowledged.add(index);
      onCreated();
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

const namesOf = async (list: Promise<{ items: KubeObject[] }>): Promise<Set<string>> =>
  new Set((await list).items.map(({ metadata }) => metadata.name as string));

const bulkAt = (cluster: KubeCluster, kind: string) =>
  cluster.fetchOk<{ items: (KubeObject & { spec?: { replicas: number } })[] }>(
    `${kind === 'ConfigMap' ? '/api/v1/configmaps' : '/apis/apps/v1/deployments'}?labelSelector=bulk%3Dyes`,
  );

test('every acknowledged object is there after the restart, and placed at the clusters', async () => {
  const left = Array.from({ length: CREATES }, (_, index) => index);
  const acknowledged = new Set<number>();
  let killing: Promise<void> | undefined;
  await createAll(left, acknowledged, () => {
    if (acknowledged.size >= KILLED_AFTER) killing ??= world.gateway().kill('SIGKILL');
  });
  await killing;
  expect(acknowledged.size).toBeGreaterThanOrEqual(KILLED_AFTER);
  expect(acknowledged.size).toBeLessThan(CREATES - 2 * CLIENTS);
  const restarted = performance.now();
  await world.restartGateway('SIGKILL');
  const ready = performance.now();

  const present = await namesOf(world.admin.fetchOk(`${VIEW}${pathOf('ConfigMap')}?labelSelector=bulk%3Dyes`));
  for (const name of await namesOf(world.admin.fetchOk(`${VIEW}${pathOf('Deployment')}?labelSelector=bulk%3Dyes`)))
    present.add(name);
  expect([...acknowledged].filter((index) => !present.has(`bulk-${index}`))).toEqual([]);

  const clusters = [world.clusters.a, world.clusters.b];
  for (const cluster of clusters) {
    await waitFor(
      `all that was acknowledged in ${cluster.name}`,
      async () => {
        const placed = await namesOf(bulkAt(cluster, 'ConfigMap'));
        for (const name of await namesOf(bulkAt(cluster, 'Deployment'))) placed.add(name);
        return [...acknowledged].every((index) => placed.has(`bulk-${index}`));
      },
      { timeoutMs: 90_000 },
    );
  }
  const placed = performance.now();

  const missing = Array.from({ length: CREATES }, (_, index) => index).filter((index) => !acknowledged.has(index));
  await createAll(missing, acknowledged, () => {});
  expect(acknowledged.size).toBe(CREATES);
  await waitFor(
    'each Deployment divided, each ConfigMap everywhere',
    async () => {
      for (const cluster of clusters) {
        if ((await bulkAt(cluster, 'ConfigMap')).items.length !== CREATES - DEPLOYMENTS) return false;
        const { items } = await bulkAt(cluster, 'Deployment');
        if (items.length !== DEPLOYMENTS || items.some(({ spec }) => spec?.replicas !== 1)) return false;
      }
      return true;
    },
    { timeoutMs: 90_000 },
  );
  const all = performance.now();
  const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
  console.log(
    `ready ${seconds(restarted, ready)} s after the restart, all acknowledged placed ${seconds(ready, placed)} s later; ` +
      `the rest created and placed in ${seconds(placed, all)} s`,
  );
}, 300_000);

test('a stop in good order loses nothing either, and nothing is placed twice', async () => {
  const generations = async (): Promise<Set<string>> => {
    const { items } = await bulkAt(world.clusters.a, 'ConfigMap');
    return new Set(items.map(({ metadata }) => `${metadata.name}:${metadata.resourceVersion}`));
  };
  const before = await generations();
  await world.restartGateway('SIGTERM');
  await world.ok('rollout', 'status', 'deployment/bulk-0', '--timeout=60s');
  await world.ok('annotate', 'configmap', 'bulk-1', 'seen=yes');
  const changed = async (): Promise<string[]> => [...(await generations())].filter((one) => !before.has(one));
  await waitFor('the syncer to work again', async () => (await changed()).length > 0);
  expect((await changed()).map((one) => one.split(':')[0])).toEqual(['bulk-1']);
}, 120_000);
