import { describe, expect, it } from 'vitest';
import { createMergedDiscovery } from '../../src/aggregate/discovery.ts';
import type { ApiRequest, ApiResponse } from '../../src/kube/api.ts';
import type { ResourceInfo } from '../../src/kube/resource.ts';
import { type FakeDownstream, fakeDownstream, fakeRegistry, resourceInfo } from '../support/fake-downstream.ts';
import { apiGet } from './api-request.ts';

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const deployments = resourceInfo('apps/v1', 'deployments', 'Deployment');
const pods = resourceInfo('v1', 'pods', 'Pod', { subresources: [{ name: 'status', kind: 'Pod', verbs: ['get'] }] });
const clusterPods = resourceInfo('v1', 'pods', 'Pod', {
  subresources: [
    { name: 'log', kind: 'Pod', verbs: ['get'] },
    { name: 'status', kind: 'Pod', verbs: ['get', 'patch'] },
  ],
});
const widgets = (version: string, extra: Partial<ResourceInfo> = {}) =>
  resourceInfo(`acme.com/${version}`, 'widgets', 'Widget', extra);

const setUp = (...clusters: FakeDownstream[]) => setUpHub([], ...clusters);

/** `custom`: what the hub serves beside built-in kinds. */
function setUpHub(custom: readonly ResourceInfo[], ...clusters: FakeDownstream[]) {
  const kinds = [deployments, pods, ...custom].map((info) => ({
    info,
    schema: undefined,
    custom: custom.includes(info),
  }));
  const merged = createMergedDiscovery({
    hub: { definitions: async () => kinds },
    registry: fakeRegistry(...clusters),
    firstDiscoveryMs: 50,
  });
  const get = async (path: string, headers: Record<string, string> = {}, more: Partial<ApiRequest> = {}) => {
    const { status, headers: answered, body } = (await merged.handle(apiGet(path, headers, more))) as ApiResponse;
    const text = Buffer.from(body as Uint8Array).toString();
    return { status, headers: answered, document: text === '' ? undefined : JSON.parse(text) };
  };
  const groups = async (more: Partial<ApiRequest> = {}) =>
    Object.fromEntries(
      (await get('/apis', { accept: V2 }, more)).document.items.map(
        (item: { metadata: { name: string }; versions: { version: string; freshness: string }[] }) => [
          item.metadata.name,
          item.versions.map(({ version, freshness }) => (freshness === 'Stale' ? `${version}!` : version)),
        ],
      ),
    );
  return { merged, get, groups };
}

function cluster(name: string, ...resources: ResourceInfo[]): FakeDownstream {
  const made = fakeDownstream(name);
  made.serve(resources);
  return made;
}

describe('merged discovery', () => {
  it('is the union of hub and clusters; a kind of one cluster is listed', async () => {
    const { get } = setUp(cluster('east', clusterPods, widgets('v1')), cluster('west', clusterPods));
    const { status, headers, document } = await get('/apis', { accept: `${V2},application/json` });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(V2);
    expect(document.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      'acme.com',
      'apps',
    ]);
    expect(document.items[0].versions[0]).toMatchObject({
      version: 'v1',
      freshness: 'Current',
      resources: [
        { resource: 'widgets', responseKind: { kind: 'Widget' }, scope: 'Namespaced', singularResource: 'widget' },
      ],
    });
  });

  it('gives kinds of the hub their own verbs and what only clusters can do as subresources', async () => {
    const { get } = setUp(cluster('east', clusterPods));
    const { document } = await get('/api', { accept: V2 });
    expect(document.items[0].versions[0].resources[0]).toMatchObject({
      resource: 'pods',
      subresources: [
        { subresource: 'log', verbs: ['get'] },
        { subresource: 'status', verbs: ['get'] },
      ],
    });
  });

  it('prefers the newest version that all serve', async () => {
    const { groups, get } = setUp(
      cluster('east', widgets('v1'), widgets('v1beta1')),
      cluster('west', widgets('v1beta1')),
    );
    expect((await groups())['acme.com']).toEqual(['v1beta1', 'v1']);
    expect((await get('/apis/acme.com')).document.preferredVersion.version).toBe('v1beta1');
  });

  it('keeps a single cluster’s own order of versions', async () => {
    const { groups } = setUp(cluster('east', widgets('v1beta1'), widgets('v1')));
    expect((await groups())['acme.com']).toEqual(['v1beta1', 'v1']);
  });

  it('orders custom groups of the hub by name, behind the built-in ones', async () => {
    const custom = [resourceInfo('zoo.test/v1', 'apes', 'Ape'), resourceInfo('bar.test/v1', 'foos', 'Foo')];
    expect(Object.keys(await setUpHub(custom).groups())).toEqual(['apps', 'bar.test', 'zoo.test']);
  });

  it('tells where kinds are stored, as far as it knows: by version in legacy lists', async () => {
    const custom = [widgets('v1', { storageVersion: 'v1beta1' }), widgets('v1beta1', { storageVersion: 'v1beta1' })];
    const other = resourceInfo('zoo.test/v1', 'apes', 'Ape');
    const { get } = setUpHub(custom, cluster('east', other));
    const hashes = async (path: string) =>
      (await get(path)).document.resources.map((one: { storageVersionHash?: string }) => one.storageVersionHash);
    expect(await hashes('/apis/apps/v1')).toEqual(['8aSe+NMegvE=']);
    expect(await hashes('/apis/acme.com/v1')).toEqual(await hashes('/apis/acme.com/v1beta1'));
    expect(await hashes('/apis/zoo.test/v1')).toEqual([undefined]);
  });

  it('marks as stale only what nobody who answers serves', async () => {
    const east = cluster('east', deployments, widgets('v1'), widgets('v2'));
    const { groups } = setUp(east, cluster('west', widgets('v1')));
    east.setHealth('Unhealthy');
    expect(await groups()).toEqual({ 'acme.com': ['v1', 'v2!'], apps: ['v1'] });
    east.setHealth('Healthy');
    expect(await groups()).toEqual({ 'acme.com': ['v1', 'v2'], apps: ['v1'] });
  });

  it('answers 304 to the tag it gave, and another tag once the content differs', async () => {
    const east = cluster('east', widgets('v1'));
    const { get } = setUp(east);
    const first = await get('/apis', { accept: V2 });
    const tag = String(first.headers.etag);
    expect(await get('/apis', { accept: V2, 'if-none-match': tag })).toMatchObject({
      status: 304,
      document: undefined,
    });
    east.serve([widgets('v1'), widgets('v2')]);
    const second = await get('/apis', { accept: V2, 'if-none-match': tag });
    expect(second.status).toBe(200);
    expect(second.headers.etag).not.toBe(tag);
  });

  it('serves v2beta1, nopeer and legacy clients', async () => {
    const { get } = setUp(cluster('east', clusterPods, widgets('v1')));
    const beta = await get('/apis', { accept: V2.replace('v=v2', 'v=v2beta1') });
    expect(beta.document.apiVersion).toBe('apidiscovery.k8s.io/v2beta1');
    expect((await get('/apis', { accept: `${V2};profile=nopeer` })).document.kind).toBe('APIGroupDiscoveryList');
    expect((await get('/apis')).document).toMatchObject({
      kind: 'APIGroupList',
      groups: [{ name: 'acme.com' }, { name: 'apps' }],
    });
    expect((await get('/api', { host: 'gw:6443' })).document).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    expect((await get('/api/v1')).document.resources.map(({ name }: { name: string }) => name)).toEqual([
      'pods',
      'pods/log',
      'pods/status',
    ]);
    expect((await get('/apis/acme.com/v1')).document).toMatchObject({
      groupVersion: 'acme.com/v1',
      resources: [{ name: 'widgets' }],
    });
  });

  it('is 404 for groups and versions that nobody serves, 406 for what cannot be given', async () => {
    const { get } = setUp(cluster('east', widgets('v1')));
    for (const path of ['/apis/nothing', '/apis/acme.com/v9', '/api/v2', '/apis/__proto__/constructor']) {
      await expect(get(path)).rejects.toMatchObject({ code: 404 });
    }
    await expect(get('/apis', { accept: 'text/html' })).rejects.toMatchObject({ code: 406 });
  });

  it('leaves all other paths to others', () => {
    const { merged } = setUp();
    for (const path of ['/api/v1/pods', '/apis/apps/v1/deployments', '/version', '/apixs', '/']) {
      expect(merged.handle(apiGet(path))).toBeUndefined();
    }
  });

  it('narrows to one cluster, without the hub', async () => {
    const { groups } = setUp(cluster('east', widgets('v1')), cluster('west', deployments));
    expect(await groups({ onlyCluster: 'east' })).toEqual({ 'acme.com': ['v1'] });
    expect(await groups({ onlyCluster: 'nowhere' })).toEqual({});
  });

  it('waits a moment for a cluster that has just joined, and no longer', async () => {
    const east = fakeDownstream('east');
    const { groups } = setUp(east);
    setTimeout(() => east.serve([widgets('v1')]), 10);
    expect(await groups()).toHaveProperty(['acme.com']);
    const silent = fakeDownstream('silent');
    const second = setUp(silent);
    const begin = performance.now();
    expect(await second.groups()).toEqual({ apps: ['v1'] });
    // Bounded at all is the point: the cluster never answers.
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

describe('resolveResource', () => {
  it('names the sources that serve a resource', async () => {
    const east = cluster('east', deployments, widgets('v1'));
    const west = cluster('west', widgets('v1'));
    const silent = fakeDownstream('silent');
    silent.setHealth('Unhealthy');
    const { merged } = setUp(east, west, silent);
    expect(await merged.resolveResource('root:a', 'apps', 'v1', 'deployments')).toMatchObject({
      hub: true,
      clusters: [east],
    });
    expect(await merged.resolveResource('root:a', 'acme.com', 'v1', 'widgets')).toEqual({
      info: widgets('v1'),
      hub: false,
      clusters: [east, west],
      unknown: [silent],
    });
    expect(await merged.resolveResource('root:a', 'acme.com', 'v1', 'widgets', 'west')).toMatchObject({
      clusters: [west],
    });
    expect(await merged.resolveResource('root:a', 'acme.com', 'v2', 'widgets')).toBeUndefined();
  });

  it('names the new connection of a cluster whose endpoint changed', async () => {
    const clusters = [cluster('east', widgets('v1'))];
    const registry = { ...fakeRegistry(), visibleTo: () => clusters };
    const merged = createMergedDiscovery({ hub: { definitions: async () => [] }, registry });
    const resolved = async () => (await merged.resolveResource('root:a', 'acme.com', 'v1', 'widgets'))?.clusters[0];
    expect(await resolved()).toBe(clusters[0]);
    clusters[0] = cluster('east', widgets('v1'));
    expect(await resolved()).toBe(clusters[0]);
  });

  it('does not mix objects of another kind or scope under one name', async () => {
    const east = cluster('east', widgets('v1'));
    const west = cluster('west', widgets('v1', { namespaced: false }));
    const { merged } = setUp(east, west);
    expect(await merged.resolveResource('root:a', 'acme.com', 'v1', 'widgets')).toMatchObject({
      info: { namespaced: true },
      clusters: [east],
    });
  });
});
