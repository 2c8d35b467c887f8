import { afterEach, describe, expect, test, vi } from 'vitest';
import { CLUSTER_LABEL, COPY_LABEL, COPY_UID_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import {
  CONFIGMAPS,
  DEPLOYMENTS,
  ENDPOINTS,
  FakeCluster,
  NAMESPACES,
  NODES,
  PODS,
  REPLICASETS,
} from '../support/fake-cluster.ts';
import { giveNamespace, startView, type ViewHarness } from './view-harness.ts';

const ALL = [PODS, NAMESPACES, NODES, CONFIGMAPS, DEPLOYMENTS, REPLICASETS, ENDPOINTS];
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

const pod = (name: string, namespace = 'default', labels?: Record<string, string>) => ({
  metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
  spec: { nodeName: `node-of-${name}` },
});
const authoredPod = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'web', image: 'nginx' }] },
};
const configMap = (name: string) => ({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace: 'default' } });
const PODS_URL = '/api/v1/namespaces/default/pods';
const MAPS_URL = '/api/v1/namespaces/default/configmaps';

const namesOf = (list: { items: { metadata: { name: string } }[] }) => list.items.map((item) => item.metadata.name);
const said = (events: { type: string; object: { metadata: { name: string } } }[]) =>
  events.map((event) => `${event.type} ${event.object.metadata.name ?? ''}`.trim());

describe('list', () => {
  test('shows the kinds of TMC with their own columns', async () => {
    const { call } = await setUp();
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { json } = await call('GET', '/apis/workload.kcp.io/v1alpha1/synctargets', undefined, {
      headers: { accept },
    });
    const columns = json.columnDefinitions.map(({ name }: { name: string }) => name);
    expect(columns).toEqual(expect.arrayContaining(['Name', 'Ready', 'Unschedulable', 'Age']));
  });

  test('warns of a kind that has a successor, with whatever else there is to say', async () => {
    const { call } = await setUp(cluster('east', 1), cluster('west', 2));
    const text = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice';
    const { headers } = await call('GET', '/api/v1/namespaces/default/endpoints');
    expect(headers.warning).toEqual([`299 - "${text}"`]);
  });

  test('merges hub and clusters in order, with integer versions and the cluster label', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('b'));
    east.put(PODS, pod('d'));
    west.put(PODS, pod('c'));
    west.put(PODS, pod('a', 'aaa'));
    const { call } = await setUp(east, west);
    const { json, headers } = await call('GET', '/api/v1/pods');
    expect(namesOf(json)).toEqual(['a', 'b', 'c', 'd']);
    expect(json.kind).toBe('PodList');
    expect(headers.warning).toBeUndefined();
    const c = json.items[2];
    expect(c.metadata.labels).toEqual({ [CLUSTER_LABEL]: 'west' });
    expect(c.metadata.resourceVersion).toBe(
      String((BigInt(west.objects.get('/pods/default/c')?.metadata.resourceVersion ?? 0) << 14n) | 2n),
    );
    expect(c.kind).toBeUndefined();
    expect(json.metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
  });

  test('qualifies names that stand in several places; the hub keeps the plain one', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const one of [east, west]) one.put(CONFIGMAPS, configMap('both'));
    east.put(CONFIGMAPS, configMap('authored'));
    west.put(CONFIGMAPS, configMap('alone'));
    const { call } = await setUp(east, west);
    expect((await call('POST', MAPS_URL, configMap('authored'))).status).toBe(201);
    const { json } = await call('GET', `${MAPS_URL}?labelSelector=`);
    expect(namesOf(json)).toEqual(['alone', 'authored', 'authored@east', 'both@east', 'both@west']);
    expect((await call('GET', `${MAPS_URL}/both`)).json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await call('GET', `${MAPS_URL}/both`)).json.message).toContain('"both@east", "both@west"');
    expect((await call('GET', `${MAPS_URL}/both@west`)).json.metadata).toMatchObject({
      name: 'both@west',
      labels: { [CLUSTER_LABEL]: 'west' },
    });
    expect((await call('GET', `${MAPS_URL}/alone`)).json.metadata.name).toBe('alone');
    expect((await call('GET', `${MAPS_URL}/authored`)).json.metadata.labels).toBeUndefined();
    expect((await call('GET', `${MAPS_URL}/nothing`)).json).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  test('pages over a snapshot, whatever happens meanwhile, and counts what remains', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const name of ['a', 'c', 'e']) east.put(PODS, pod(name));
    for (const name of ['b', 'd', 'f']) west.put(PODS, pod(name));
    const harness = await setUp(east, west);
    const first = (await harness.call('GET', `${PODS_URL}?limit=2`)).json;
    expect(namesOf(first)).toEqual(['a', 'b']);
    expect(first.metadata.remainingItemCount).toBe(4);
    east.remove(PODS, 'default', 'c');
    east.put(PODS, pod('bb'));
    west.put(PODS, pod('d', 'default', { changed: 'yes' }));
    await vi.waitFor(async () => expect(namesOf((await harness.call('GET', PODS_URL)).json)).toContain('bb'));
    await vi.waitFor(async () =>
      expect((await harness.call('GET', `${PODS_URL}/d`)).json.metadata.labels.changed).toBe('yes'),
    );
    const second = (await harness.call('GET', `${PODS_URL}?limit=2&continue=${first.metadata.continue}`)).json;
    expect(namesOf(second)).toEqual(['c', 'd']);
    expect(second.items[1].metadata.labels.changed).toBeUndefined();
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = (await harness.call('GET', `${PODS_URL}?limit=2&continue=${second.metadata.continue}`)).json;
    expect(namesOf(third)).toEqual(['e', 'f']);
    expect(third.metadata.continue).toBeUndefined();
  });

  test('a continue token whose snapshot is gone is 410 with a token to go on', async () => {
    const east = cluster('east', 1);
    for (const name of ['a', 'b', 'c']) east.put(PODS, pod(name));
    const harness = await setUp(east);
    const first = (await harness.call('GET', `${PODS_URL}?limit=1`)).json;
    const token = JSON.parse(Buffer.from(first.metadata.continue, 'base64url').toString());
    token.at['1'] = '1';
    const old = Buffer.from(JSON.stringify(token)).toString('base64url');
    const gone = await harness.call('GET', `${PODS_URL}?limit=1&continue=${old}`);
    expect(gone.json).toMatchObject({ code: 410, reason: 'Expired' });
    const next = await harness.call('GET', `${PODS_URL}?limit=5&continue=${gone.json.metadata.continue}`);
    expect(namesOf(next.json)).toEqual(['b', 'c']);
    expect((await harness.call('GET', `${PODS_URL}?continue=nonsense`)).status).toBe(400);
  });

  test.each([
    ['labelSelector=app%3Dx', ['a']],
    [`labelSelector=${encodeURIComponent(`${CLUSTER_LABEL}=west`)}`, ['c']],
    [`labelSelector=${encodeURIComponent(`${CLUSTER_LABEL}!=west`)}`, ['a', 'b']],
    ['fieldSelector=metadata.name%3Db', ['b']],
    ['fieldSelector=metadata.name%3Dc@west', ['c']],
    ['fieldSelector=spec.nodeName%3Dnode-of-b', ['b']],
    ['fieldSelector=metadata.name!%3Db,metadata.namespace%3Ddefault', ['a', 'c']],
  ])('selects by %s', async (query, names) => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a', 'default', { app: 'x' }));
    east.put(PODS, pod('b'));
    west.put(PODS, pod('c'));
    const { call } = await setUp(east, west);
    expect(namesOf((await call('GET', `/api/v1/pods?${query}`)).json)).toEqual(names);
  });

  test('refuses an unknown field with the text of kube-apiserver', async () => {
    const { call } = await setUp(cluster('east', 1));
    const { status, json } = await call('GET', '/api/v1/pods?fieldSelector=spec.nope%3D1');
    expect([status, json.message]).toEqual([400, 'field label not supported: spec.nope']);
  });

  test('shows tables with a CLUSTER column second', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('a'));
    const { call } = await setUp(east);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { json } = await call('GET', PODS_URL, undefined, { headers: { accept } });
    expect(json.kind).toBe('Table');
    expect(json.columnDefinitions.map((one: { name: string }) => one.name).slice(0, 3)).toEqual([
      'Name',
      'Cluster',
      'Ready',
    ]);
    expect(json.rows[0].cells.slice(0, 2)).toEqual(['a', 'east']);
    expect(json.rows[0].object.metadata.name).toBe('a');
  });

  test('folds placed copies and shows each namespace once', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    const { call } = await setUp(east, west);
    const authored = (await call('POST', MAPS_URL, configMap('web'))).json;
    for (const one of [east, west]) {
      one.put(CONFIGMAPS, {
        ...configMap('web'),
        metadata: {
          ...configMap('web').metadata,
          labels: { [COPY_LABEL]: 'k' },
          annotations: { [COPY_UID_ANNOTATION]: authored.metadata.uid },
        },
      });
      one.put(NAMESPACES, { metadata: { name: 'default' } });
      one.put(NAMESPACES, { metadata: { name: 'kube-system' } });
    }
    expect(namesOf((await call('GET', MAPS_URL)).json)).toEqual(['web']);
    expect(namesOf((await call('GET', '/api/v1/namespaces')).json)).toEqual(['default', 'kube-system']);
  });

  test('shows what a copy owns as owned by the hub object', async () => {
    const east = cluster('east', 1);
    const { call } = await setUp(east);
    const hubUid = '11111111-2222-3333-4444-555555555555';
    const copyUid = '99999999-8888-7777-6666-555555555555';
    east.put(DEPLOYMENTS, {
      metadata: {
        name: 'web',
        namespace: 'default',
        uid: copyUid,
        labels: { [COPY_LABEL]: 'k' },
        annotations: { [COPY_UID_ANNOTATION]: hubUid },
      },
    });
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: copyUid, controller: true };
    east.put(REPLICASETS, { metadata: { name: 'web-1', namespace: 'default', ownerReferences: [owner] } });
    await call('GET', '/apis/apps/v1/deployments');
    const { json } = await call('GET', '/apis/apps/v1/replicasets');
    expect(json.items[0].metadata.ownerReferences[0].uid).toBe(hubUid);
  });
});

describe('a view of a cluster shared by hashed namespaces', () => {
  test('holds only the workspace own objects, under its own namespaces', async () => {
    const east = cluster('east', 1, 'Hashed');
    const a = giveNamespace(east, 'root:a', 'default');
    const b = giveNamespace(east, 'root:b', 'default');
    east.put(PODS, pod('of-a', a));
    east.put(PODS, pod('of-b', b));
    east.put(PODS, pod('system', 'kube-system'));
    east.put(NODES, { metadata: { name: 'node-1' } });
    const { call } = await setUp(east);
    for (const [workspace, name] of [
      ['root:a', 'of-a'],
      ['root:b', 'of-b'],
    ] as const) {
      const { json } = await call('GET', '/api/v1/pods', undefined, { workspace });
      expect(namesOf(json)).toEqual([name]);
      expect(json.items[0].metadata.namespace).toBe('default');
      expect(namesOf((await call('GET', '/api/v1/nodes', undefined, { workspace })).json)).toEqual(['node-1']);
      expect(JSON.stringify(json)).not.toContain('kcp-');
    }
    expect((await call('GET', `${PODS_URL}/of-b`, undefined, { workspace: 'root:a' })).status).toBe(404);
    expect((await call('GET', `/api/v1/namespaces/${b}/pods/of-b`, undefined, { workspace: 'root:a' })).status).toBe(
      404,
    );
    expect(
      namesOf((await call('GET', `/api/v1/namespaces/${b}/pods`, undefined, { workspace: 'root:a' })).json),
    ).toEqual([]);
  });

  test('never takes a namespace for a workspace that its name does not prove', async () => {
    const east = cluster('east', 1, 'Hashed');
    const a = giveNamespace(east, 'root:a', 'default');
    const annotations = east.objects.get(`/namespaces//${a}`)?.metadata.annotations ?? {};
    east.put(NAMESPACES, { metadata: { name: 'forged', annotations } });
    east.put(PODS, pod('secret', 'forged'));
    const { call } = await setUp(east);
    expect(namesOf((await call('GET', '/api/v1/pods', undefined, { workspace: 'root:a' })).json)).toEqual([]);
  });

  test('shows objects that came before their namespace was known', async () => {
    const east = cluster('east', 1, 'Hashed');
    const { watch, call } = await setUp(east);
    await call('GET', '/api/v1/pods', undefined, { workspace: 'root:a' });
    const tap = await watch('/api/v1/pods?watch=true', { workspace: 'root:a' });
    const other = await watch('/api/v1/pods?watch=true', { workspace: 'root:b' });
    const namespace = giveNamespace(
      new FakeCluster({ name: 'east', slot: 1, namespaceMapping: 'Hashed', resources: ALL }),
      'root:a',
      'default',
    );
    east.put(PODS, pod('early', namespace));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(tap.events).toEqual([]);
    giveNamespace(east, 'root:a', 'default');
    await tap.until(1);
    expect(said(tap.events)).toEqual(['ADDED early']);
    expect(tap.events[0].object.metadata.namespace).toBe('default');
    expect(other.events).toEqual([]);
  });
});

describe('watch', () => {
  test('replays exactly what came after the list, then goes on', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    const { call, watch } = await setUp(east, west);
    const { json } = await call('GET', PODS_URL);
    west.put(PODS, pod('b'));
    east.remove(PODS, 'default', 'a');
    await vi.waitFor(async () => expect(namesOf((await call('GET', PODS_URL)).json)).toEqual(['b']));
    const tap = await watch(`${PODS_URL}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
    expect(said(tap.events).sort()).toEqual(['ADDED b', 'DELETED a']);
    east.put(PODS, pod('c'));
    await tap.until(3);
    expect(said(tap.events).at(-1)).toBe('ADDED c');
    const again = await watch(
      `${PODS_URL}?watch=true&resourceVersion=${tap.events[1].object.metadata.resourceVersion}`,
    );
    expect(said(again.events)).toEqual(['ADDED c']);
  });

  test('sends the initial state and one end of it', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    west.put(PODS, pod('b'));
    const { watch } = await setUp(east, west);
    const tap = await watch(
      `${PODS_URL}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    await tap.until(3);
    expect(said(tap.events.slice(0, 2))).toEqual(['ADDED a', 'ADDED b']);
    expect(tap.events[2]).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Pod', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    const resumed = await watch(
      `${PODS_URL}?watch=true&resourceVersion=${tap.events[2].object.metadata.resourceVersion}`,
    );
    east.put(PODS, pod('c'));
    await resumed.until(1);
    expect(said(resumed.events)).toEqual(['ADDED c']);
  });

  test('tells of the hub and of clusters, and when a clash begins and ends', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(CONFIGMAPS, configMap('x'));
    const { call, watch } = await setUp(east, west);
    const { json } = await call('GET', MAPS_URL);
    const tap = await watch(`${MAPS_URL}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
    west.put(CONFIGMAPS, configMap('x'));
    await tap.until(3);
    expect(said(tap.events)).toEqual(['DELETED x', 'ADDED x@east', 'ADDED x@west']);
    expect((await call('POST', MAPS_URL, configMap('x'))).status).toBe(201);
    await tap.until(4);
    expect(said(tap.events.slice(3))).toEqual(['ADDED x']);
    expect((await call('DELETE', `${MAPS_URL}/x`)).status).toBe(200);
    await tap.until(5);
    west.remove(CONFIGMAPS, 'default', 'x');
    await tap.until(8);
    expect(said(tap.events.slice(4))).toEqual(['DELETED x', 'DELETED x@east', 'ADDED x', 'DELETED x@west']);
    const replay = await watch(`${MAPS_URL}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
    expect(said(replay.events)).toEqual(said(tap.events));
  });

  test('goes by selectors: what enters is ADDED, what leaves is DELETED with the version', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('first', 'default', { app: 'x' }));
    const { watch } = await setUp(east);
    const tap = await watch(`${PODS_URL}?watch=true&labelSelector=app%3Dx`);
    // The changes come after the list with which the watch begins.
    await tap.until(1);
    tap.events.length = 0;
    east.put(PODS, pod('a'));
    east.put(PODS, pod('a', 'default', { app: 'x' }));
    const left = east.put(PODS, pod('a', 'default', { app: 'y' }));
    await tap.until(2);
    expect(said(tap.events)).toEqual(['ADDED a', 'DELETED a']);
    expect(tap.events[1].object.metadata.labels.app).toBe('x');
    expect(tap.events[1].object.metadata.resourceVersion).toBe(
      String((BigInt(left.metadata.resourceVersion ?? 0) << 14n) | 1n),
    );
  });

  test('stays open over joins, outages and leaves', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    west.put(PODS, pod('b'));
    const { watch, registry } = await setUp(east);
    const tap = await watch(`${PODS_URL}?watch=true`);
    await tap.until(1);
    registry.join(west);
    await tap.until(2);
    east.stop();
    west.put(PODS, pod('c'));
    await tap.until(3);
    east.put(PODS, pod('d'));
    east.start();
    await tap.until(4);
    registry.leave(west);
    await tap.until(6);
    expect(said(tap.events)).toEqual(['ADDED a', 'ADDED b', 'ADDED c', 'ADDED d', 'DELETED b', 'DELETED c']);
    expect(tap.ended).toBe(false);
  });

  test('says 410 of unknown versions in an event, as kube-apiserver does, and refuses future ones with 504', async () => {
    const east = cluster('east', 1);
    const { call, watch } = await setUp(east);
    await call('GET', PODS_URL);
    // Too old, of a cluster that is not here, and one that the cluster says it never had.
    for (const unknown of [(1n << 14n) | 1n, (5n << 14n) | 9n, (99_999n << 14n) | 1n]) {
      const tap = await watch(`${PODS_URL}?watch=true&resourceVersion=${unknown}`);
      await tap.until(1);
      expect(tap.events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
      expect(tap.ended).toBe(true);
    }
    await expect(watch(`${PODS_URL}?watch=true&resourceVersion=${99_999n << 14n}`)).rejects.toMatchObject({
      code: 504,
    });
  });

  test('a table watch carries its columns once', async () => {
    const east = cluster('east', 1);
    const { watch } = await setUp(east);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const tap = await watch(`${PODS_URL}?watch=true`, { headers: { accept } });
    east.put(PODS, pod('a'));
    east.put(PODS, pod('b'));
    await tap.until(2);
    expect(
      tap.events.map((event) => [
        event.object.kind,
        event.object.columnDefinitions?.length > 0,
        event.object.rows[0].cells[1],
      ]),
    ).toEqual([
      ['Table', true, 'east'],
      ['Table', false, 'east'],
    ]);
  });
});

describe('a cluster that is away', () => {
  test('is shown as it last was, with a warning; strict requests are refused', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    west.put(PODS, pod('b'));
    const { call } = await setUp(east, west);
    await call('GET', PODS_URL);
    west.stop();
    await vi.waitFor(async () =>
      expect((await call('GET', PODS_URL)).headers.warning).toEqual([
        expect.stringContaining('cluster \\"west\\" is shown as it was'),
      ]),
    );
    expect(namesOf((await call('GET', PODS_URL)).json)).toEqual(['a', 'b']);
    expect((await call('GET', PODS_URL, undefined, { headers: { 'x-tmc-strict': 'true' } })).json).toMatchObject({
      code: 503,
      details: { causes: [{ field: 'west' }] },
    });
    expect((await call('GET', `${PODS_URL}/b`)).json.metadata.name).toBe('b');
  });

  test.each(['down', 'hanging'] as const)('is left out with a warning when it was %s from the start', async (fault) => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    west[fault] = true;
    const { call } = await setUp(east, west);
    const began = Date.now();
    const { json, headers } = await call('GET', PODS_URL);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(namesOf(json)).toEqual(['a']);
    expect(headers.warning).toEqual([expect.stringContaining('cluster \\"west\\" is missing')]);
    expect((await call('GET', `${PODS_URL}/b`)).status).toBe(404);
    expect((await call('GET', `${PODS_URL}/b@west`)).status).toBe(503);
    expect((await call('GET', '/api/v1/nodes/b')).status).toBe(503);
  });

  test('gives 503 where nothing at all is known', async () => {
    const east = cluster('east', 1);
    east.down = true;
    const { call } = await setUp(east);
    expect((await call('GET', '/api/v1/nodes')).json).toMatchObject({
      code: 503,
      details: { causes: [{ field: 'east' }] },
    });
  });
});

describe('writes', () => {
  test('go where the object lives, with versions translated, and are seen by the next list', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    west.put(PODS, pod('b'));
    const { call } = await setUp(east, west);
    const read = (await call('GET', `${PODS_URL}/b`)).json;
    const changed = await call('PUT', `${PODS_URL}/b`, { ...read, spec: { changed: true } });
    expect(changed.status).toBe(200);
    expect(BigInt(changed.json.metadata.resourceVersion)).toBeGreaterThan(BigInt(read.metadata.resourceVersion));
    const sent = west.objects.get('/pods/default/b');
    expect(sent?.metadata.labels).toEqual({});
    expect((await call('GET', PODS_URL)).json.items[0].spec).toEqual({ changed: true });
    expect((await call('PUT', `${PODS_URL}/b`, read)).json).toMatchObject({ code: 409, reason: 'Conflict' });
    const patched = await call(
      'PATCH',
      `${PODS_URL}/b@west`,
      { metadata: { labels: { x: 'y' } } },
      { type: 'application/merge-patch+json' },
    );
    expect(patched.json.metadata).toMatchObject({ name: 'b@west', labels: { x: 'y', [CLUSTER_LABEL]: 'west' } });
    expect((await call('DELETE', `${PODS_URL}/b`)).status).toBe(200);
    expect(namesOf((await call('GET', PODS_URL)).json)).toEqual([]);
  });

  test('reach a hashed cluster in its own namespace, and nothing of it comes back', async () => {
    const east = cluster('east', 1, 'Hashed');
    const own = giveNamespace(east, 'root:a', 'default');
    east.put(PODS, pod('p', own));
    const { call } = await setUp(east);
    const options = { workspace: 'root:a', type: 'application/merge-patch+json' };
    const { json } = await call(
      'PATCH',
      `${PODS_URL}/p`,
      { metadata: { namespace: 'default', labels: { x: 'y' } } },
      options,
    );
    expect(json.metadata).toMatchObject({ namespace: 'default', labels: { x: 'y' } });
    expect(JSON.stringify(json)).not.toContain(own);
    expect(east.requests.at(-1)?.path).toBe(`/api/v1/namespaces/${own}/pods/p`);
  });

  test('of authored objects stay in the hub with its versions', async () => {
    const { call } = await setUp(cluster('east', 1));
    const made = (await call('POST', MAPS_URL, configMap('x'))).json;
    expect(BigInt(made.metadata.resourceVersion) & 0x3fffn).toBe(0n);
    const next = await call('PUT', `${MAPS_URL}/x`, { ...made, data: { a: '1' } });
    expect(next.status).toBe(200);
    expect((await call('PUT', `${MAPS_URL}/x`, { ...made, data: { a: '2' } })).status).toBe(409);
    expect((await call('GET', `${MAPS_URL}/x`)).json.metadata.resourceVersion).toBe(next.json.metadata.resourceVersion);
  });

  test('an authored pod is evicted with its copy, but not on trial', async () => {
    const east = cluster('east', 1);
    const { call } = await setUp(east);
    const { metadata } = (await call('POST', PODS_URL, { ...authoredPod, kind: 'Pod', apiVersion: 'v1' })).json;
    east.put(PODS, {
      metadata: {
        name: 'web',
        namespace: 'default',
        labels: { [COPY_LABEL]: 'k' },
        annotations: { [COPY_UID_ANNOTATION]: metadata.uid },
      },
    });
    const evict = (more: object = {}, query = '') =>
      call('POST', `${PODS_URL}/web/eviction${query}`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'web' },
        ...more,
      });
    expect((await evict({}, '?dryRun=All')).status).toBe(201);
    expect((await evict({ deleteOptions: { dryRun: ['All'] } })).status).toBe(201);
    expect((await call('GET', `${PODS_URL}/web`)).status).toBe(200);
    expect((await evict()).status).toBe(201);
    expect(east.requests.at(-1)?.path).toBe('/api/v1/namespaces/default/pods/web/eviction');
    expect((await call('GET', `${PODS_URL}/web`)).status).toBe(404);
  });

  test('streams are handed on to the cluster of the object', async () => {
    const west = cluster('west', 2, 'Hashed');
    const own = giveNamespace(west, 'root:a', 'default');
    west.put(PODS, pod('p', own));
    const { call } = await setUp(cluster('east', 1), west);
    const { proxy } = await call('GET', `${PODS_URL}/p/log?follow=true&container=c`, undefined, {
      workspace: 'root:a',
    });
    expect(proxy).toMatchObject({
      clusterName: 'west',
      path: `/api/v1/namespaces/${own}/pods/p/log?follow=true&container=c`,
    });
  });

  test.each([
    ['p:8080', 'p:8080'],
    ['https:p:443', 'https:p:443'],
    ['p@west:http', 'p:http'],
    [':p:80', ':p:80'],
  ])('a pod may be proxied to by scheme and port: %s', async (name, own) => {
    const west = cluster('west', 2);
    west.put(PODS, pod('p'));
    const { call } = await setUp(cluster('east', 1), west);
    const { proxy } = await call('GET', `${PODS_URL}/${name}/proxy/x`);
    expect(proxy).toMatchObject({
      clusterName: 'west',
      path: `/api/v1/namespaces/default/pods/${encodeURIComponent(own)}/proxy/x`,
    });
  });

  test('a kind of clusters alone must say where it is created', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    const { call } = await setUp(east, west);
    const node = { kind: 'Node', apiVersion: 'v1', metadata: { name: 'n' } };
    expect((await call('POST', '/api/v1/nodes', node)).json).toMatchObject({ code: 422, reason: 'Invalid' });
    const made = await call('POST', '/api/v1/nodes', { ...node, metadata: { name: 'n@west' } });
    expect(made.status).toBe(201);
    expect(west.objects.has('/nodes//n')).toBe(true);
    expect(east.objects.has('/nodes//n')).toBe(false);
  });
});

test('a slice of one cluster shows that cluster alone', async () => {
  const [east, west] = [cluster('east', 1), cluster('west', 2)];
  for (const one of [east, west]) one.put(PODS, pod('same'));
  west.put(CONFIGMAPS, {
    ...configMap('copy'),
    metadata: {
      name: 'copy',
      namespace: 'default',
      labels: { [COPY_LABEL]: 'k' },
      annotations: { [COPY_UID_ANNOTATION]: 'u' },
    },
  });
  const { call } = await setUp(east, west);
  expect(namesOf((await call('GET', MAPS_URL)).json)).toEqual([]);
  expect(namesOf((await call('GET', MAPS_URL, undefined, { onlyCluster: 'west' })).json)).toEqual(['copy']);
  expect((await call('GET', `${MAPS_URL}/copy`, undefined, { onlyCluster: 'west' })).status).toBe(200);
  const { json } = await call('GET', PODS_URL, undefined, { onlyCluster: 'west' });
  expect(
    json.items.map((item: { metadata: { name: string; labels: object } }) => [
      item.metadata.name,
      item.metadata.labels,
    ]),
  ).toEqual([['same', { [CLUSTER_LABEL]: 'west' }]]);
});
