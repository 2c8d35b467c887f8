/** One of two real clusters dies whole and comes back, while people go on working (issue 2, "How it will be tried"). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countByCluster, type JoinedClusters, joinClusters, linesOf, VIEW } from '../support/joined-clusters.ts';
import { type ObservedWatch, observeWatch } from '../support/observe-watch.ts';
import { waitFor } from '../support/wait-for.ts';

const PODS = `${VIEW}/api/v1/namespaces/default/pods`;
let world: JoinedClusters<'a' | 'b'>;
beforeAll(async () => {
  world = await joinClusters(['a', 'b']);
});
afterAll(() => world?.stop());

const ok = (...args: string[]): Promise<string> => world.ok(...args);
const pods = (): Promise<string> => ok('get', 'pods', '-l', 'app=web', '--no-headers');

/** A list as the API gives it, with how long it took. */
async function timedList(path: string, headers: Record<string, string> = {}) {
  const began = performance.now();
  const {
    status,
    headers: answered,
    json,
  } = await world.admin.fetch<{ items?: { metadata: { name: string } }[] }>(path, { headers });
  const warnings = [answered.warning ?? []].flat();
  return {
    status,
    warnings,
    names: (json.items ?? []).map(({ metadata }) => metadata.name),
    ms: performance.now() - began,
  };
}

describe.each([
  ['is killed', 'SIGKILL'],
  ['hangs', 'SIGSTOP'],
] as const)('while a cluster %s', (_what, signal) => {
  const end = signal === 'SIGSTOP' ? 'SIGCONT' : undefined;
  let watch: ObservedWatch;
  let before: string[];

  beforeAll(async () => {
    await ok('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
    await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect(countByCluster(await pods())).toEqual({ a: 2, b: 2 });
    watch = await observeWatch(world.admin, PODS);
    // A kind that nobody has asked for yet has no cache to answer from.
    before = (await timedList(PODS)).names;
    await world.clusters.b.kill('all', signal);
  });
  afterAll(async () => {
    watch.close();
    await ok('delete', 'deployment', 'web', '--timeout=60s');
    await ok('wait', 'pods', '-l', 'app=web', '--for=delete', '--timeout=60s');
  });

  test('lists answer in less than two seconds, name the cluster, and keep what was known of it', async () => {
    const deadline = Date.now() + (signal === 'SIGSTOP' ? 30_000 : 5_000);
    let warned = false;
    while (!warned && Date.now() < deadline) {
      const list = await timedList(PODS);
      expect(list.ms).toBeLessThan(2_000);
      expect(list.status).toBe(200);
      expect(list.names).toEqual(before);
      warned = list.warnings.some((warning) => warning.startsWith('299 - "cluster \\"b\\" is shown as it was'));
    }
    expect(warned).toBe(true);
  });

  test('kinds never asked for before are listed without it, as quickly', async () => {
    for (const path of ['/api/v1/persistentvolumes', '/apis/apps/v1/daemonsets', '/apis/batch/v1/jobs']) {
      const list = await timedList(VIEW + path);
      expect(list, path).toMatchObject({ status: 200, warnings: [expect.stringContaining('\\"b\\"')] });
      expect(list.ms, path).toBeLessThan(2_000);
    }
  });

  test('who wants all or nothing gets 503', async () => {
    const list = await timedList(PODS, { 'x-tmc-strict': 'true' });
    expect(list.status).toBe(503);
    expect(list.ms).toBeLessThan(2_000);
  });

  test('watches stay open, and go on telling of the other cluster', async () => {
    await ok('scale', 'deployment/web', '--replicas=7');
    await waitFor(
      'new pods of the cluster that is left',
      () => watch.events.filter(({ type, cluster }) => type === 'ADDED' && cluster === 'a').length > 2,
    );
    expect(watch.ended).toBe(false);
    expect(watch.events.filter(({ type }) => type === 'DELETED')).toEqual([]);
  });

  test('after its return, what was asked for meanwhile is done there, by the same gateway', async () => {
    if (end === undefined) await world.clusters.b.restart();
    else await world.clusters.b.kill('all', end);
    await waitFor(
      'the new scale in both',
      async () => {
        const counts = countByCluster(await pods());
        return (counts.a ?? 0) + (counts.b ?? 0) === 7 && (counts.b ?? 0) >= 3;
      },
      { timeoutMs: 60_000 },
    );
    await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect(linesOf(await pods()).every((line) => line.includes('1/1'))).toBe(true);
    await waitFor('lists without warnings', async () => (await timedList(PODS)).warnings.length === 0);
    expect(watch.ended).toBe(false);
    const names = (await timedList(PODS)).names;
    await waitFor(
      'the watch to know the same pods',
      () =>
        [...watch.state.values()]
          .map(({ metadata }) => metadata.name)
          .sort()
          .join() === names.sort().join(),
    );
  });
});

describe('a gateway that is killed while a cluster is gone', () => {
  beforeAll(async () => {
    await ok('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
    await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    await world.clusters.b.kill('all');
    await world.restartGateway('SIGKILL');
  });

  test('serves the rest at once, says what is missing, and takes orders', async () => {
    const list = await timedList(PODS);
    expect(list).toMatchObject({ status: 200, warnings: [expect.stringContaining('\\"b\\" is missing')] });
    expect(list.names).toHaveLength(2);
    expect(list.ms).toBeLessThan(2_000);
    expect((await timedList(PODS, { 'x-tmc-strict': 'true' })).status).toBe(503);
    expect(await ok('get', 'deployment', 'web')).toMatch(/web\s+a,b\s/);
    await ok('set', 'image', 'deployment/web', 'nginx=nginx:2');
  });

  test('converges after the return of the cluster', async () => {
    await world.clusters.b.restart();
    await ok('rollout', 'status', 'deployment/web', '--timeout=90s');
    await waitFor('new pods in both and no others', async () => {
      const images = await ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].image}');
      return (
        new Set(images.split(' ')).size === 1 && images.startsWith('nginx:2') && countByCluster(await pods()).b === 2
      );
    });
    await ok('delete', 'deployment', 'web', '--timeout=60s');
  });
});
