/** Controllers written with client-go, on the view of two real clusters: their stores equal the union, come what may. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureInformers, type RunningInformers, runInformers } from '../kube/informer.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type JoinedClusters, joinClusters } from '../support/joined-clusters.ts';
import { untilStoresEqual } from '../support/stores-equal.ts';
import { waitFor } from '../support/wait-for.ts';

let world: JoinedClusters<'a' | 'b'>;
let informers: RunningInformers;
beforeAll(async () => {
  const binary = await ensureInformers();
  world = await joinClusters(['a', 'b']);
  await ok('create', 'deployment', 'steady', '--image=nginx', '--replicas=4');
  await ok('rollout', 'status', 'deployment/steady', '--timeout=60s');
  informers = await runInformers(binary, world.gateway().kubeconfig);
}, 600_000);
afterAll(async () => {
  informers?.stop();
  await world?.stop();
});

const ok = (...args: string[]): Promise<string> => world.ok(...args);
const both = (): KubeCluster[] => [world.clusters.a, world.clusters.b];

const untilEqual = (): Promise<void> => untilStoresEqual(informers, world.admin, both());

/** Deployments that come, grow, shrink, change their template and go; ends when told. */
async function churn(until: () => boolean): Promise<number> {
  let round = 0;
  for (; !until(); round++) {
    const name = `churn-${round % 4}`;
    await ok('create', 'deployment', name, '--image=nginx', `--replicas=${2 + (round % 5)}`);
    await ok('scale', `deployment/${name}`, `--replicas=${1 + ((round * 3) % 7)}`);
    await ok('set', 'image', `deployment/${name}`, `nginx=nginx:${round}`);
    await ok('delete', 'deployment', name, '--wait=false');
    await waitFor(`${name} to be gone`, async () => (await world.kubectl('get', 'deployment', name)).code !== 0, {
      timeoutMs: 60_000,
    });
  }
  return round;
}

test('what was there before is held, by way of watches that begin with all there is', async () => {
  await untilEqual();
  const others = await runInformers(await ensureInformers(), world.gateway().kubeconfig);
  expect((await others.stores()).pods?.objects).toEqual((await informers.stores()).pods?.objects);
  others.stop();
  // Watches are audited as they end.
  const audit = (): string => readFileSync(join(world.gateway().dataDir, 'audit.log'), 'utf8');
  await waitFor('the watch', () => /\/api\/v1\/pods\?[^"]*sendInitialEvents=true[^"]*watch=true/.test(audit()));
});

test('a cluster that is gone loses nothing, and no deletion is made up', async () => {
  const before = await informers.stores();
  await world.clusters.b.kill('all');
  await ok('create', 'configmap', 'meanwhile', '--from-literal=a=1');
  await waitFor(
    'what is made meanwhile',
    async () => (await informers.stores()).configmaps?.objects['default/meanwhile'],
  );
  const stores = await informers.stores();
  for (const name of ['pods', 'nodes', 'replicasets']) {
    expect(stores[name]?.deleted, name).toBe(before[name]?.deleted);
    expect(stores[name]?.objects, name).toEqual(before[name]?.objects);
  }
  await world.clusters.b.restart();
  await untilEqual();
});

test('everything that happens while a cluster dies and comes back is told', async () => {
  let over = false;
  const churning = churn(() => over);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await world.clusters.b.kill('all');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await world.clusters.b.restart();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  over = true;
  expect(await churning).toBeGreaterThan(0);
  await untilEqual();
  const stores = await informers.stores();
  // The watches were never broken off: no informer had to list again to notice a deletion.
  for (const [name, { missed }] of Object.entries(stores)) expect(missed, name).toBe(0);
  for (const [name, { objects, added, deleted }] of Object.entries(stores)) {
    // RetryWatchers begin with a list that is not counted, and managers count nothing.
    if (name.includes(':')) continue;
    // Known and not explained: of folded ReplicaSets more ends than beginnings were counted twice in about six runs, each time by 8
    // (docs/designs/0003-folded-replicasets.md). Their stores are compared above all the same.
    if (name === 'replicasets') continue;
    expect(added - deleted, name).toBe(Object.keys(objects).length);
  }
}, 180_000);

test('a gateway that is killed is gone on with', async () => {
  await world.restartGateway('SIGKILL');
  await ok('scale', 'deployment/steady', '--replicas=7');
  await ok('rollout', 'status', 'deployment/steady', '--timeout=60s');
  await untilEqual();
}, 120_000);
