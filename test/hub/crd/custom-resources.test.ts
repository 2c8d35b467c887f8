import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HubHarness, startHub } from '../hub-harness.ts';

let hub: HubHarness;
beforeEach(async () => {
  hub = await startHub();
});
afterEach(() => hub.close());

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const CRON_TABS = '/apis/stable.example.com/v1/namespaces/default/crontabs';

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cron'],
      properties: {
        cron: { type: 'string', pattern: '^[0-9* ]+$' },
        replicas: { type: 'integer', minimum: 0, default: 1 },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
  },
};
const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: schema },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  additionalPrinterColumns: [{ name: 'Cron', type: 'string', jsonPath: '.spec.cron' }],
  selectableFields: [{ jsonPath: '.spec.cron' }],
  ...more,
});
const crd = (versions: object[] = [version('v1')]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crontabs.stable.example.com' },
  spec: {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: { plural: 'crontabs', kind: 'CronTab', shortNames: ['ct'], categories: ['all'] },
    versions,
  },
});
const cronTab = (name: string, spec: object = { cron: '* *' }) => ({
  apiVersion: 'stable.example.com/v1',
  kind: 'CronTab',
  metadata: { name },
  spec,
});

async function define(definition: object = crd()): Promise<void> {
  const created = await hub.request('POST', CRDS, definition);
  expect(created.status, JSON.stringify(created.json)).toBe(201);
  await expect.poll(async () => (await hub.request('GET', CRON_TABS)).status, { interval: 10 }).toBe(200);
}

describe('definitions', () => {
  test('a CRD is established, its names accepted and defaulted', async () => {
    await define();
    const stored = (await hub.request('GET', `${CRDS}/crontabs.stable.example.com`)).json;
    expect(stored.spec.names).toMatchObject({ singular: 'crontab', listKind: 'CronTabList' });
    expect(stored.spec.conversion).toEqual({ strategy: 'None' });
    expect(stored.status).toMatchObject({
      acceptedNames: { plural: 'crontabs', kind: 'CronTab', shortNames: ['ct'] },
      storedVersions: ['v1'],
    });
    const conditions = Object.fromEntries(
      stored.status.conditions.map((one: { type: string; status: string }) => [one.type, one.status]),
    );
    expect(conditions).toEqual({ NamesAccepted: 'True', Established: 'True' });
  });

  test('its resource is discovered in its workspace only', async () => {
    await hub.request('POST', '/apis/tenancy.kcp.io/v1alpha1/workspaces', {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name: 'other' },
    });
    await define();
    const resources = (await hub.request('GET', '/apis/stable.example.com/v1')).json.resources;
    expect(resources.map((one: { name: string }) => one.name)).toEqual([
      'crontabs',
      'crontabs/status',
      'crontabs/scale',
    ]);
    const elsewhere = await hub.request('GET', '/apis/stable.example.com/v1', undefined, { workspace: 'root:other' });
    expect(elsewhere.status).toBe(404);
    expect((await hub.request('GET', CRON_TABS, undefined, { workspace: 'root:other' })).status).toBe(404);
  });

  test('what is wrong with a definition is told as upstream does', async () => {
    const wrong = { ...crd(), metadata: { name: 'wrong' } };
    const answer = await hub.request('POST', CRDS, wrong);
    expect(answer.json.message).toContain(
      'metadata.name: Invalid value: "wrong": must be spec.names.plural+"."+spec.group',
    );
    const twice = await hub.request('POST', CRDS, crd([version('v1'), version('v2', { storage: true })]));
    expect(twice.json.message).toContain('must have exactly one version marked as storage version');
  });

  test('a name that another kind of the group has is not accepted', async () => {
    await define();
    const other = crd();
    const clash = {
      ...other,
      metadata: { name: 'cronjobs.stable.example.com' },
      spec: { ...other.spec, names: { plural: 'cronjobs', kind: 'CronTab' } },
    };
    await hub.request('POST', CRDS, clash);
    await expect
      .poll(async () => {
        const { status } = (await hub.request('GET', `${CRDS}/cronjobs.stable.example.com`)).json;
        return status.conditions?.find((one: { type: string }) => one.type === 'NamesAccepted');
      })
      .toMatchObject({ status: 'False', reason: 'ListKindConflict', message: '"CronTabList" is already in use' });
  });
});

describe('custom resources', () => {
  test('unknown fields are pruned, defaults set, rules kept', async () => {
    await define();
    const created = await hub.request('POST', CRON_TABS, cronTab('a', { cron: '* *', extra: true }));
    expect(created.json.spec).toEqual({ cron: '* *', replicas: 1 });
    expect(created.headers.warning).toEqual(['299 - "unknown field \\"spec.extra\\""']);
    const strict = await hub.request(
      'POST',
      `${CRON_TABS}?fieldValidation=Strict`,
      cronTab('b', { cron: '* *', extra: 1 }),
    );
    expect(strict.json).toMatchObject({ code: 400 });
    expect(strict.json.message).toContain('strict decoding error: unknown field "spec.extra"');
    const invalid = await hub.request('POST', CRON_TABS, cronTab('c', { cron: 'x', replicas: -1 }));
    expect(invalid.json).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(invalid.json.details.causes.map((one: { field: string }) => one.field)).toEqual(
      expect.arrayContaining(['spec.cron', 'spec.replicas']),
    );
  });

  test('list items name their kind; tables have the CRD columns', async () => {
    await define();
    await hub.request('POST', CRON_TABS, cronTab('a'));
    const list = (await hub.request('GET', CRON_TABS)).json;
    expect(list).toMatchObject({
      kind: 'CronTabList',
      items: [{ kind: 'CronTab', apiVersion: 'stable.example.com/v1' }],
    });
    const table = (
      await hub.request('GET', CRON_TABS, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
    ).json;
    expect(table.columnDefinitions.map((one: { name: string }) => one.name)).toEqual(['Name', 'Cron']);
    expect(table.rows[0].cells).toEqual(['a', '* *']);
  });

  test('selectable fields select', async () => {
    await define();
    await hub.request('POST', CRON_TABS, cronTab('a', { cron: '1' }));
    await hub.request('POST', CRON_TABS, cronTab('b', { cron: '2' }));
    const list = (await hub.request('GET', `${CRON_TABS}?fieldSelector=spec.cron%3D2`)).json;
    expect(list.items.map((one: { metadata: { name: string } }) => one.metadata.name)).toEqual(['b']);
  });

  test('status and scale are endpoints of their own', async () => {
    await define();
    const created = (await hub.request('POST', CRON_TABS, { ...cronTab('a'), status: { replicas: 9 } })).json;
    expect(created.status).toBeUndefined();
    const status = { replicas: 1, selector: 'app=x' };
    const put = await hub.request('PUT', `${CRON_TABS}/a/status`, { ...created, status, spec: { cron: '9' } });
    expect(put.json).toMatchObject({ spec: { cron: '* *' }, status, metadata: { generation: 1 } });
    const merge = { type: 'application/merge-patch+json' };
    await hub.request('PATCH', `${CRON_TABS}/a/scale`, { spec: { replicas: 4 } }, merge);
    const scale = (await hub.request('GET', `${CRON_TABS}/a/scale`)).json;
    expect(scale).toMatchObject({ spec: { replicas: 4 }, status: { replicas: 1, selector: 'app=x' } });
  });

  test('every served version shows the same object', async () => {
    await define(crd([version('v1'), version('v2')]));
    await hub.request('POST', CRON_TABS, cronTab('a'));
    const second = (await hub.request('GET', `${CRON_TABS.replace('/v1/', '/v2/')}/a`)).json;
    expect(second).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { cron: '* *' } });
  });

  test('a strategic merge patch is 415', async () => {
    await define();
    await hub.request('POST', CRON_TABS, cronTab('a'));
    const type = 'application/strategic-merge-patch+json';
    expect((await hub.request('PATCH', `${CRON_TABS}/a`, {}, { type })).json.code).toBe(415);
  });

  test('a deleted CRD takes its objects along', async () => {
    await define();
    await hub.request('POST', CRON_TABS, cronTab('a'));
    const marked = (await hub.request('DELETE', `${CRDS}/crontabs.stable.example.com`)).json;
    expect(marked.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    await expect.poll(async () => (await hub.request('GET', `${CRDS}/crontabs.stable.example.com`)).status).toBe(404);
    await expect.poll(async () => (await hub.request('GET', CRON_TABS)).status).toBe(404);
    expect((await hub.store.list('/root/stable.example.com/')).entries).toEqual([]);
  });
});

test('a bound API is served in the workspace that binds it', async () => {
  const tenancy = '/apis/tenancy.kcp.io/v1alpha1/workspaces';
  const workspace = (name: string) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
  });
  for (const name of ['provider', 'consumer']) await hub.request('POST', tenancy, workspace(name));
  const apis = '/apis/apis.kcp.io';
  const provider = { workspace: 'root:provider' };
  await hub.request(
    'POST',
    `${apis}/v1alpha1/apiresourceschemas`,
    {
      apiVersion: 'apis.kcp.io/v1alpha1',
      kind: 'APIResourceSchema',
      metadata: { name: 'v1.crontabs.stable.example.com' },
      spec: {
        group: 'stable.example.com',
        scope: 'Namespaced',
        names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    },
    provider,
  );
  await hub.request(
    'POST',
    `${apis}/v1alpha2/apiexports`,
    {
      apiVersion: 'apis.kcp.io/v1alpha2',
      kind: 'APIExport',
      metadata: { name: 'cron' },
      spec: {
        resources: [{ group: 'stable.example.com', name: 'crontabs', schema: 'v1.crontabs.stable.example.com' }],
      },
    },
    provider,
  );
  const consumer = { workspace: 'root:consumer' };
  expect((await hub.request('GET', CRON_TABS, undefined, consumer)).status).toBe(404);
  await hub.request(
    'POST',
    `${apis}/v1alpha2/apibindings`,
    {
      apiVersion: 'apis.kcp.io/v1alpha2',
      kind: 'APIBinding',
      metadata: { name: 'cron' },
      spec: { reference: { export: { path: 'root:provider', name: 'cron' } } },
    },
    consumer,
  );
  await expect.poll(async () => (await hub.request('GET', CRON_TABS, undefined, consumer)).status).toBe(200);
  expect((await hub.request('POST', CRON_TABS, cronTab('a'), consumer)).status).toBe(201);
});

test('applying again to a kind whose updates must name a version needs none', async () => {
  await define();
  const apply = (url: string, body: object) =>
    hub.request('PATCH', `${url}?fieldManager=me`, body, { type: 'application/apply-patch+yaml' });
  expect((await apply(`${CRON_TABS}/a`, cronTab('a', { cron: '1' }))).status).toBe(201);
  const again = await apply(`${CRON_TABS}/a`, cronTab('a', { cron: '2' }));
  expect(again.json.spec.cron).toBe('2');
  const same = await apply(`${CRON_TABS}/a`, cronTab('a', { cron: '2' }));
  expect(same.json.metadata.resourceVersion).toBe(again.json.metadata.resourceVersion);
});

test.each([
  ['in the author’s words', { deprecationWarning: 'gone soon' }, 'gone soon'],
  [
    'and the newest that is not',
    {},
    'stable.example.com/v1alpha1 CronTab is deprecated; use stable.example.com/v1 CronTab',
  ],
])('a deprecated version is warned of, %s, and no other', async (_, more, text) => {
  const older = { storage: false, deprecated: true };
  const versions = [version('v1alpha1', { ...older, ...more }), version('v1beta1', older), version('v1')];
  await define(crd(versions));
  const warningOf = async (path: string) => (await hub.request('GET', path)).headers.warning;
  expect(await warningOf(CRON_TABS.replace('v1', 'v1alpha1'))).toEqual([`299 - "${text}"`]);
  expect(await warningOf(CRON_TABS)).toBeUndefined();
});
