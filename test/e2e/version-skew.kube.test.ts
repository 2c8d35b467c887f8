/** A fleet of unequal age: a cluster of an older Kubernetes and one of the pinned version, seen as one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { ensureKubectl, olderKubectlVersions } from '../kube/kubectl-builds.ts';
import { ensureOlderServers, olderKubernetesVersion } from '../kube/older-servers.ts';
import { countByCluster, type JoinedClusters, joinClusters, linesOf, VIEW } from '../support/joined-clusters.ts';
import { observeWatch } from '../support/observe-watch.ts';
import { waitFor } from '../support/wait-for.ts';

let world: JoinedClusters<'old' | 'new'>;
beforeAll(async () => {
  const assets = await ensureOlderServers(olderKubernetesVersion, (line) => console.log(line));
  // Fields of the authentication configuration are younger; its controllers are not built.
  const old = {
    assets,
    controllers: false,
    nodes: 1,
    extraApiServerArgs: ['--authentication-config=', '--feature-gates=DynamicResourceAllocation=true'],
    runtimeConfig: { 'resource.k8s.io/v1alpha2': 'true' },
  };
  world = await joinClusters(['old', 'new'], { nodes: 1, each: { old } });
  await waitFor(
    'both to be known',
    async () => countByCluster(await world.ok('get', 'nodes', '--no-headers')).old === 1,
  );
}, 1_200_000);
afterAll(() => world?.stop());

interface Discovery {
  readonly items: readonly { metadata: { name: string }; versions: readonly VersionDiscovery[] }[];
}
interface VersionDiscovery {
  readonly version: string;
  readonly freshness?: string;
  readonly resources: readonly { resource: string; responseKind: { kind: string } }[];
}

const aggregated = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** `group/version/resource` of all that an aggregated document tells, `group/version` in its own order. */
async function kindsOf(cluster: Pick<KubeCluster, 'fetch'>, root: string, version: string) {
  const answer = await cluster.fetch<Discovery>(root, { headers: { accept: aggregated(version) } });
  expect(answer.status).toBe(200);
  const resources = new Set<string>();
  const versions: Record<string, string[]> = {};
  for (const { metadata, versions: served } of answer.json.items) {
    versions[metadata.name ?? ''] = served.map((each) => each.version);
    for (const each of served) {
      expect(each.freshness ?? 'Current').toBe('Current');
      for (const { resource } of each.resources) resources.add(`${metadata.name ?? ''}/${each.version}/${resource}`);
    }
  }
  return { resources, versions, type: String(answer.headers['content-type']) };
}

describe('discovery', () => {
  test.each(['/api', '/apis'])('%s, aggregated, is the union; versions that both serve come first', async (root) => {
    const { old, new: young } = world.clusters;
    const [older, newer] = [await kindsOf(old, root, 'v2'), await kindsOf(young, root, 'v2')];
    const merged = await kindsOf(world.admin, VIEW + root, 'v2');
    for (const resource of [...older.resources, ...newer.resources]) expect(merged.resources).toContain(resource);
    for (const [group, versions] of Object.entries(merged.versions)) {
      const both = (older.versions[group] ?? []).filter((one) => newer.versions[group]?.includes(one));
      if (both.length > 0) expect(both, group).toContain(versions[0]);
    }
    expect((await kindsOf(world.admin, VIEW + root, 'v2beta1')).resources).toEqual(merged.resources);
  });

  test('has kinds and versions of only one, in the way of old clients too', async () => {
    const [oldKinds, newKinds] = await Promise.all(
      [world.clusters.old, world.clusters.new].map((cluster) => kindsOf(cluster, '/apis', 'v2')),
    );
    const onlyOld = [...(oldKinds?.resources ?? [])].filter((one) => !newKinds?.resources.has(one));
    const onlyNew = [...(newKinds?.resources ?? [])].filter((one) => !oldKinds?.resources.has(one));
    expect([onlyOld.length, onlyNew.length].every((count) => count > 0)).toBe(true);
    for (const each of [...onlyOld, ...onlyNew]) {
      const [group, version, resource] = each.split('/');
      const { status, json } = await world.admin.fetch<{ resources?: { name: string }[] }>(
        `${VIEW}/apis/${group}/${version}`,
      );
      expect(status, each).toBe(200);
      expect(
        json.resources?.map(({ name }) => name),
        each,
      ).toContain(resource);
    }
  });

  test('every kind can be listed, as JSON and as a table, without a warning that is not of either cluster', async () => {
    const { old, new: young } = world.clusters;
    const lists = new Set<string>();
    for (const cluster of [old, young]) {
      const groups = await cluster.fetchOk<{ groups: { versions: { groupVersion: string }[] }[] }>('/apis');
      const paths = groups.groups.flatMap(({ versions }) =>
        versions.map(({ groupVersion }) => `/apis/${groupVersion}`),
      );
      for (const path of ['/api/v1', ...paths]) {
        const { resources } = await cluster.fetchOk<{ resources: { name: string; verbs: string[] }[] }>(path);
        for (const { name, verbs } of resources) if (verbs.includes('list')) lists.add(`${path}/${name}`);
      }
    }
    expect(lists.size).toBeGreaterThan(50);
    const wrong: string[] = [];
    for (const path of lists) {
      for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
        const { status, headers, text } = await world.admin.fetch(VIEW + path, { headers: { accept } });
        const warnings = [headers.warning ?? []].flat().filter((one) => !one.includes('deprecated'));
        if (status !== 200 || warnings.length > 0)
          wrong.push(`${path} ${status} ${warnings} ${status === 200 ? '' : text}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 120_000);
});

describe('OpenAPI', () => {
  test('has every group version of either in v3, each whole, and the definitions of both in v2', async () => {
    const index = async (cluster: Pick<KubeCluster, 'fetchOk'>, prefix = '') =>
      Object.keys((await cluster.fetchOk<{ paths: object }>(`${prefix}/openapi/v3`)).paths);
    const merged = await index(world.admin, VIEW);
    // The first answer may be without a cluster that takes long for it, and says so.
    const v2 = await waitFor('the document of both', async () => {
      const { headers, json } = await world.admin.fetch<{ definitions: object }>(`${VIEW}/openapi/v2`);
      return headers.warning === undefined && json;
    });
    for (const cluster of [world.clusters.old, world.clusters.new]) {
      const own = (await index(cluster)).filter((path) => /^apis?\/.*\/?v\d/.test(path));
      for (const path of own) expect(merged, path).toContain(path);
      const direct = await cluster.fetchOk<{ definitions: object }>('/openapi/v2');
      const missing = Object.keys(direct.definitions).filter((name) => !(name in v2.definitions));
      expect(missing).toEqual([]);
      for (const path of own) {
        const [there, here] = await Promise.all([
          cluster.fetchOk<{ components?: { schemas?: object } }>(`/openapi/v3/${path}`),
          world.admin.fetchOk<{ components?: { schemas?: object } }>(`${VIEW}/openapi/v3/${path}`),
        ]);
        const names = Object.keys(there.components?.schemas ?? {});
        expect(
          names.filter((name) => !(name in (here.components?.schemas ?? {}))),
          path,
        ).toEqual([]);
      }
    }
  }, 60_000);
});

describe('objects', () => {
  /** Made by the syncer with the first object that it placed there. */
  async function downstreamNamespace(cluster: KubeCluster): Promise<string> {
    const { items } = await cluster.fetchOk<{ items: KubeObject[] }>('/api/v1/namespaces');
    return items.find(({ metadata }) => metadata.name?.startsWith('kcp-'))?.metadata.name as string;
  }

  test('of one kind, written in either cluster, are one list and one watch', async () => {
    const path = `${VIEW}/api/v1/nodes`;
    const watch = await observeWatch(world.admin, path);
    await waitFor('both nodes', () => watch.state.size === 2);
    for (const cluster of [world.clusters.old, world.clusters.new]) {
      await cluster.fetchOk('/api/v1/nodes', {
        method: 'POST',
        body: { apiVersion: 'v1', kind: 'Node', metadata: { name: `${cluster.name}-late` } },
      });
    }
    await waitFor('the late ones', () => watch.state.has('/old-late') && watch.state.has('/new-late'));
    const { items } = await world.admin.fetchOk<{ items: KubeObject[] }>(path);
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([
      'new-late',
      'new-node-0',
      'old-late',
      'old-node-0',
    ]);
    await world.ok('label', 'node', 'old-late', 'new-late', 'of=both');
    for (const cluster of [world.clusters.old, world.clusters.new]) {
      const { metadata } = await cluster.fetchOk<KubeObject>(`/api/v1/nodes/${cluster.name}-late`);
      expect(metadata.labels).toMatchObject({ of: 'both' });
    }
    await world.ok('delete', 'node', 'old-late', 'new-late');
    await waitFor('their end', () => watch.state.size === 2);
    watch.close();
  });

  test('are placed on both, and synced with the fields that each knows', async () => {
    await world.ok('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
    const counts = async (cluster: KubeCluster) =>
      (await cluster.fetchOk<{ items: { spec: { replicas: number } }[] }>('/apis/apps/v1/deployments')).items.map(
        ({ spec }) => spec.replicas,
      );
    await waitFor('two replicas in each', async () => {
      const [older, newer] = await Promise.all([counts(world.clusters.old), counts(world.clusters.new)]);
      return older.join() === '2' && newer.join() === '2';
    });
  });

  test('of a version that one of them lacks are those of the other', async () => {
    const claim = (cluster: KubeCluster, version: string, spec: object) => ({
      apiVersion: `resource.k8s.io/${version}`,
      kind: 'ResourceClaim',
      metadata: { name: `of-${cluster.name}`, namespace: 'default' },
      spec,
    });
    const { old, new: young } = world.clusters;
    const versions = { old: 'v1alpha2', new: 'v1' };
    const specs = {
      old: { resourceClassName: 'gpu' },
      new: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
    };
    for (const cluster of [old, young]) {
      const name = cluster.name as 'old' | 'new';
      const path = `/apis/resource.k8s.io/${versions[name]}`;
      const namespace = await downstreamNamespace(cluster);
      const body = claim(cluster, versions[name], specs[name]);
      body.metadata.namespace = namespace;
      await cluster.fetchOk(`${path}/namespaces/${namespace}/resourceclaims`, { method: 'POST', body });
      const listed = await waitFor('the claim', async () => {
        const { headers, json } = await world.admin.fetch<{ items: KubeObject[] }>(`${VIEW + path}/resourceclaims`);
        expect(headers.warning).toBeUndefined();
        return json.items.length > 0 && json.items;
      });
      expect(listed).toMatchObject([{ metadata: { name: `of-${name}`, namespace: 'default' }, spec: specs[name] }]);
    }
    expect(await world.ok('get', 'resourceclaims', '--no-headers')).toMatch(/^of-new\s+new\s/);
    expect(await world.ok('get', 'resourceclaims.v1alpha2.resource.k8s.io', '--no-headers')).toMatch(/^of-old\s+old\s/);
  });
});

describe.each([...olderKubectlVersions, undefined])('kubectl %s', (version) => {
  test('reads, explains, writes and watches over both', async () => {
    const options = version === undefined ? {} : { kubectl: await ensureKubectl(version) };
    const ok = async (...args: string[]): Promise<string> => {
      const cache = `${world.clusters.old.folder}/cache-${version}`;
      const { code, stdout, stderr } = await world.kubectlWith(options, '--cache-dir', cache, ...args);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    };
    expect(countByCluster(await ok('get', 'nodes', '--no-headers'))).toEqual({ old: 1, new: 1 });
    const resources = linesOf(await ok('api-resources', '--no-headers', '-o', 'name'));
    expect(resources).toEqual(expect.arrayContaining(['pods', 'deployments.apps', 'resourceclaims.resource.k8s.io']));
    expect(await ok('api-versions')).toContain('apps/v1');
    for (const kind of ['pod.spec', 'deployment.spec.strategy', 'node.status', 'resourceclaim.spec']) {
      expect(await ok('explain', kind)).toContain('FIELDS:');
    }
    expect(await ok('describe', 'node', 'old-node-0')).toContain('old-node-0');
    await ok('label', 'nodes', '--all', '--overwrite', `seen=by-${version ?? 'newest'}`);
    for (const cluster of [world.clusters.old, world.clusters.new]) {
      const node = await cluster.fetchOk<KubeObject>(`/api/v1/nodes/${cluster.name}-node-0`);
      expect(node.metadata.labels?.seen).toBe(`by-${version ?? 'newest'}`);
    }
    expect(linesOf(await ok('get', 'all,nodes,resourceclaims', '-A')).length).toBeGreaterThan(10);
  }, 120_000);
});
