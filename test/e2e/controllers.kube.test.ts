/**
 * Informers, RetryWatchers and a controller-runtime manager on a view whose clusters are killed, cut off, joined and left
 * without pause: at the end their stores equal the union (issue 4, "How it will be tried").
 * `TMC_TRIAL_SECONDS` says how long (default 45; the promise is an hour), `TMC_TRIAL_SEED` which course it takes. From ten
 * minutes on the gateway's memory is watched as well: it must level off.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { startCluster } from '../kube/cluster.ts';
import { ensureInformers, type RunningInformers, runInformers } from '../kube/informer.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type JoinedClusters, joinClusters } from '../support/joined-clusters.ts';
import { type MemorySample, memoryByQuarter, sampleMemory } from '../support/memory-samples.ts';
import { runTmc } from '../support/run-gateway.ts';
import { untilStoresEqual } from '../support/stores-equal.ts';

const SECONDS = Number(process.env.TMC_TRIAL_SECONDS ?? 45);
const SEED = Number(process.env.TMC_TRIAL_SEED ?? 1);
const LONG = SECONDS >= 600;
/** What an hour is for is time, not load: it leaves the machine to others between two rounds. */
const ROUND_PAUSE_MS = LONG ? 3_000 : 300;

let world: JoinedClusters<'cut' | 'killed'>;
let guest: KubeCluster;
let informers: RunningInformers;
beforeAll(async () => {
  const binary = await ensureInformers();
  world = await joinClusters(['cut', 'killed'], { nodes: 1, fronted: ['cut'] });
  guest = await startCluster({ name: 'guest', nodes: 1 });
  await world.ok('create', 'deployment', 'steady', '--image=nginx', '--replicas=4');
  await world.ok('rollout', 'status', 'deployment/steady', '--timeout=60s');
  informers = await runInformers(binary, world.gateway().kubeconfig);
}, 600_000);
afterAll(async () => {
  informers?.stop();
  await world?.stop();
  await guest?.stop();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const gateway = (): string[] => ['--gateway', world.gateway().kubeconfig];
const joinGuest = (): Promise<string> => runTmc('join', 'guest', '--kubeconfig', guest.kubeconfigPath, ...gateway());

/** What happens to clusters; each leaves them whole. */
const events: Readonly<Record<string, () => Promise<unknown>>> = {
  async 'a cluster is killed and comes back'() {
    await world.clusters.killed.kill('all');
    await pause(1_500);
    await world.clusters.killed.restart();
  },
  async 'a kube-apiserver is killed and comes back'() {
    await world.clusters.killed.kill('apiserver');
    await world.clusters.killed.restart();
  },
  async 'connections are cut'() {
    world.front('cut').tcp.cut();
  },
  async 'a cluster hangs'() {
    world.front('cut').tcp.set({ kind: 'hang' });
    await pause(3_000);
    world.front('cut').tcp.set({ kind: 'pass' });
    world.front('cut').tcp.cut();
  },
  async 'a cluster refuses'() {
    await world.front('cut').tcp.down();
    await pause(2_000);
    await world.front('cut').tcp.up();
  },
  async 'answers are reset midway'() {
    world.front('cut').tcp.set({ kind: 'reset', afterBytes: 20_000 });
    await pause(2_000);
    world.front('cut').tcp.set({ kind: 'pass' });
    world.front('cut').tcp.cut();
  },
  async 'a cluster joins and leaves'() {
    await joinGuest();
    await pause(4_000);
    await runTmc('leave', 'guest', '--kubeconfig', guest.kubeconfigPath, ...gateway());
    // What was placed there stays, of a membership that is over: whoever takes the cluster back clears it.
    const { items } = await guest.fetchOk<{ items: KubeObject[] }>('/api/v1/namespaces');
    const left = items.map(({ metadata }) => metadata.name ?? '').filter((name) => name.startsWith('kcp-'));
    if (left.length > 0) await guest.kubectl('delete', 'namespace', ...left);
  },
};

/** Deployments and ConfigMaps that come, grow, change and go. What a cluster that is away keeps from ending is left to end. */
async function churn(until: () => boolean): Promise<number> {
  let round = 0;
  for (; !until(); round++) {
    const name = `churn-${round % 3}`;
    await world.kubectl('create', 'deployment', name, '--image=nginx', `--replicas=${2 + (round % 4)}`);
    await world.kubectl('create', 'configmap', `${name}-${round}`, '--from-literal=a=1');
    await world.kubectl('scale', `deployment/${name}`, `--replicas=${1 + ((round * 3) % 6)}`);
    await world.kubectl('set', 'image', `deployment/${name}`, `nginx=nginx:${round}`);
    await world.kubectl('delete', 'deployment', name, '--wait=false');
    await world.kubectl('delete', 'configmap', `${name}-${Math.max(0, round - 2)}`, '--ignore-not-found');
    await pause(ROUND_PAUSE_MS);
  }
  return round;
}

/** The same course for the same seed (Lehmer). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
}

test(
  `stores equal the union after ${SECONDS} s of clusters that die, are cut off, join and leave`,
  async () => {
    const end = Date.now() + SECONDS * 1_000;
    let over = false;
    const churning = churn(() => over);
    const roll = dice(SEED);
    const names = Object.keys(events);
    const course: string[] = [];
    const memory: MemorySample[] = [];
    // Each happens once before any happens again.
    for (let turn: string[] = []; Date.now() < end; ) {
      if (turn.length === 0) turn = [...names];
      const [name = ''] = turn.splice(roll(turn.length), 1);
      course.push(name);
      await events[name]?.();
      await pause(ROUND_PAUSE_MS + roll(2_500));
      memory.push(await sampleMemory(world.admin, world.gateway().pid));
    }
    over = true;
    const rounds = await churning;
    await joinGuest();
    await untilStoresEqual(informers, world.admin, [world.clusters.cut, world.clusters.killed, guest]).catch(
      async (error) => {
        const all = ['get', 'deployments,replicasets,pods', '-A', '--show-labels'];
        const direct = (await guest.kubectl(...all)).stdout;
        const seen = (await world.kubectl(...all)).stdout;
        throw new Error(`${(error as Error).message}\n${course.join(', ')}\nguest:\n${direct}\nview:\n${seen}`);
      },
    );
    console.log(`${course.length} events, ${rounds} rounds of churn`);
    expect(rounds).toBeGreaterThan(0);
    const quarters = memoryByQuarter(memory);
    console.log(`MiB by quarter: ${JSON.stringify(quarters)}`);
    // The first quarter fills caches and compiles; Events, which stay for an hour, are the only thing that still grows.
    if (LONG) expect(quarters[3]?.heap).toBeLessThan((quarters[1]?.heap ?? 0) * 1.3 + 10);
  },
  SECONDS * 1_000 + 300_000,
);
