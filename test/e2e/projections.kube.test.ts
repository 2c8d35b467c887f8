/** ResourceProjections over two real clusters, with kubectl, as docs/projections.md says. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { countByCluster, type JoinedClusters, joinClusters, linesOf, VIEW } from '../support/joined-clusters.ts';
import { type ObservedWatch, observeWatch } from '../support/observe-watch.ts';
import { waitFor } from '../support/wait-for.ts';

const PODS = `${VIEW}/api/v1/namespaces/default/pods`;
let world: JoinedClusters<'a' | 'b'>;
beforeAll(async () => {
  world = await joinClusters(['a', 'b']);
  await ok('create', 'deployment', 'web', '--image=nginx:1', '--replicas=4');
  await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
  expect(countByCluster(await pods())).toEqual({ a: 2, b: 2 });
}, 180_000);
afterAll(() => world?.stop());
beforeEach(async () => {
  await ok('delete', 'resourceprojections', '--all');
  await waitFor('all pods to be shown', async () => linesOf(await pods()).length === 4);
});

const ok = (...args: string[]): Promise<string> => world.ok(...args);
const pods = (): Promise<string> => ok('get', 'pods', '-l', 'app=web', '--no-headers');
const podNames = async (cluster: 'a' | 'b'): Promise<string[]> =>
  linesOf(await ok('get', 'pods', '-l', `app=web,tmc.kcp.io/cluster=${cluster}`, '-o', 'name')).map((line) =>
    line.replace('pod/', ''),
  );

async function project(spec: string, name = 'p'): Promise<void> {
  const stdin = `apiVersion: tmc.kcp.io/v1alpha1\nkind: ResourceProjection\nmetadata: {name: ${name}}\nspec:\n${spec}\n`;
  const { code, stderr } = await world.kubectlWith({ stdin }, 'apply', '-f', '-');
  if (code !== 0) throw new Error(stderr);
}

const inCluster = async (cluster: 'a' | 'b', ...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await world.kubectlWith(
    { kubeconfig: world.clusters[cluster].kubeconfigPath },
    ...args,
  );
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
/** Of the copy. */
const imageIn = (cluster: 'a' | 'b'): Promise<string> =>
  inCluster(
    cluster,
    'get',
    'deployments',
    '-A',
    '-l',
    'app=web',
    '-o',
    'jsonpath={.items[0].spec.template.spec.containers[0].image}',
  );
const driftIn = async (cluster: 'a' | 'b', image: string): Promise<void> => {
  const namespace = await inCluster(
    cluster,
    'get',
    'deployments',
    '-A',
    '-l',
    'app=web',
    '-o',
    'jsonpath={.items[0].metadata.namespace}',
  );
  await inCluster(cluster, 'set', 'image', '-n', namespace, 'deployment/web', `nginx=${image}`);
};

describe('what is not shown', () => {
  let watch: ObservedWatch;
  test('is in no list, count, table or watch and cannot be reached; other workspaces see theirs as before', async () => {
    const [hidden = ''] = await podNames('b');
    watch = await observeWatch(world.admin, PODS);
    await waitFor('the first events', async () => watch.events.length >= 4);
    await project(
      "  resources: [{group: '', resource: pods}, {group: '', resource: nodes}]\n  projection: Selective\n  select: [{clusters: [a]}]",
    );
    await waitFor('two to be gone', async () => watch.state.size === 2);
    expect(watch.events.slice(4).map(({ type, cluster }) => `${type} ${cluster}`)).toEqual(['DELETED b', 'DELETED b']);
    expect(countByCluster(await pods())).toEqual({ a: 2 });
    const page = await world.admin.fetchOk<{ metadata: { remainingItemCount: number } }>(`${PODS}?limit=1`);
    expect(page.metadata.remainingItemCount).toBe(1);
    expect(
      linesOf(await ok('get', 'aggregatedview', 'workspace', '-o', 'jsonpath={.status.resourceCount.pods}')),
    ).toEqual(['2']);
    for (const command of [['get', 'pod'], ['logs'], ['delete', 'pod'], ['exec', '-i', '--pod-running-timeout=1s']]) {
      const tail = command[0] === 'exec' ? ['--', 'true'] : [];
      const { code, stderr } = await world.kubectl(...command, hidden, ...tail);
      expect([command[0], code, stderr]).toEqual([
        command[0],
        1,
        expect.stringContaining(`pods "${hidden}" not found`),
      ]);
    }
    const { code } = await world.kubectl('get', 'pod', `${hidden}@b`);
    expect(code).toBe(1);
    expect(await inCluster('b', 'get', 'pods', '-A', '-l', 'app=web', '-o', 'name')).toContain(hidden);

    await world.kubectlWith(
      { stdin: 'apiVersion: tenancy.kcp.io/v1alpha1\nkind: Workspace\nmetadata: {name: other}\nspec: {}\n' },
      'apply',
      '-f',
      '-',
    );
    const nodes = (workspace: string) =>
      world.admin.fetch<{ items?: KubeObject[] }>(`/services/tmc/clusters/${workspace}/api/v1/nodes`);
    await waitFor('the other workspace', async () => (await nodes('root:dev:other')).json.items?.length === 4);
    expect((await nodes('root:dev')).json.items).toHaveLength(2);

    await ok('delete', 'resourceprojection', 'p');
    await waitFor('two to come back', async () => watch.state.size === 4);
    watch.close();
  });

  test('is so by a condition, as objects change', async () => {
    await project(
      "  resources: [{group: '', resource: pods}]\n  projection: Conditional\n  condition: \"!has(object.metadata.labels.hidden) && object.status.phase == 'Running'\"",
    );
    await waitFor(
      'the projection',
      async () => linesOf(await ok('get', 'resourceprojections', '--no-headers')).length === 1,
    );
    watch = await observeWatch(world.admin, PODS);
    await waitFor('the first events', async () => watch.state.size === 4);
    const [name = ''] = await podNames('a');
    await ok('label', 'pod', name, 'hidden=yes');
    await waitFor('it to be gone', async () => watch.state.size === 3);
    expect(watch.events.at(-1)).toEqual({ type: 'DELETED', name, cluster: 'a' });
    expect(linesOf(await pods())).toHaveLength(3);
    const namespace = await inCluster(
      'a',
      'get',
      'pods',
      '-A',
      '-l',
      'hidden=yes',
      '-o',
      'jsonpath={.items[0].metadata.namespace}',
    );
    await inCluster('a', 'label', 'pod', '-n', namespace, name, 'hidden-');
    await waitFor('it to be back', async () => watch.state.size === 4);
    watch.close();
  });

  test('is refused with the words of CEL where the condition is wrong', async () => {
    const refused = project('  resources: [{resource: pods}]\n  projection: Conditional\n  condition: objekt.x == 1');
    await expect(refused).rejects.toThrow(
      /spec\.condition: Invalid value: "objekt\.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt'/,
    );
  });

  test('may be fields: kubectl shows the rest, and writes are refused', async () => {
    await project("  resources: [{group: '', resource: pods}]\n  fields: [/spec/containers/*/image, /status/phase]");
    const [name = ''] = await podNames('a');
    const pod = JSON.parse(await ok('get', 'pod', name, '-o', 'json')) as KubeObject;
    expect(pod.spec).toEqual({ containers: [{ image: 'nginx:1' }] });
    expect(pod.status).toEqual({ phase: 'Running' });
    expect(countByCluster(await pods())).toEqual({ a: 2, b: 2 });
    const { code, stderr } = await world.kubectl('label', 'pod', name, 'x=y');
    expect([code, stderr]).toEqual([1, expect.stringContaining('so it can only be read')]);
  });
});

test('equal names of two clusters are one by the rule that is chosen', async () => {
  const roots = async () =>
    linesOf(await ok('get', 'configmaps', '--no-headers')).filter((line) => line.startsWith('kube-root-ca.crt'));
  expect((await roots()).map((line) => line.split(/\s+/)[0])).toEqual(['kube-root-ca.crt@a', 'kube-root-ca.crt@b']);
  for (const [spec, cluster] of [
    ['merge: Intersection', 'a'],
    ['merge: Priority\n  weights: {b: 5}', 'b'],
  ]) {
    await project(`  resources: [{group: '', resource: configmaps}]\n  ${spec}`);
    await waitFor(`the one of ${cluster}`, async () => {
      const found = (await roots()).map((line) => line.split(/\s+/).slice(0, 2).join(' '));
      return found.length === 1 && found[0] === `kube-root-ca.crt ${cluster}`;
    });
  }
  const ca = await ok('get', 'configmap', 'kube-root-ca.crt', '-o', 'jsonpath={.metadata.labels}');
  expect(ca).toContain('"tmc.kcp.io/cluster":"b"');
});

test('a copy that was changed in its cluster waits for a decision where the workspace wants to be asked', async () => {
  await project('  resources: [{group: apps, resource: deployments}]\n  conflict: Manual\n  status: Combined');
  await waitFor('the statuses of both', async () =>
    (
      await ok('get', 'deployment', 'web', '-o', 'jsonpath={.metadata.annotations.status\\.tmc\\.kcp\\.io/clusters}')
    ).includes('"b":'),
  );
  await driftIn('b', 'nginx:drifted');
  const condition = () =>
    ok('get', 'deployment', 'web', '-o', 'jsonpath={.status.conditions[?(@.type=="SyncConflict")].message}');
  await waitFor('the condition', async () => (await condition()) !== '');
  expect(await condition()).toBe('b: .spec.template.spec.containers[name="nginx"].image is held by "kubectl-set"');
  await ok('set', 'image', 'deployment/web', 'nginx=nginx:2');
  await waitFor('the other cluster to follow', async () => (await imageIn('a')) === 'nginx:2');
  expect(await imageIn('b')).toBe('nginx:drifted');
  await ok('annotate', 'deployment', 'web', 'tmc.kcp.io/resolve-conflict=Workspace');
  await waitFor('the decision', async () => (await imageIn('b')) === 'nginx:2');
  await waitFor('the condition to go', async () => (await condition()) === '');
  await ok('annotate', 'deployment', 'web', 'tmc.kcp.io/resolve-conflict-');
  await ok('set', 'image', 'deployment/web', 'nginx=nginx:1');
  await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
});
