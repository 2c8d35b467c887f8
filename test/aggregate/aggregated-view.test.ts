import { afterEach, describe, expect, test } from 'vitest';
import { COPY_LABEL, COPY_UID_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import { CONFIGMAPS, DEPLOYMENTS, FakeCluster, NAMESPACES, NODES, PODS } from '../support/fake-cluster.ts';
import { giveNamespace, startView, type ViewHarness } from './view-harness.ts';

const URL = '/apis/tmc.kcp.io/v1alpha1/aggregatedviews';
const ONE = `${URL}/workspace`;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const cluster = (name: string, slot: number, namespaceMapping: 'Hashed' | 'Identity' = 'Identity') =>
  new FakeCluster({ name, slot, namespaceMapping, resources: [PODS, NAMESPACES, NODES, CONFIGMAPS, DEPLOYMENTS] });

async function setUp(...clusters: FakeCluster[]) {
  const harness = await startView(...clusters);
  open.push(harness);
  return harness;
}

const named = (name: string, namespace = 'default', metadata: object = {}) => ({
  metadata: { name, namespace, ...metadata },
});
const configMap = (name: string) => ({ kind: 'ConfigMap', apiVersion: 'v1', ...named(name) });

describe('AggregatedView', () => {
  test('counts hub and clusters, a placed copy once, and names clusters and their health', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const name of ['a', 'b']) east.put(PODS, named(name));
    west.put(PODS, named('a'));
    east.put(NODES, { metadata: { name: 'node' } });
    const { call } = await setUp(east, west);
    const { json: map } = await call('POST', '/api/v1/namespaces/default/configmaps', configMap('authored'));
    west.put(
      CONFIGMAPS,
      named('authored', 'default', {
        labels: { [COPY_LABEL]: west.key },
        annotations: { [COPY_UID_ANNOTATION]: map.metadata.uid },
      }),
    );
    west.put(CONFIGMAPS, named('observed'));
    const { status, json, headers } = await call('GET', ONE);
    expect(status).toBe(200);
    expect(json).toEqual({
      apiVersion: 'tmc.kcp.io/v1alpha1',
      kind: 'AggregatedView',
      metadata: { name: 'workspace' },
      status: {
        workspaceName: 'root',
        syncTargets: ['east', 'west'],
        resourceCount: expect.objectContaining({ pods: 3, configMaps: 2, nodes: 1, deployments: 0, secrets: 0 }),
        healthStatus: { healthy: 2, degraded: 0, unhealthy: 0, unknown: 0 },
        health: 'Healthy',
        lastUpdated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    });
    expect(headers.warning).toBeUndefined();
    const { json: list } = await call('GET', '/api/v1/pods');
    expect(json.status.resourceCount.pods).toBe(list.items.length);
  });

  test('is counted anew each time', async () => {
    const east = cluster('east', 1);
    const { call } = await setUp(east);
    expect((await call('GET', ONE)).json.status.resourceCount.configMaps).toBe(0);
    await call('POST', '/api/v1/namespaces/default/configmaps', configMap('new'));
    expect((await call('GET', ONE)).json.status.resourceCount.configMaps).toBe(1);
    await call('DELETE', '/api/v1/namespaces/default/configmaps/new');
    expect((await call('GET', ONE)).json.status.resourceCount.configMaps).toBe(0);
  });

  test('shows nothing of another workspace, though both are on the same cluster', async () => {
    const east = cluster('east', 1, 'Hashed');
    const [a, b] = [giveNamespace(east, 'root:a', 'default'), giveNamespace(east, 'root:b', 'default')];
    for (const name of ['1', '2', '3']) east.put(PODS, named(name, a));
    east.put(PODS, named('1', b));
    east.put(PODS, named('system', 'kube-system'));
    const own = new FakeCluster({ name: 'private', slot: 3, workspace: 'root:b', resources: [PODS] });
    const { call } = await setUp(east, own);
    const statusOf = async (workspace: string) => (await call('GET', ONE, undefined, { workspace })).json.status;
    expect(await statusOf('root:a')).toMatchObject({
      workspaceName: 'root:a',
      syncTargets: ['east'],
      resourceCount: { pods: 3 },
      healthStatus: { healthy: 1 },
    });
    expect(await statusOf('root:b')).toMatchObject({ syncTargets: ['east', 'private'], resourceCount: { pods: 1 } });
    expect(await statusOf('root:c')).toMatchObject({ workspaceName: 'root:c', resourceCount: { pods: 0 } });
  });

  test('names a cluster that is missing once, counts the others, and is 503 where all or nothing is wanted', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, named('a'));
    west.put(PODS, named('b'));
    west.down = true;
    const { call } = await setUp(east, west);
    const { json, headers } = await call('GET', ONE);
    expect(json.status).toMatchObject({ resourceCount: { pods: 1 }, healthStatus: { healthy: 1, unhealthy: 1 } });
    expect(headers.warning).toEqual([expect.stringContaining('cluster \\"west\\" is missing from this answer')]);
    const strict = await call('GET', ONE, undefined, { headers: { 'x-tmc-strict': 'true' } });
    expect(strict.status).toBe(503);
    expect(strict.json.details.causes).toHaveLength(1);
  });

  test('is a list of one, selected by name, and a table', async () => {
    const east = cluster('east', 1);
    east.put(PODS, named('a'));
    const { call } = await setUp(east);
    const { json } = await call('GET', URL);
    expect(json).toMatchObject({ kind: 'AggregatedViewList', items: [{ metadata: { name: 'workspace' } }] });
    expect((await call('GET', `${URL}?fieldSelector=metadata.name%3Dother`)).json.items).toEqual([]);
    const { json: table } = await call('GET', URL, undefined, { headers: TABLE });
    const cells = Object.fromEntries(
      table.columnDefinitions.map(({ name }: { name: string }, at: number) => [name, table.rows[0].cells[at]]),
    );
    expect(cells).toMatchObject({ Name: 'workspace', Workspace: 'root', Healthy: 1, Unhealthy: 0, Pods: 1 });
    expect(table.rows).toHaveLength(1);
  });

  test('can only be read', async () => {
    const { call } = await setUp(cluster('east', 1));
    const body = { apiVersion: 'tmc.kcp.io/v1alpha1', kind: 'AggregatedView', metadata: { name: 'workspace' } };
    expect((await call('POST', URL, body)).status).toBe(405);
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect((await call(method, ONE, body)).json).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
    expect((await call('DELETE', URL)).status).toBe(405);
    expect((await call('GET', `${URL}?watch=true`)).status).toBe(405);
    expect((await call('GET', URL, undefined, { workspace: '*' })).status).toBe(405);
    expect((await call('GET', `${URL}/other`)).status).toBe(404);
    const { json } = await call('GET', '/apis/tmc.kcp.io/v1alpha1');
    const served = json.resources.filter(({ name }: { name: string }) => name.startsWith('aggregatedviews'));
    expect(served).toEqual([expect.objectContaining({ name: 'aggregatedviews', verbs: ['get', 'list'] })]);
  });
});
