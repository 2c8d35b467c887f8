import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/object.ts';
import { CONFIG_MAPS, configMap, type HubHarness, startHub } from '../hub-harness.ts';

let hub: HubHarness;
beforeEach(async () => {
  hub = await startHub();
});
afterEach(() => hub.close());

const MERGE = { type: 'application/merge-patch+json' };
const gone = (url: string, workspace = 'root') =>
  expect
    .poll(async () => (await hub.request('GET', url, undefined, { workspace })).status, { timeout: 5_000 })
    .toBe(404);

const owner = (object: KubeObject, more: object = {}) => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  name: object.metadata.name,
  uid: object.metadata.uid,
  ...more,
});

async function ownedPair(more: object = {}): Promise<KubeObject> {
  const parent = (await hub.request('POST', CONFIG_MAPS, configMap('parent'))).json;
  await hub.request('POST', CONFIG_MAPS, configMap('child', {}, { ownerReferences: [owner(parent, more)] }));
  return parent;
}

describe('namespaces', () => {
  test('a deleted namespace takes no new objects, is emptied, and goes', async () => {
    const ns = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } };
    const created = await hub.request('POST', '/api/v1/namespaces', ns);
    expect(created.json).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'team' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const inside = '/api/v1/namespaces/team/configmaps';
    await hub.request('POST', inside, configMap('held', {}, { finalizers: ['example.com/hold'] }));
    await hub.request('POST', inside, configMap('free'));
    const marked = await hub.request('DELETE', '/api/v1/namespaces/team');
    expect(marked.json.status.phase).toBe('Terminating');
    const refused = await hub.request('POST', inside, configMap('late'));
    expect(refused.json).toMatchObject({
      code: 403,
      message:
        'configmaps "late" is forbidden: unable to create new content in namespace team because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await gone(`${inside}/free`);
    expect((await hub.request('GET', '/api/v1/namespaces/team')).status).toBe(200);
    await hub.request('PATCH', `${inside}/held`, { metadata: { finalizers: null } }, MERGE);
    await gone('/api/v1/namespaces/team');
  });

  test('the default namespace may not be deleted, and has its service account', async () => {
    expect((await hub.request('DELETE', '/api/v1/namespaces/default')).json.code).toBe(403);
    expect((await hub.request('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status).toBe(200);
  });
});

describe('garbage collection', () => {
  test('background: the owner goes at once, its dependent follows', async () => {
    await ownedPair();
    await hub.request('DELETE', `${CONFIG_MAPS}/parent`, { propagationPolicy: 'Background' });
    await gone(`${CONFIG_MAPS}/child`);
  });

  test('foreground: the owner waits for dependents that block it', async () => {
    const parent = await ownedPair({ blockOwnerDeletion: true });
    await hub.request('PATCH', `${CONFIG_MAPS}/child`, { metadata: { finalizers: ['example.com/hold'] } }, MERGE);
    const marked = await hub.request('DELETE', `${CONFIG_MAPS}/parent`, { propagationPolicy: 'Foreground' });
    expect(marked.json.metadata).toMatchObject({ uid: parent.metadata.uid, finalizers: ['foregroundDeletion'] });
    await expect
      .poll(async () => (await hub.request('GET', `${CONFIG_MAPS}/child`)).json.metadata?.deletionTimestamp)
      .toBeDefined();
    expect((await hub.request('GET', `${CONFIG_MAPS}/parent`)).status).toBe(200);
    await hub.request('PATCH', `${CONFIG_MAPS}/child`, { metadata: { finalizers: null } }, MERGE);
    await gone(`${CONFIG_MAPS}/parent`);
  });

  test('orphan: the dependent stays, without its owner', async () => {
    await ownedPair();
    await hub.request('DELETE', `${CONFIG_MAPS}/parent`, { propagationPolicy: 'Orphan' });
    await gone(`${CONFIG_MAPS}/parent`);
    const child = (await hub.request('GET', `${CONFIG_MAPS}/child`)).json;
    expect(child.metadata.ownerReferences).toBeUndefined();
  });

  test('a dependent with another living owner stays and loses the dead one', async () => {
    const parent = (await hub.request('POST', CONFIG_MAPS, configMap('parent'))).json;
    const other = (await hub.request('POST', CONFIG_MAPS, configMap('other'))).json;
    await hub.request('POST', CONFIG_MAPS, configMap('child', {}, { ownerReferences: [owner(parent), owner(other)] }));
    await hub.request('DELETE', `${CONFIG_MAPS}/parent`);
    await expect
      .poll(async () => (await hub.request('GET', `${CONFIG_MAPS}/child`)).json.metadata.ownerReferences)
      .toEqual([owner(other)]);
  });

  test('an object whose owner never was goes', async () => {
    const ghost = { apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: 'no-such-uid' };
    await hub.request('POST', CONFIG_MAPS, configMap('child', {}, { ownerReferences: [ghost] }));
    await gone(`${CONFIG_MAPS}/child`);
  });

  test('an owner of a kind that is not served is left alone', async () => {
    const unknown = { apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'u' };
    await hub.request('POST', CONFIG_MAPS, configMap('child', {}, { ownerReferences: [unknown] }));
    await ownedPair().catch(() => undefined);
    expect((await hub.request('GET', `${CONFIG_MAPS}/child`)).status).toBe(200);
  });

  test('what was orphaned while the hub was down goes after its start', async () => {
    const ghost = { apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: 'no-such-uid' };
    await hub.hub.close();
    const key = '/root/-/configmaps/default/left';
    const metadata = { name: 'left', namespace: 'default', uid: 'u1', ownerReferences: [ghost] };
    await hub.store.commit([{ key, value: Buffer.from(JSON.stringify({ metadata })) }]);
    const again = await startHub({ store: hub.store });
    await expect.poll(async () => (await again.request('GET', `${CONFIG_MAPS}/left`)).status).toBe(404);
    await again.hub.close();
  });
});

test('a deleted workspace is emptied, with the workspaces below it', async () => {
  const workspace = (name: string) => ({
    apiVersion: 'tenancy.kcp.io/v1alpha1',
    kind: 'Workspace',
    metadata: { name },
  });
  const url = '/apis/tenancy.kcp.io/v1alpha1/workspaces';
  await hub.request('POST', url, workspace('a'));
  await hub.request('POST', url, workspace('b'), { workspace: 'root:a' });
  expect((await hub.request('POST', CONFIG_MAPS, configMap('x'), { workspace: 'root:a:b' })).status).toBe(201);
  await hub.request('DELETE', `${url}/a`);
  await gone(`${url}/a`);
  expect((await hub.store.list('/root:a/')).entries).toEqual([]);
  expect((await hub.store.list('/root:a:b/')).entries).toEqual([]);
});
