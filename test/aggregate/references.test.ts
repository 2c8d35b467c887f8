/** Objects that are shown as `name@cluster` are named so by whoever names them. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { COPY_LABEL, COPY_UID_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import type { ResourceInfo } from '../../src/kube/resource.ts';
import { DEPLOYMENTS, FakeCluster, NAMESPACES, NODES, PODS, REPLICASETS } from '../support/fake-cluster.ts';
import { giveNamespace, startView, type ViewHarness } from './view-harness.ts';

const EVENTS: ResourceInfo = { ...PODS, resource: 'events', kind: 'Event', singular: 'event', subresources: [] };
const ALL = [PODS, NAMESPACES, NODES, DEPLOYMENTS, REPLICASETS, EVENTS];
const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const cluster = (name: string, slot: number, namespaceMapping: 'Hashed' | 'Identity' = 'Identity') =>
  new FakeCluster({ name, slot, namespaceMapping, resources: ALL });

async function setUp(...clusters: FakeCluster[]) {
  const harness = await startView(...clusters);
  open.push(harness);
  return harness;
}

const PODS_URL = '/api/v1/namespaces/default/pods';
const EVENTS_URL = '/api/v1/namespaces/default/events';
const set = (name: string, namespace = 'default') => ({ metadata: { name, namespace } });
const podOf = (name: string, owner: string, uid = '00000000-0000-0000-0000-000000000001', namespace = 'default') => ({
  metadata: { name, namespace, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid }] },
  spec: { nodeName: 'n' },
});
const eventOn = (name: string, namespace = 'default') => ({
  metadata: { name: `${name}.1`, namespace },
  involvedObject: { kind: 'Pod', apiVersion: 'v1', namespace, name, uid: 'u' },
  reason: 'Started',
  type: 'Normal',
});
const ownerOf = (pod: { metadata: { ownerReferences: { name: string }[] } }) => pod.metadata.ownerReferences[0]?.name;

test('nodes begin to be listed along with the first list of pods, not after it', async () => {
  const [east, west] = [cluster('east', 1), cluster('west', 2)];
  const { call } = await setUp(east, west);
  east.hanging = true;
  west.hanging = true;
  const list = call('GET', PODS_URL);
  for (const { requests } of [east, west])
    await vi.waitFor(() => expect(requests.map(({ path }) => path.split('?')[0])).toContain('/api/v1/nodes'));
  await list;
});

describe('an owner, a node and the object of an event', () => {
  test('are named as they are shown, in lists, tables, gets and by field selectors', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const one of [east, west]) {
      one.put(REPLICASETS, set('rs'));
      one.put(NODES, { metadata: { name: 'n' } });
      one.put(PODS, podOf('web', 'rs'));
      one.put(EVENTS, eventOn('web'));
    }
    east.put(REPLICASETS, set('alone'));
    east.put(PODS, podOf('other', 'alone'));
    east.put(EVENTS, eventOn('other'));
    const { call } = await setUp(east, west);
    const { items } = (await call('GET', PODS_URL)).json;
    expect(items.map((pod: never) => [(pod as { metadata: { name: string } }).metadata.name, ownerOf(pod)])).toEqual([
      ['other', 'alone'],
      ['web@east', 'rs@east'],
      ['web@west', 'rs@west'],
    ]);
    expect(items[1].spec.nodeName).toBe('n@east');
    expect(ownerOf((await call('GET', `${PODS_URL}/web@west`)).json)).toBe('rs@west');
    const selected = async (url: string, selector: string) =>
      (await call('GET', `${url}?fieldSelector=${encodeURIComponent(selector)}`)).json.items.length;
    expect(await selected(PODS_URL, 'spec.nodeName=n@east')).toBe(2);
    expect(await selected(PODS_URL, 'spec.nodeName=n')).toBe(0);
    expect(await selected(EVENTS_URL, 'involvedObject.name=web@west,involvedObject.kind=Pod')).toBe(1);
    expect(await selected(EVENTS_URL, 'involvedObject.name=other')).toBe(1);
    expect(await selected(EVENTS_URL, 'involvedObject.name=other@east')).toBe(1);
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    const table = (await call('GET', PODS_URL, undefined, { headers: { accept } })).json;
    expect(JSON.stringify(table.rows[1].cells)).toContain('n@east');
  });

  test('are told anew when a clash begins and ends, also to who resumes later', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(REPLICASETS, set('rs'));
    east.put(PODS, podOf('web', 'rs'));
    const { call, watch } = await setUp(east, west);
    const list = (await call('GET', PODS_URL)).json;
    expect(ownerOf(list.items[0])).toBe('rs');
    const since = `${PODS_URL}?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
    const tap = await watch(since);
    west.put(REPLICASETS, set('rs'));
    await vi.waitFor(() =>
      expect(tap.events.map(({ type, object }) => [type, ownerOf(object)])).toEqual([['MODIFIED', 'rs@east']]),
    );
    const resumed = await watch(since);
    await vi.waitFor(() => expect(resumed.events.map(({ object }) => ownerOf(object)).at(-1)).toBe('rs@east'));
    west.remove(REPLICASETS, 'default', 'rs');
    await vi.waitFor(() => expect(tap.events.map(({ object }) => ownerOf(object)).at(-1)).toBe('rs'));
    expect(tap.events.every(({ type }) => type === 'MODIFIED')).toBe(true);
  });

  test('that leave a selector by a clash are DELETED for its watchers', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, podOf('web', 'rs'));
    east.put(EVENTS, eventOn('web'));
    const { watch } = await setUp(east, west);
    const field = encodeURIComponent('involvedObject.name=web');
    const tap = await watch(`${EVENTS_URL}?watch=true&fieldSelector=${field}`);
    await vi.waitFor(() => expect(tap.events.map(({ type }) => type)).toEqual(['ADDED']));
    west.put(PODS, podOf('web', 'rs'));
    await vi.waitFor(() => expect(tap.events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']));
  });

  test('come to be known after the object that names them', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const one of [east, west]) one.put(PODS, podOf('web', 'rs'));
    const { watch } = await setUp(east, west);
    const tap = await watch(`${EVENTS_URL}?watch=true`);
    east.put(EVENTS, eventOn('web'));
    await vi.waitFor(() => expect(tap.events.map(({ object }) => object.involvedObject.name).at(-1)).toBe('web@east'));
  });
});

test('a copy is named as the hub object, by its uid, though nobody has asked for its kind before', async () => {
  const east = cluster('east', 1, 'Hashed');
  const own = giveNamespace(east, 'root', 'default');
  const { call } = await setUp(east, cluster('west', 2, 'Hashed'));
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
  const { uid } = (await call('POST', '/apis/apps/v1/namespaces/default/deployments', deployment)).json.metadata;
  const copy = east.put(DEPLOYMENTS, {
    metadata: {
      name: 'web',
      namespace: own,
      uid: '11111111-1111-1111-1111-111111111111',
      labels: { [COPY_LABEL]: east.key },
      annotations: { [COPY_UID_ANNOTATION]: uid },
    },
  });
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: copy.metadata.uid as string };
  east.put(REPLICASETS, { metadata: { name: 'web-1', namespace: own, ownerReferences: [owner] } });
  east.put(EVENTS, {
    ...eventOn('web', own),
    involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: own, name: 'web', uid: owner.uid },
    message: `Successfully assigned ${own}/web to n, not kcp-000000000000/web nor ${own}x`,
  });
  const sets = (await call('GET', '/apis/apps/v1/namespaces/default/replicasets')).json;
  expect(sets.items[0].metadata.ownerReferences[0]).toMatchObject({ name: 'web', uid });
  const field = encodeURIComponent(`involvedObject.name=web,involvedObject.uid=${uid}`);
  const events = (await call('GET', `${EVENTS_URL}?fieldSelector=${field}`)).json;
  expect(events.items).toHaveLength(1);
  // What controllers write into sentences is told of in the workspace's terms, as far as it is the workspace's.
  const message = `Successfully assigned default/web to n, not kcp-000000000000/web nor ${own}x`;
  expect(events.items[0].message).toBe(message);
});

test('what names an object is written to its cluster by the name that it has there', async () => {
  const [east, west] = [cluster('east', 1), cluster('west', 2)];
  for (const one of [east, west]) {
    one.put(REPLICASETS, set('rs'));
    one.put(NODES, { metadata: { name: 'n' } });
  }
  east.put(PODS, podOf('web', 'rs'));
  const { call } = await setUp(east, west);
  const read = (await call('GET', `${PODS_URL}/web`)).json;
  expect(read.spec.nodeName).toBe('n@east');
  const written = await call('PUT', `${PODS_URL}/web`, read);
  expect(written.json.spec.nodeName).toBe('n@east');
  const sent = east.objects.get('/pods/default/web');
  expect(sent?.spec).toEqual({ nodeName: 'n' });
  expect(sent?.metadata.ownerReferences?.[0]?.name).toBe('rs');
});
