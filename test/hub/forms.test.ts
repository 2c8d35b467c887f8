import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONFIG_MAPS, configMap, type HubHarness, startHub } from './hub-harness.ts';

let hub: HubHarness;
beforeEach(async () => {
  hub = await startHub();
});
afterEach(() => hub.close());

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

test('a list as a table has the columns of its kind and metadata rows', async () => {
  await hub.request('POST', CONFIG_MAPS, configMap('a', { k: 'v' }));
  const table = (await hub.request('GET', CONFIG_MAPS, undefined, { accept: TABLE })).json;
  expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
  expect(table.columnDefinitions.map((one: { name: string }) => one.name)).toEqual(['Name', 'Data', 'Age']);
  expect(table.rows[0].cells.slice(0, 2)).toEqual(['a', 1]);
  expect(table.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
  expect(table.metadata.resourceVersion).toMatch(/^[0-9]+$/);
});

test('an empty table is well-formed', async () => {
  const table = (await hub.request('GET', CONFIG_MAPS, undefined, { accept: TABLE })).json;
  expect(table.rows).toEqual([]);
});

test('a table watch sends columns once', async () => {
  const tap = await hub.watch(`${CONFIG_MAPS}?watch=1`, { accept: TABLE });
  await hub.request('POST', CONFIG_MAPS, configMap('a'));
  await hub.request('POST', CONFIG_MAPS, configMap('b'));
  await tap.until(2);
  expect(tap.events.map((event) => event.object.columnDefinitions !== null)).toEqual([true, false]);
  tap.end();
});

test('metadata-only forms of objects and lists', async () => {
  await hub.request('POST', CONFIG_MAPS, configMap('a', { k: 'v' }));
  const one = (await hub.request('GET', `${CONFIG_MAPS}/a`, undefined, { accept: PARTIAL })).json;
  expect(one).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
  expect(one.data).toBeUndefined();
  const many = (await hub.request('GET', CONFIG_MAPS, undefined, { accept: PARTIAL_LIST })).json;
  expect(many).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }] });
});

test('YAML in and out', async () => {
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  k: v\n';
  const created = await hub.request('POST', CONFIG_MAPS, body, {
    type: 'application/yaml',
    accept: 'application/yaml',
  });
  expect(created.status).toBe(201);
  expect(created.text).toContain('kind: ConfigMap\n');
});

test('what cannot be answered is 406, what cannot be read is 415', async () => {
  expect((await hub.request('GET', CONFIG_MAPS, undefined, { accept: 'image/png' })).json.code).toBe(406);
  expect((await hub.request('POST', CONFIG_MAPS, 'x', { type: 'text/plain' })).json.code).toBe(415);
});

test('scale reads and writes replicas', async () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const labels = { app: 'web' };
  await hub.request('POST', deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  });
  const scale = (await hub.request('GET', `${deployments}/web/scale`)).json;
  expect(scale).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 2 },
    status: { replicas: 0, selector: 'app=web' },
  });
  const put = await hub.request('PUT', `${deployments}/web/scale`, { ...scale, spec: { replicas: 5 } });
  expect(put.json.spec).toEqual({ replicas: 5 });
  const stale = await hub.request('PUT', `${deployments}/web/scale`, { ...scale, spec: { replicas: 6 } });
  expect(stale.json.code).toBe(409);
  const merge = { type: 'application/merge-patch+json' };
  await hub.request('PATCH', `${deployments}/web/scale`, { spec: { replicas: 0 } }, merge);
  const object = (await hub.request('GET', `${deployments}/web`)).json;
  expect(object).toMatchObject({ spec: { replicas: 0 }, metadata: { generation: 3 } });
});

test("every kind of TMC's is served and validated", async () => {
  const registrations = '/apis/tmc.kcp.io/v1alpha1/clusterregistrations';
  const registration = (serverURL: string) => ({
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ClusterRegistration',
    metadata: { name: 'east' },
    spec: { endpoint: { serverURL }, credentials: { secretRef: { namespace: 'default', name: 'east' } } },
  });
  const refused = await hub.request('POST', registrations, registration('ftp://x'));
  expect(refused.json).toMatchObject({ code: 422, details: { causes: [{ field: 'spec.endpoint.serverURL' }] } });
  expect((await hub.request('POST', registrations, registration('https://10.0.0.1:6443'))).status).toBe(201);
  const table = (await hub.request('GET', registrations, undefined, { accept: TABLE })).json;
  expect(table.rows[0].cells[0]).toBe('east');
  for (const path of [
    '/apis/workload.kcp.io/v1alpha1/synctargets',
    '/apis/placement.kcp.io/v1alpha1/placements',
    '/apis/tenancy.kcp.io/v1alpha1/workspaces',
    '/apis/core.kcp.io/v1alpha1/logicalclusters',
    '/apis/apis.kcp.io/v1alpha2/apiexports',
    '/apis/apis.kcp.io/v1alpha2/apibindings',
    '/apis/apis.kcp.io/v1alpha1/apiresourceschemas',
    '/apis/tmc.kcp.io/v1alpha1/workloadplacements',
    '/apis/tmc.kcp.io/v1alpha1/resourcetransforms',
    '/apis/tmc.kcp.io/v1alpha1/resourceprojections',
    '/apis/tmc.kcp.io/v1alpha1/aggregatedviews',
  ])
    expect((await hub.request('GET', path)).status, path).toBe(200);
});
