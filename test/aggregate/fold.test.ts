/** What one authored object's copies make in several clusters is one object: shown, watched, named and refused as one. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { folderOf, foldUid } from '../../src/aggregate/fold.ts';
import { decodeVersion, FOLD_SLOT } from '../../src/aggregate/resource-version.ts';
import { COPY_LABEL, COPY_UID_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import type { ResourceInfo } from '../../src/kube/resource.ts';
import { DEPLOYMENTS, FakeCluster, NAMESPACES, NODES, PODS, REPLICASETS } from '../support/fake-cluster.ts';
import { giveNamespace, startView, type ViewHarness } from './view-harness.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const HUB_UID = '0000aaaa-1111-4222-8333-444455556666';
const SETS = '/apis/apps/v1/namespaces/default/replicasets';
const ALL = [PODS, NAMESPACES, NODES, DEPLOYMENTS, REPLICASETS];
const cluster = (name: string, slot: number): FakeCluster =>
  new FakeCluster({ name, slot, namespaceMapping: 'Hashed', resources: ALL });

const open: ViewHarness[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
const setUp = async (...clusters: FakeCluster[]): ReturnType<typeof startView> => {
  const harness = await startView(...clusters);
  open.push(harness);
  return harness;
};

const uidIn = (one: FakeCluster, last: number): string => `${one.slot}0000000-0000-4000-8000-00000000000${last}`;

interface SetOptions {
  readonly name?: string;
  readonly replicas?: number;
  readonly ready?: number;
  readonly revision?: number;
  readonly hubUid?: string | null;
}

/** As a cluster's Deployment controller makes it for the copy of `web`: it gives it the copy's annotations. */
function putSet(one: FakeCluster, options: SetOptions = {}): void {
  const { name = 'web-1', replicas = 2, ready = replicas, revision = 1, hubUid = HUB_UID } = options;
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: uidIn(one, 1), controller: true };
  one.put(REPLICASETS, {
    metadata: {
      name,
      namespace: giveNamespace(one, 'root', 'default'),
      uid: uidIn(one, 2),
      generation: one.slot,
      labels: { app: 'web' },
      annotations: { [REVISION]: String(revision), ...(hubUid === null ? {} : { [COPY_UID_ANNOTATION]: hubUid }) },
      ownerReferences: [owner],
    },
    spec: { replicas, selector: { matchLabels: { app: 'web' } } },
    status: { replicas, readyReplicas: ready, observedGeneration: one.slot },
  });
}

function putDeployment(one: FakeCluster): void {
  one.put(DEPLOYMENTS, {
    metadata: {
      name: 'web',
      namespace: giveNamespace(one, 'root', 'default'),
      uid: uidIn(one, 1),
      labels: { [COPY_LABEL]: one.key },
      annotations: { [COPY_UID_ANNOTATION]: HUB_UID },
    },
  });
}

function putPod(one: FakeCluster, name: string): void {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: uidIn(one, 2), controller: true };
  const namespace = giveNamespace(one, 'root', 'default');
  one.put(PODS, { metadata: { name, namespace, ownerReferences: [owner] } });
}

function both(options: [SetOptions, SetOptions] = [{}, {}]): [FakeCluster, FakeCluster] {
  const clusters: [FakeCluster, FakeCluster] = [cluster('east', 1), cluster('west', 2)];
  clusters.forEach((one, index) => {
    putDeployment(one);
    putSet(one, options[index]);
    putPod(one, `pod-${one.clusterName}`);
  });
  return clusters;
}

const SHOWN_UID = foldUid(HUB_UID, REPLICASETS, 'web-1');

describe('the ReplicaSets of a Deployment in two clusters', () => {
  test('are one, with the sum of what they have, in a list, by name and in a table', async () => {
    const { call } = await setUp(...both([{ ready: 1 }, { replicas: 3, revision: 4 }]));
    const { items } = (await call('GET', SETS)).json;
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      metadata: { name: 'web-1', uid: SHOWN_UID, namespace: 'default', generation: 3, labels: { app: 'web' } },
      spec: { replicas: 5 },
      status: { replicas: 5, readyReplicas: 4, observedGeneration: 3 },
    });
    const { metadata } = items[0];
    expect(metadata.annotations).toEqual({ [REVISION]: '4' });
    expect(metadata.labels).toEqual({ app: 'web' });
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'web', uid: HUB_UID }]);
    expect(metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
    expect((await call('GET', `${SETS}/web-1`)).json).toMatchObject(items[0]);
    expect((await call('GET', `${SETS}?limit=1`)).json.items).toEqual(items);
    const table = (await call('GET', SETS, undefined, { headers: { accept: TABLE } })).json;
    expect(table.rows.map(({ cells }: { cells: unknown[] }) => cells.slice(0, 5))).toEqual([
      ['web-1', 'east,west', 5, 5, 4],
    ]);
  });

  test('are each reached by name@cluster, as their clusters have them', async () => {
    const { call } = await setUp(...both());
    const { json } = await call('GET', `${SETS}/web-1@west`);
    expect(json).toMatchObject({
      metadata: { name: 'web-1@west', uid: uidIn(cluster('west', 2), 2) },
      spec: { replicas: 2 },
    });
  });

  test('are the one that their pods name, also when a pod is all that was ever asked for', async () => {
    const { call } = await setUp(...both());
    const pod = (await call('GET', '/api/v1/namespaces/default/pods/pod-west')).json;
    expect(pod.metadata.ownerReferences).toMatchObject([{ name: 'web-1', uid: SHOWN_UID }]);
    const { items } = (await call('GET', '/api/v1/namespaces/default/pods')).json;
    for (const { metadata } of items)
      expect(metadata.ownerReferences).toMatchObject([{ name: 'web-1', uid: SHOWN_UID }]);
  });

  test('stay one object for watchers while any of them is there', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const one of [east, west]) giveNamespace(one, 'root', 'default');
    const { watch, call } = await setUp(east, west);
    await call('GET', SETS);
    const tap = await watch(`${SETS}?watch=true&allowWatchBookmarks=true`);
    const told = (): unknown[] =>
      tap.events
        .filter(({ type }) => type !== 'BOOKMARK')
        .map(({ type, object }) => [type, object.metadata.name, object.metadata.uid, object.spec.replicas]);
    putSet(east);
    await vi.waitFor(() => expect(told()).toHaveLength(1));
    putSet(west);
    await vi.waitFor(() => expect(told()).toHaveLength(2));
    putSet(west, { replicas: 5 });
    await vi.waitFor(() => expect(told()).toHaveLength(3));
    const listed = (await call('GET', SETS)).json.items[0];
    expect(tap.events.at(-2)).toMatchObject({ type: 'MODIFIED', object: listed });
    // The folded version is no place to go on from: a bookmark follows it.
    expect(decodeVersion(BigInt(listed.metadata.resourceVersion)).slot).toBe(FOLD_SLOT);
    expect(decodeVersion(BigInt(tap.events.at(-1).object.metadata.resourceVersion)).slot).toBe(2);
    east.remove(REPLICASETS, giveNamespace(east, 'root', 'default'), 'web-1');
    await vi.waitFor(() => expect(told()).toHaveLength(4));
    west.remove(REPLICASETS, giveNamespace(west, 'root', 'default'), 'web-1');
    await vi.waitFor(() => expect(told()).toHaveLength(5));
    expect(told()).toEqual([
      ['ADDED', 'web-1', SHOWN_UID, 2],
      ['MODIFIED', 'web-1', SHOWN_UID, 4],
      ['MODIFIED', 'web-1', SHOWN_UID, 7],
      ['MODIFIED', 'web-1', SHOWN_UID, 5],
      ['DELETED', 'web-1', SHOWN_UID, 5],
    ]);
    // Who was cut off after the bookmark is told the rest; who goes on from the folded version lists again.
    const place = tap.events[tap.events.findIndex(({ object }) => object.spec?.replicas === 7) + 1].object;
    const resumed = await watch(`${SETS}?watch=true&resourceVersion=${place.metadata.resourceVersion}`);
    await resumed.until(2);
    expect(resumed.events.map(({ type, object }) => [type, object.spec.replicas])).toEqual([
      ['MODIFIED', 5],
      ['DELETED', 5],
    ]);
    const expired = await watch(`${SETS}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`);
    await expired.until(1);
    expect(expired.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });

  test('are told once more, not deleted, when a cluster leaves', async () => {
    const [east, west] = both();
    const { watch, registry } = await setUp(east, west);
    const tap = await watch(`${SETS}?watch=true`);
    await tap.until(1);
    registry.leave(west);
    await tap.until(2);
    expect(tap.events.map(({ type, object }) => [type, object.metadata.uid, object.spec.replicas])).toEqual([
      ['ADDED', SHOWN_UID, 4],
      ['MODIFIED', SHOWN_UID, 2],
    ]);
  });

  test('are shown side by side where they are not of one authored Deployment', async () => {
    const { call } = await setUp(...both([{}, { hubUid: null }]));
    const { items } = (await call('GET', SETS)).json;
    expect(items.map(({ metadata }: { metadata: object }) => metadata)).toMatchObject([
      { name: 'web-1@east', uid: uidIn(cluster('east', 1), 2) },
      { name: 'web-1@west', uid: uidIn(cluster('west', 2), 2) },
    ]);
    expect((await call('GET', `${SETS}/web-1`)).json).toMatchObject({ code: 409 });
  });
});

describe('requests to one that stands for several', () => {
  test('are refused where they would change it, with what to do instead', async () => {
    const { call } = await setUp(...both());
    const shown = (await call('GET', `${SETS}/web-1`)).json;
    const refused = {
      code: 403,
      message:
        'replicasets.apps "web-1" is forbidden: it stands for those that Deployment "web" has in 2 clusters: change the Deployment, or one of "web-1@east", "web-1@west"',
    };
    expect((await call('PUT', `${SETS}/web-1`, shown)).json).toMatchObject(refused);
    const patch = { type: 'application/merge-patch+json' };
    expect((await call('PATCH', `${SETS}/web-1`, { spec: { replicas: 1 } }, patch)).json).toMatchObject(refused);
    expect((await call('PATCH', `${SETS}/web-1/scale`, { spec: { replicas: 1 } }, patch)).json).toMatchObject(refused);
  });

  test('change it where one cluster alone has it, in that cluster’s terms', async () => {
    const east = cluster('east', 1);
    putSet(east);
    const { call } = await setUp(east);
    const shown = (await call('GET', `${SETS}/web-1`)).json;
    expect(shown.metadata.uid).toBe(SHOWN_UID);
    await call('PUT', `${SETS}/web-1`, shown);
    const sent = JSON.parse(String(east.requests.find(({ method }) => method === 'PUT')?.body));
    expect(sent.metadata).toMatchObject({ uid: uidIn(east, 2), resourceVersion: expect.stringMatching(/^10\d\d$/) });
    await call('PATCH', `${SETS}/web-1`, [{ op: 'test', path: '/metadata/uid', value: SHOWN_UID }], {
      type: 'application/json-patch+json',
    });
    const patch = JSON.parse(String(east.requests.find(({ method }) => method === 'PATCH')?.body));
    expect(patch).toMatchObject([{ value: uidIn(east, 2) }]);
  });

  test('read its scale and its status', async () => {
    const { call } = await setUp(...both());
    expect((await call('GET', `${SETS}/web-1/scale`)).json).toMatchObject({
      kind: 'Scale',
      metadata: { name: 'web-1', uid: SHOWN_UID },
      spec: { replicas: 4 },
      status: { replicas: 4, selector: 'app=web' },
    });
    expect((await call('GET', `${SETS}/web-1/status`)).json).toMatchObject({
      kind: 'ReplicaSet',
      status: { replicas: 4 },
    });
  });

  test('delete it in each cluster, under the terms that were set for the whole', async () => {
    const clusters = both();
    const { call } = await setUp(...clusters);
    await call('GET', SETS);
    const { uid, resourceVersion } = (await call('GET', `${SETS}/web-1`)).json.metadata;
    const wrong = await call('DELETE', `${SETS}/web-1`, { preconditions: { uid, resourceVersion: '77' } });
    expect(wrong.json).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on ReplicaSet.apps "web-1": the ResourceVersion in the precondition (77) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    });
    const answer = await call('DELETE', `${SETS}/web-1`, { preconditions: { uid, resourceVersion } });
    expect(answer.json).toMatchObject({ status: 'Success', details: { name: 'web-1', kind: 'replicasets', uid } });
    for (const one of clusters) {
      const sent = one.requests.find(({ method }) => method === 'DELETE');
      const { preconditions } = JSON.parse(String(sent?.body));
      expect(preconditions).toEqual({ uid: uidIn(one, 2), resourceVersion: expect.stringMatching(/^[12]0\d\d$/) });
    }
    expect((await call('GET', SETS)).json.items).toEqual([]);
  });

  test('delete all there are in each cluster', async () => {
    const clusters = both();
    const { call } = await setUp(...clusters);
    await call('DELETE', SETS);
    for (const one of clusters) expect(one.requests.some(({ method }) => method === 'DELETE')).toBe(true);
  });
});

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

describe('folding', () => {
  const revisions: ResourceInfo = {
    ...REPLICASETS,
    resource: 'controllerrevisions',
    singular: 'controllerrevision',
    kind: 'ControllerRevision',
  };
  const part = (clusterName: string, resource: ResourceInfo, metadata: object, rest: object) => {
    const object = { kind: resource.kind, apiVersion: 'apps/v1', metadata: { name: 'x', ...metadata }, ...rest };
    const bytes = Buffer.from(JSON.stringify(object));
    const item = {
      name: 'x',
      uid: clusterName,
      resourceVersion: 5n,
      labels: {},
      bytes,
      nameAt: 0,
      mark: { fold: 'u' },
    };
    return { clusterName, item };
  };
  const folded = (resource: ResourceInfo, ...parts: ReturnType<typeof part>[]) =>
    JSON.parse(folderOf(resource)?.(parts)?.bytes.toString() ?? 'null');

  test('takes the highest revision of StatefulSets’ histories', () => {
    const parts = [
      part('a', revisions, {}, { data: { a: 1 }, revision: 2 }),
      part('b', revisions, {}, { revision: 3 }),
    ];
    expect(folded(revisions, ...parts)).toMatchObject({ kind: 'ControllerRevision', data: { a: 1 }, revision: 3 });
  });

  test('shows one that goes in one cluster as one that stays, and the oldest time', () => {
    const going = { deletionTimestamp: '2026-01-03T00:00:00Z', creationTimestamp: '2026-01-01T00:00:00Z' };
    const staying = { creationTimestamp: '2026-01-02T00:00:00Z' };
    const object = folded(REPLICASETS, part('a', REPLICASETS, going, {}), part('b', REPLICASETS, staying, {}));
    expect(object.metadata.deletionTimestamp).toBeUndefined();
    expect(object.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
  });

  test('says in which cluster pods cannot be made', () => {
    const status = { replicas: 1, conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'no quota' }] };
    const object = folded(
      REPLICASETS,
      part('a', REPLICASETS, {}, { status: { replicas: 1 } }),
      part('b', REPLICASETS, {}, { status }),
    );
    expect(object.status.conditions).toEqual([{ type: 'ReplicaFailure', status: 'True', message: 'b: no quota' }]);
  });

  test('gives each name of each owner an uid of its own, the same everywhere', () => {
    const uid = foldUid(HUB_UID, REPLICASETS, 'web-1');
    expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(foldUid(HUB_UID, REPLICASETS, 'web-2')).not.toBe(uid);
    expect(foldUid(`${HUB_UID.slice(0, -1)}7`, REPLICASETS, 'web-1')).not.toBe(uid);
  });
});
