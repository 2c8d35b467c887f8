/**
 * One of two real clusters misbehaves in every way that networks and servers know (issue 4, point 9): none of it delays or
 * changes what the other says, and when it is over all is as if nothing had been.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ClusterFront } from '../support/cluster-front.ts';
import { type JoinedClusters, joinClusters, VIEW } from '../support/joined-clusters.ts';
import { type ObservedWatch, observeWatch } from '../support/observe-watch.ts';
import { waitFor } from '../support/wait-for.ts';

const CONFIG_MAPS = `${VIEW}/api/v1/configmaps`;
let world: JoinedClusters<'good' | 'bad'>;
let front: ClusterFront;
/** The workspace's namespace in each cluster. */
const downstream: Record<string, string> = {};

beforeAll(async () => {
  world = await joinClusters(['good', 'bad'], { nodes: 1, fronted: ['bad'] });
  front = world.front('bad');
  await world.ok('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
  await world.ok('rollout', 'status', 'deployment/web', '--timeout=60s');
  for (const cluster of ['good', 'bad'] as const) {
    const pods = await world.clusters[cluster].fetchOk<{ items: KubeObject[] }>('/api/v1/pods?labelSelector=app%3Dweb');
    downstream[cluster] = pods.items[0]?.metadata.namespace as string;
    await make(cluster, 'before');
  }
  // A document that nobody has asked for yet is waited for, five seconds at the most.
  await timed(`${VIEW}/openapi/v2`);
});
afterAll(() => world?.stop());

const make = (cluster: 'good' | 'bad', name: string): Promise<unknown> =>
  world.clusters[cluster].fetchOk(`/api/v1/namespaces/${downstream[cluster]}/configmaps`, {
    method: 'POST',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-${cluster}` } },
  });

async function timed(path: string, init: { headers?: Record<string, string> } = {}) {
  const began = performance.now();
  const answer = await world.admin.fetch<{ items?: KubeObject[]; kind?: string }>(path, { ...init, timeoutMs: 20_000 });
  const names = (answer.json?.items ?? []).map(({ metadata }) => metadata.name as string).sort();
  return { ...answer, path, names, ms: performance.now() - began };
}

/** Less than the five seconds that a connection may take to come about; without the fault it is a few milliseconds. */
const PROMPT_MS = 4_000;
const html = '<html>sign in</html>';
const PAST = new Date(Date.now() - 60_000);

/** How it goes wrong, by name; each is undone by `heal`. */
const faults: Readonly<Record<string, () => unknown>> = {
  'drips 200 bytes a second': () => front.tcp.set({ kind: 'drip', bytesPerSecond: 200 }),
  hangs: () => front.tcp.set({ kind: 'hang' }),
  'hangs for new connections': () => {
    front.tcp.cut();
    front.tcp.set({ kind: 'hang' });
  },
  'refuses connections': () => front.tcp.down(),
  'ends each connection at once': () => {
    front.tcp.set({ kind: 'refuse' });
    front.tcp.cut();
  },
  'resets in the middle of an answer': () => {
    front.tcp.set({ kind: 'reset', afterBytes: 6_000 });
    front.tcp.cut();
  },
  'answers 429': () => all(429, 'slow down', { 'retry-after': '1' }),
  'answers 500': () => all(500, 'boom'),
  'answers with a web page': () => all(200, html, { 'content-type': 'text/html' }),
  'answers with half an object': () => all(200, '{"kind":"List","apiVersion":"v1","items":[{"meta', json),
  'answers with another kind': () => all(200, '{"kind":"Frob","apiVersion":"v1"}', json),
  'answers with nothing': () => all(200, '', json),
  'presents an expired certificate': () => front.useCertificate(PAST),
};
const json = { 'content-type': 'application/json' };

/** Every answer is this; watches under way are cut. */
function all(code: number, body: string, headers: Record<string, string> = {}): void {
  front.interfere(() => (response) => void response.writeHead(code, headers).end(body));
  front.tcp.cut();
}

async function heal(): Promise<void> {
  front.interfere();
  front.tcp.set({ kind: 'pass' });
  await front.useCertificate();
  await front.tcp.up().catch(() => undefined);
  front.tcp.cut();
}

/** Kinds that nobody has asked for yet, two for each fault: their caches are cold. */
const cold = [
  'apps/v1/daemonsets',
  'apps/v1/statefulsets',
  'batch/v1/jobs',
  'batch/v1/cronjobs',
  'autoscaling/v2/horizontalpodautoscalers',
  'policy/v1/poddisruptionbudgets',
  'networking.k8s.io/v1/networkpolicies',
  'networking.k8s.io/v1/ingresses',
  'discovery.k8s.io/v1/endpointslices',
  'storage.k8s.io/v1/csistoragecapacities',
  'coordination.k8s.io/v1/leases',
  'apps/v1/controllerrevisions',
  'resource.k8s.io/v1/resourceclaims',
];

describe.each(Object.keys(faults))('a cluster that %s', (name) => {
  const slug = `during-${Object.keys(faults).indexOf(name)}`;
  let watch: ObservedWatch;
  beforeAll(async () => {
    watch = await observeWatch(world.admin, CONFIG_MAPS);
    await waitFor('the watch to have begun', () => watch.state.has('default/before-bad'));
    await faults[name]?.();
  });
  afterAll(async () => {
    watch?.close();
    await heal();
  });

  test('delays nothing, and hides nothing that is known or that another cluster has', async () => {
    const cached = await timed(CONFIG_MAPS);
    expect(cached).toMatchObject({ status: 200, names: expect.arrayContaining(['before-good', 'before-bad']) });
    const answers = await Promise.all([
      timed(`${VIEW}/apis/${cold[Object.keys(faults).indexOf(name)]}`),
      timed(`${VIEW}/api/v1/namespaces/default/configmaps/before-good`),
      timed(`${VIEW}/api/v1/namespaces/default/configmaps/before-bad`),
      timed(`${VIEW}/api/v1/nodes?limit=1`),
      timed(`${VIEW}/apis`, {
        headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
      }),
      timed(`${VIEW}/apis/apps/v1`),
      timed(`${VIEW}/openapi/v3`),
      timed(`${VIEW}/openapi/v3/apis/apps/v1`),
      timed(`${VIEW}/openapi/v2`),
    ]);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const late = [cached, ...answers].filter(({ ms }) => ms > PROMPT_MS);
    expect(late.map(({ path, ms }) => `${path}: ${Math.round(ms)} ms`)).toEqual([]);
  });

  test('leaves the other cluster’s events, logs, commands and writes as they are', async () => {
    await make('good', slug);
    await waitFor('the event', () => watch.state.has(`default/${slug}-good`), { timeoutMs: PROMPT_MS });
    const began = performance.now();
    const pods = await world.ok('get', 'pods', '-l', 'app=web,tmc.kcp.io/cluster=good', '-o', 'name');
    const [pod = ''] = pods.trim().split('\n');
    expect(await world.ok('logs', pod)).toContain('hello from good');
    expect(await world.ok('exec', pod, '--', 'sh', '-c', 'echo $CLUSTER')).toBe('good\n');
    await world.ok('label', '--overwrite', pod, `fault=${slug}`);
    await world.ok('create', 'configmap', `${slug}-hub`);
    // Five processes of kubectl on a small machine, and discovery, which takes its time once.
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(watch.ended).toBe(false);
    expect(watch.events.filter(({ type }) => type === 'DELETED')).toEqual([]);
  });

  test('is as it ever was when it is well again', async () => {
    await make('bad', slug);
    await heal();
    await waitFor('the event of what was missed', () => watch.state.has(`default/${slug}-bad`), { timeoutMs: 30_000 });
    const warned = async () => (await timed(CONFIG_MAPS, { headers: { 'x-tmc-strict': 'true' } })).status !== 200;
    await waitFor('a whole list', async () => !(await warned()), { timeoutMs: 30_000 });
    const kinds = await waitFor(
      'the cold kind to be whole',
      async () => {
        const list = await timed(`${VIEW}/apis/${cold[Object.keys(faults).indexOf(name)]}`);
        return list.headers.warning === undefined && list;
      },
      { timeoutMs: 30_000 },
    );
    expect(kinds.status).toBe(200);
    const listed = (await timed(CONFIG_MAPS)).json.items ?? [];
    const keys = listed.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
    expect([...watch.state.keys()].sort()).toEqual(keys);
    expect(watch.ended).toBe(false);
  });
});

test('a cluster whose etcd was restored to an earlier state is shown as it is now', async () => {
  const { bad } = world.clusters;
  const [data, backup] = [join(bad.folder, 'etcd'), join(bad.folder, 'etcd-backup')];
  const watch = await observeWatch(world.admin, CONFIG_MAPS);
  await bad.kill('all');
  await cp(data, backup, { recursive: true });
  await bad.restart();
  for (let index = 0; index < 30; index++) await make('bad', `undone-${index}`);
  await waitFor('what will be undone', () => watch.state.has('default/undone-29-bad'), { timeoutMs: 30_000 });

  await bad.kill('all');
  await rm(data, { recursive: true });
  await cp(backup, data, { recursive: true });
  await bad.restart();
  await make('bad', 'redone');
  await waitFor(
    'the list to be what is there',
    async () => {
      const { names } = await timed(CONFIG_MAPS);
      return names.includes('redone-bad') && !names.some((one) => one.startsWith('undone-'));
    },
    { timeoutMs: 30_000 },
  );
  if (!watch.ended) {
    await waitFor(
      'the watch to say so too',
      () => watch.state.has('default/redone-bad') && !watch.state.has('default/undone-0-bad'),
    );
  }
  await world.ok('scale', 'deployment/web', '--replicas=4');
  await world.ok('rollout', 'status', 'deployment/web', '--timeout=60s');
  watch.close();
});
