/** ResourceProjections over a real hub and fake clusters: what a workspace's view shows, in every way of asking. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ResourceProjection } from '../../src/hub/kinds/resource-projection.ts';
import { CLUSTER_LABEL } from '../../src/hub/kinds/workload.ts';
import { CONFIGMAPS, DEPLOYMENTS, FakeCluster, NAMESPACES, NODES, PODS, REPLICASETS } from '../support/fake-cluster.ts';
import { giveNamespace, startView, type ViewHarness } from './view-harness.ts';

const ALL = [PODS, NAMESPACES, NODES, CONFIGMAPS, DEPLOYMENTS, REPLICASETS];
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

const pod = (name: string, phase = 'Running', labels: Record<string, string> = {}, namespace = 'default') => ({
  metadata: { name, namespace, labels, annotations: { note: 'secret' } },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: `image-of-${name}`, env: [{ name: 'KEY', value: 'k' }] }] },
  status: { phase, podIP: '10.0.0.1' },
});
const PODS_URL = '/api/v1/namespaces/default/pods';
const PROJECTIONS = { group: 'tmc.kcp.io', resource: 'resourceprojections' };

type Spec = Partial<ResourceProjection['spec']>;
const projection = (spec: Spec, name = 'p'): ResourceProjection =>
  ({
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ResourceProjection',
    metadata: { name },
    spec: { resources: [{ group: '', resource: 'pods' }], ...spec },
  }) as ResourceProjection;

/** Resolves when the view knows it. */
async function project({ hub, projections }: ViewHarness, spec: Spec, name = 'p', workspace = 'root') {
  const known = new Promise<void>((resolve) => {
    const stop = projections.onChange((changed) => {
      if (changed !== workspace) return;
      stop();
      resolve();
    });
  });
  await hub.client.create(workspace, PROJECTIONS, projection(spec, name));
  await known;
}

async function unproject({ hub, projections }: ViewHarness, name = 'p') {
  const known = new Promise<void>((resolve) => void projections.onChange(() => resolve()));
  await hub.client.delete({ ...PROJECTIONS, workspace: 'root', name });
  await known;
}

const namesOf = (list: { items: { metadata: { name: string } }[] }) => list.items.map((item) => item.metadata.name);
const listed = async ({ call }: ViewHarness, url = PODS_URL) => namesOf((await call('GET', url)).json);
const said = (events: { type: string; object: { metadata: { name?: string } } }[]) =>
  events.map((event) => `${event.type} ${event.object.metadata.name ?? ''}`.trim());

const selective = (...select: NonNullable<Spec['select']>): Spec => ({ projection: 'Selective', select });
const conditional = (condition: string): Spec => ({ projection: 'Conditional', condition });

describe('what is shown', () => {
  test.each<[string, Spec[], string[]]>([
    ['all by default', [{}], ['a', 'b', 'c', 'd']],
    ['by name', [selective({ names: ['a', 'd'] })], ['a', 'd']],
    ['by the shape of a name', [selective({ names: ['*c'] })], ['c']],
    ['by namespace', [selective({ namespaces: ['other'] })], ['d']],
    ['by label', [selective({ selector: { matchLabels: { app: 'web' } } })], ['a', 'c']],
    ['by cluster', [selective({ clusters: ['west'] })], ['c', 'd']],
    ["by a cluster's label", [selective({ clusterSelector: { matchLabels: { tier: 'gold' } } })], ['a', 'b']],
    [
      'where one rule of several holds',
      [selective({ names: ['a'] }, { clusters: ['west'], names: ['d'] })],
      ['a', 'd'],
    ],
    ['where all of a rule holds', [selective({ names: ['a', 'c'], clusters: ['west'] })], ['c']],
    ['by a condition', [conditional("object.status.phase == 'Running'")], ['a', 'd']],
    ['by a condition on the cluster', [conditional("cluster.labels.?tier.orValue('') == 'gold'")], ['a', 'b']],
    [
      'where every projection shows it',
      [selective({ clusters: ['east'] }), conditional("object.status.phase == 'Failed'")],
      ['b'],
    ],
    ['nothing where no answer is possible', [conditional('object.status.nothing == 1')], []],
    [
      'everything of kinds that are not named',
      [{ resources: [{ group: 'apps', resource: '*' }], ...selective({ names: ['x'] }) }],
      ['a', 'b', 'c', 'd'],
    ],
    ['of all kinds by a star', [{ resources: [{ group: '*', resource: '*' }], ...selective({ names: ['b'] }) }], ['b']],
  ])('%s', async (_what, specs, expected) => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a', 'Running', { app: 'web' }));
    east.put(PODS, pod('b', 'Failed'));
    west.put(PODS, pod('c', 'Failed', { app: 'web' }));
    west.put(PODS, pod('d', 'Running', {}, 'other'));
    const harness = await setUp(east, west);
    await harness.hub.client.create(
      'root',
      { group: 'workload.kcp.io', resource: 'synctargets' },
      {
        apiVersion: 'workload.kcp.io/v1alpha1',
        kind: 'SyncTarget',
        metadata: { name: 'east', labels: { tier: 'gold' } },
        spec: {},
      },
    );
    for (const [index, spec] of specs.entries()) await project(harness, spec, `p${index}`);
    await vi.waitFor(async () => expect(await listed(harness, '/api/v1/pods')).toEqual(expected));
  });

  test('holds for every way of reading and reaching an object', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    for (const one of [east, west])
      for (const name of ['a', 'b', 'c']) one.put(PODS, pod(`${name}-${one.clusterName}`));
    const harness = await setUp(east, west);
    await project(harness, selective({ clusters: ['west'] }));
    const { call } = harness;
    expect(await listed(harness)).toEqual(['a-west', 'b-west', 'c-west']);
    expect(await listed(harness, `${PODS_URL}?labelSelector=${CLUSTER_LABEL}%3Deast`)).toEqual([]);
    expect(await listed(harness, `${PODS_URL}?fieldSelector=metadata.name%3Da-east`)).toEqual([]);
    const page = (await call('GET', `${PODS_URL}?limit=1`)).json;
    expect(page.metadata.remainingItemCount).toBe(2);
    const table = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };
    expect((await call('GET', PODS_URL, undefined, table)).json.rows).toHaveLength(3);
    const counts = await call('GET', '/apis/tmc.kcp.io/v1alpha1/aggregatedviews/workspace');
    expect(counts.json.status.resourceCount.pods).toBe(3);
    for (const name of ['a-east', 'a-east@east']) {
      for (const [method, url] of [
        ['GET', ''],
        ['DELETE', ''],
        ['GET', '/status'],
        ['GET', '/log'],
        ['GET', '/exec?command=sh'],
        ['POST', '/eviction'],
      ] as const) {
        const { status } = await call(method, `${PODS_URL}/${name}${url}`, method === 'POST' ? {} : undefined);
        expect(status, `${method} ${name}${url}`).toBe(404);
      }
      const patch = await call(
        'PATCH',
        `${PODS_URL}/${name}`,
        { spec: { nodeName: 'x' } },
        {
          type: 'application/merge-patch+json',
        },
      );
      expect(patch.status).toBe(404);
    }
    expect(east.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    // The slice of one cluster is the same view.
    expect(namesOf((await call('GET', PODS_URL, undefined, { onlyCluster: 'east' })).json)).toEqual([]);
    expect((await call('GET', `${PODS_URL}/a-east`, undefined, { onlyCluster: 'east' })).status).toBe(404);
    expect((await call('GET', `${PODS_URL}/a-west/log`)).proxy?.clusterName).toBe('west');
  });

  test('deletes of a collection what is shown, and nothing else', async () => {
    const east = cluster('east', 1);
    for (const name of ['a', 'b']) east.put(PODS, pod(name, 'Running', { app: 'web' }));
    east.put(PODS, pod('c', 'Failed', { app: 'web' }));
    const harness = await setUp(east);
    await project(harness, conditional("object.status.phase == 'Running'"));
    const { status, json } = await harness.call('DELETE', `${PODS_URL}?labelSelector=app%3Dweb`);
    expect([status, namesOf(json)]).toEqual([200, ['a', 'b']]);
    expect([...east.objects.keys()].filter((key) => key.startsWith('/pods'))).toEqual(['/pods/default/c']);
  });

  test("one workspace's projection is nobody else's", async () => {
    const east = cluster('east', 1, 'Hashed');
    for (const workspace of ['root:a', 'root:b']) {
      east.put(PODS, pod('one', 'Running', {}, giveNamespace(east, workspace, 'default')));
    }
    const harness = await setUp(east);
    await project(harness, selective({ names: ['none'] }), 'p', 'root:a');
    const seen = async (workspace: string) =>
      namesOf((await harness.call('GET', PODS_URL, undefined, { workspace })).json);
    expect(await seen('root:a')).toEqual([]);
    await vi.waitFor(async () => expect(await seen('root:b')).toEqual(['one']));
    const watches = await Promise.all(
      ['root:a', 'root:b'].map((workspace) => harness.watch(`${PODS_URL}?watch=true`, { workspace })),
    );
    await watches[1]?.until(1);
    expect(watches.map(({ events }) => said(events))).toEqual([[], ['ADDED one']]);
  });
});

describe('watch', () => {
  test('what begins to be shown is ADDED, what ceases to be is DELETED as it was, at the version that hid it', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('a', 'Pending'));
    east.put(PODS, pod('b'));
    const harness = await setUp(east);
    await project(harness, conditional("object.status.phase == 'Running'"));
    const watch = await harness.watch(`${PODS_URL}?watch=true`);
    await watch.until(1);
    east.put(PODS, pod('a'));
    await watch.until(2);
    const failed = east.put(PODS, pod('b', 'Failed'));
    await watch.until(3);
    east.put(PODS, pod('b', 'Failed', { still: 'hidden' }));
    east.put(PODS, pod('a', 'Running', { n: '1' }));
    await watch.until(4);
    expect(said(watch.events)).toEqual(['ADDED b', 'ADDED a', 'DELETED b', 'MODIFIED a']);
    const { status, metadata } = watch.events[2].object;
    expect(status.phase).toBe('Running');
    expect(BigInt(metadata.resourceVersion) >> 14n).toBe(BigInt(failed.metadata.resourceVersion ?? 0));
    const resumed = await harness.watch(
      `${PODS_URL}?watch=true&resourceVersion=${watch.events[1].object.metadata.resourceVersion}`,
    );
    await resumed.until(2);
    expect(said(resumed.events)).toEqual(['DELETED b', 'MODIFIED a']);
  });

  test('is told what a new projection takes away and gives back; resuming across it is 410, from a new list it is not', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    east.put(PODS, pod('both'));
    west.put(PODS, pod('both'));
    const harness = await setUp(east, west);
    const before = (await harness.call('GET', PODS_URL)).json.metadata.resourceVersion;
    const watch = await harness.watch(`${PODS_URL}?watch=true`);
    await watch.until(3);
    await project(harness, selective({ clusters: ['west'] }));
    await watch.until(7);
    expect(said(watch.events.slice(3))).toEqual(['DELETED a', 'DELETED both@east', 'DELETED both@west', 'ADDED both']);
    const stale = await harness.watch(`${PODS_URL}?watch=true&resourceVersion=${before}`);
    await stale.until(1);
    expect(stale.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
    const now = (await harness.call('GET', PODS_URL)).json.metadata.resourceVersion;
    const resumed = await harness.watch(`${PODS_URL}?watch=true&resourceVersion=${now}`);
    west.put(PODS, pod('c'));
    await resumed.until(1);
    expect(said(resumed.events)).toEqual(['ADDED c']);
    await unproject(harness);
    await resumed.until(5);
    expect(said(resumed.events.slice(1))).toEqual(['DELETED both', 'ADDED a', 'ADDED both@east', 'ADDED both@west']);
  });

  test('from a list after a cluster left goes on', async () => {
    const [east, west] = [cluster('east', 1), cluster('west', 2)];
    east.put(PODS, pod('a'));
    west.put(PODS, pod('b'));
    const harness = await setUp(east, west);
    const watch = await harness.watch(`${PODS_URL}?watch=true`);
    await watch.until(2);
    harness.registry.leave(west);
    await watch.until(3);
    const { resourceVersion } = (await harness.call('GET', PODS_URL)).json.metadata;
    const next = await harness.watch(`${PODS_URL}?watch=true&resourceVersion=${resourceVersion}`);
    east.put(PODS, pod('c'));
    await next.until(1);
    expect(said(next.events)).toEqual(['ADDED c']);
  });
});

describe('fields', () => {
  test('a mask leaves what it names and what identifies the object', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('a', 'Running', { app: 'web' }));
    const harness = await setUp(east);
    await project(harness, { fields: ['/spec/containers/*/image', '/status/phase'] });
    const [item] = (await harness.call('GET', PODS_URL)).json.items;
    const { metadata, ...rest } = item;
    expect(rest).toEqual({ spec: { containers: [{ image: 'image-of-a' }] }, status: { phase: 'Running' } });
    expect(metadata).toMatchObject({
      name: 'a',
      namespace: 'default',
      labels: { app: 'web', [CLUSTER_LABEL]: 'east' },
    });
    expect(metadata.annotations).toBeUndefined();
    const one = (await harness.call('GET', `${PODS_URL}/a`)).json;
    expect(one).toEqual({ kind: 'Pod', apiVersion: 'v1', ...item });
  });

  test('transforms change what is read, selectors see what is shown, and it cannot be written back', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('a', 'Running', { app: 'web' }));
    const harness = await setUp(east);
    await project(harness, {
      transforms: [
        { operation: 'Set', path: '/metadata/labels/app', value: 'hidden' },
        { operation: 'Delete', path: '/spec/containers/0/env' },
        { operation: 'Replace', path: '/status/podIP', value: '' },
        {
          operation: 'Template',
          path: '/metadata/annotations/where',
          template: '{{ .cluster.name }}/{{ .object.name }}',
        },
      ],
    });
    const one = (await harness.call('GET', `${PODS_URL}/a`)).json;
    expect(one.metadata.labels).toEqual({ app: 'hidden', [CLUSTER_LABEL]: 'east' });
    expect(one.metadata.annotations).toEqual({ note: 'secret', where: 'east/a' });
    expect(one.spec.containers).toEqual([{ name: 'c', image: 'image-of-a' }]);
    expect(one.status).toEqual({ phase: 'Running', podIP: '' });
    expect(await listed(harness, `${PODS_URL}?labelSelector=app%3Dhidden`)).toEqual(['a']);
    expect(await listed(harness, `${PODS_URL}?labelSelector=app%3Dweb`)).toEqual([]);
    for (const [method, type] of [
      ['PUT', 'application/json'],
      ['PATCH', 'application/json-patch+json'],
    ] as const) {
      const refused = await harness.call(method, `${PODS_URL}/a`, method === 'PUT' ? one : [], { type });
      expect(refused.json).toMatchObject({
        code: 403,
        message:
          'pods "a" is forbidden: a ResourceProjection shows it with other fields than it has, so it can only be read',
      });
    }
    const deleted = await harness.call('DELETE', `${PODS_URL}/a`);
    expect([deleted.status, deleted.json.metadata?.labels?.app ?? 'hidden']).toEqual([200, 'hidden']);
  });

  test('what a transform cannot be applied to is not shown, and the projection says so', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('a', 'Running', { team: 'x' }));
    east.put(PODS, pod('b'));
    const harness = await setUp(east);
    await project(harness, {
      transforms: [{ operation: 'Replace', path: '/metadata/labels/team', value: 'y' }],
    });
    expect(await listed(harness)).toEqual(['a']);
    expect(harness.failures).toEqual(['p: default/b: cannot Replace /metadata/labels/team: there is no team']);
    expect((await harness.call('GET', `${PODS_URL}/b`)).status).toBe(404);
  });

  test('priorities decide who has the last word', async () => {
    const east = cluster('east', 1);
    east.put(PODS, pod('a'));
    const harness = await setUp(east);
    const set = (value: string): Spec => ({ transforms: [{ operation: 'Set', path: '/spec/nodeName', value }] });
    await project(harness, { ...set('low'), priority: 1 }, 'z');
    await project(harness, { ...set('high'), priority: 2 }, 'b');
    await project(harness, set('none'), 'c');
    expect((await harness.call('GET', `${PODS_URL}/a`)).json.spec.nodeName).toBe('high');
  });
});

describe('health', () => {
  test.each<[Spec, string]>([
    [{}, 'Unhealthy'],
    [{ health: 'Majority' }, 'Healthy'],
    [{ health: 'Any' }, 'Healthy'],
    [{ health: 'Weighted', weights: { north: 3 } }, 'Unhealthy'],
    [{ health: 'Weighted', weights: { east: 2 } }, 'Healthy'],
  ])("of the workspace's clusters, one of three down, by %j: %s", async (spec, expected) => {
    const [east, west, north] = [cluster('east', 1), cluster('west', 2), cluster('north', 3)];
    north.down = true;
    const harness = await setUp(east, west, north);
    await project(harness, { resources: [{ group: 'tmc.kcp.io', resource: 'aggregatedviews' }], ...spec });
    const { json } = await harness.call('GET', '/apis/tmc.kcp.io/v1alpha1/aggregatedviews/workspace');
    expect(json.status).toMatchObject({ health: expected, healthStatus: { healthy: 2, unhealthy: 1 } });
  });
});

describe('merge', () => {
  const map = (name: string, at: string) => ({
    metadata: { name, namespace: 'default', managedFields: [{ manager: 'm', operation: 'Update' as const, time: at }] },
    data: { at },
  });
  const MAPS_URL = '/api/v1/namespaces/default/configmaps';
  const maps: Spec = { resources: [{ group: '', resource: 'configmaps' }] };
  const [EARLY, LATE] = ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'];

  async function three() {
    const [east, west, north] = [cluster('east', 1), cluster('west', 2), cluster('north', 3)];
    east.put(CONFIGMAPS, map('all', EARLY));
    west.put(CONFIGMAPS, map('all', LATE));
    north.put(CONFIGMAPS, map('all', EARLY));
    east.put(CONFIGMAPS, map('two', LATE));
    west.put(CONFIGMAPS, map('two', EARLY));
    north.put(CONFIGMAPS, map('one', EARLY));
    return { east, west, north, harness: await setUp(east, west, north) };
  }
  const shown = async ({ call }: ViewHarness) =>
    (await call('GET', MAPS_URL)).json.items.map(
      ({ metadata: { name, labels } }: { metadata: { name: string; labels: Record<string, string> } }) =>
        `${name} of ${labels[CLUSTER_LABEL]}`,
    );

  test.each<[Spec, string[]]>([
    [
      { merge: 'Union' },
      [
        'all@east of east',
        'all@north of north',
        'all@west of west',
        'one of north',
        'two@east of east',
        'two@west of west',
      ],
    ],
    [{ merge: 'Priority', weights: { north: 5, west: 3 } }, ['all of north', 'one of north', 'two of west']],
    [{ merge: 'Priority' }, ['all of east', 'one of north', 'two of east']],
    [{ merge: 'Latest' }, ['all of west', 'one of north', 'two of east']],
    [{ merge: 'Intersection' }, ['all of east']],
    [{ merge: 'Intersection', ...selective({ clusters: ['east', 'west'] }) }, ['all of east', 'two of east']],
  ])('%j', async (spec, expected) => {
    const { harness } = await three();
    await project(harness, { ...maps, ...spec });
    expect(await shown(harness)).toEqual(expected);
    const { json } = await harness.call('GET', '/apis/tmc.kcp.io/v1alpha1/aggregatedviews/workspace');
    expect(json.status.resourceCount.configMaps).toBe(expected.length);
  });

  test('a name is the chosen object, qualified or not, and no other', async () => {
    const { harness, west } = await three();
    await project(harness, { ...maps, merge: 'Priority', weights: { west: 9 } });
    const { call } = harness;
    for (const name of ['all', 'all@west'])
      expect((await call('GET', `${MAPS_URL}/${name}`)).json.metadata.labels[CLUSTER_LABEL]).toBe('west');
    expect((await call('GET', `${MAPS_URL}/all@east`)).status).toBe(404);
    expect((await call('DELETE', `${MAPS_URL}/all`)).status).toBe(200);
    expect(west.objects.has('/configmaps/default/all')).toBe(false);
  });

  test('what was authored stands for all of its name', async () => {
    const { harness } = await three();
    await project(harness, { ...maps, merge: 'Latest' });
    const authored = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'two', namespace: 'default' } };
    expect((await harness.call('POST', MAPS_URL, authored)).status).toBe(201);
    const { json } = await harness.call('GET', `${MAPS_URL}/two`);
    expect(json.metadata.labels).toBeUndefined();
    expect(await listed(harness, MAPS_URL)).toEqual(['all', 'one', 'two']);
    expect((await harness.call('GET', `${MAPS_URL}/two@east`)).status).toBe(404);
  });

  test('another winner is another object: DELETED, ADDED, and a bookmark where its version is old', async () => {
    const { harness, east, west } = await three();
    await project(harness, { ...maps, merge: 'Latest' });
    const watch = await harness.watch(`${MAPS_URL}?watch=true&allowWatchBookmarks=true`);
    await watch.until(3);
    east.put(CONFIGMAPS, map('all', '2026-04-01T00:00:00Z'));
    await watch.until(5);
    west.put(CONFIGMAPS, map('all', '2026-03-02T00:00:00Z'));
    const gone = east.remove(CONFIGMAPS, 'default', 'all');
    await watch.until(8);
    expect(said(watch.events.slice(3))).toEqual(['DELETED all', 'ADDED all', 'DELETED all', 'ADDED all', 'BOOKMARK']);
    const clusters = watch.events.slice(3, 7).map(({ object }) => object.metadata.labels[CLUSTER_LABEL]);
    expect(clusters).toEqual(['west', 'east', 'east', 'west']);
    for (const { object } of watch.events) expect(object.metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
    expect(gone).toBeUndefined();
    expect(BigInt(watch.events[7].object.metadata.resourceVersion) & 0x3fffn).toBe(1n);
  });

  test('Intersection is told again when a cluster joins or leaves', async () => {
    const { harness, north } = await three();
    await project(harness, { ...maps, merge: 'Intersection' });
    const watch = await harness.watch(`${MAPS_URL}?watch=true`);
    await watch.until(1);
    harness.registry.leave(north);
    await watch.until(2);
    expect(said(watch.events)).toEqual(['ADDED all', 'ADDED two']);
    const south = cluster('south', 4);
    harness.registry.join(south);
    await watch.until(4);
    expect(said(watch.events.slice(2)).sort()).toEqual(['DELETED all', 'DELETED two']);
    south.put(CONFIGMAPS, map('two', LATE));
    await watch.until(5);
    expect(said(watch.events.slice(4))).toEqual(['ADDED two']);
  });
});
