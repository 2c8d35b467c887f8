/** Real clusters joined, watched, killed, rotated; what is merged of them compared with what each says directly. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMergedDiscovery } from '../../src/aggregate/discovery.ts';
import type { ViewDiscovery } from '../../src/aggregate/view-discovery.ts';
import type { ClusterRegistry } from '../../src/clusters/downstream.ts';
import { joinCluster } from '../../src/clusters/join.ts';
import { CLUSTER_REGISTRATIONS, SECRETS, SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import { leaveCluster } from '../../src/clusters/leave.ts';
import { startRegistrationController } from '../../src/clusters/registration-controller.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import type { ClusterRegistration, SyncTarget } from '../../src/hub/kinds/workload.ts';
import { COPY_LABEL } from '../../src/hub/kinds/workload.ts';
import type { ApiResponse } from '../../src/kube/api.ts';
import { syncTargetKey } from '../../src/kube/namespace-locator.ts';
import { systemClock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { apiGet } from '../aggregate/api-request.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { MemoryHub } from '../support/memory-hub.ts';
import { waitFor } from '../support/wait-for.ts';

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

let east: KubeCluster;
let west: KubeCluster;
const hub = new MemoryHub();
const stop = new AbortController();
let registry: ClusterRegistry;
let merged: ViewDiscovery;

const join = (cluster: KubeCluster) =>
  joinCluster({
    hub: hub.client,
    workspace: 'root',
    name: cluster.name,
    kubeconfig: readFileSync(cluster.kubeconfigPath, 'utf8'),
    spec: { location: { region: cluster.name } },
  });

beforeAll(async () => {
  registry = createClusterRegistry({ hub, clock: systemClock, log: silentLogger });
  startRegistrationController({ hub, registry, signal: stop.signal, log: silentLogger });
  merged = createMergedDiscovery({ hub: { definitions: async () => [] }, registry });
  [east, west] = await Promise.all([
    startCluster({ name: 'east', nodes: 2 }),
    startCluster({ name: 'west', nodes: 1 }),
  ]);
  await Promise.all([join(east), join(west)]);
  await waitFor('both to be healthy', () =>
    both().every((each) => each?.health().state === 'Healthy' && each.discovery()),
  );
});

afterAll(async () => {
  stop.abort();
  await registry?.close();
  await Promise.all([east?.stop(), west?.stop()]);
});

const both = () => ['east', 'west'].map((name) => registry.get('root', name));
const readTarget = (name: string) => hub.client.get<SyncTarget>({ ...SYNC_TARGETS, workspace: 'root', name });
const readyOf = async (name: string) =>
  (await readTarget(name))?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;

/** A merged document with its headers. */
async function view(path: string, headers: Record<string, string> = {}) {
  const answer = (await merged.handle(apiGet(path, headers))) as ApiResponse;
  return { ...answer, bytes: answer.body as Buffer, json: () => JSON.parse(String(answer.body)) };
}

const crd = (plural: string, kind: string, properties: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.acme.com` },
  spec: {
    group: 'acme.com',
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind, shortNames: [plural.slice(0, 3)] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: `A ${kind}.`,
            properties: { spec: { type: 'object', properties } },
          },
        },
      },
    ],
  },
});
const define = (
  cluster: KubeCluster,
  plural: string,
  kind: string,
  properties: object = { size: { type: 'integer' } },
) =>
  cluster.fetchOk('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    method: 'POST',
    body: crd(plural, kind, properties),
  });
const serves = (name: string, resource: string) =>
  registry
    .get('root', name)
    ?.discovery()
    ?.resources.some((info) => info.resource === resource) === true;

describe('joining', () => {
  it('gives the cluster an identity of limited rights, a slot and a target with its capacity', async () => {
    const target = await waitFor('the capacity', async () => {
      const found = await readTarget('east');
      return found?.status?.capacity && found.status.syncedResources && found;
    });
    expect(target.metadata.labels).toMatchObject({ 'topology.kubernetes.io/region': 'east' });
    expect(Object.keys(target.status?.allocatable ?? {})).toEqual(expect.arrayContaining(['cpu', 'memory', 'pods']));
    expect(target.status?.syncedResources).toContainEqual({
      group: 'apps',
      resource: 'deployments',
      versions: ['v1'],
      state: 'Accepted',
    });
    const slots = both().map((each) => each?.slot);
    expect(new Set(slots).size).toBe(2);

    const down = registry.get('root', 'east')!;
    const whoami = await down.fetch({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    });
    expect(JSON.parse(String(whoami.body)).status.userInfo.username).toBe(
      'system:serviceaccount:tmc-system:tmc-gateway',
    );
    const may = async (verb: string, resource: string, group = '') => {
      const spec = { resourceAttributes: { verb, resource, group } };
      const review = await down.fetch({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }),
      });
      return JSON.parse(String(review.body)).status.allowed;
    };
    expect(await may('create', 'deployments', 'apps')).toBe(true);
    expect(await may('impersonate', 'users')).toBe(false);
    expect(await may('escalate', 'clusterroles', 'rbac.authorization.k8s.io')).toBe(false);
  });

  it('may be repeated without changing anything but what differs', async () => {
    const before = registry.get('root', 'east');
    const steps: string[] = [];
    await joinCluster({
      hub: hub.client,
      workspace: 'root',
      name: 'east',
      kubeconfig: readFileSync(east.kubeconfigPath, 'utf8'),
      onStep: (text) => steps.push(text),
    });
    expect(steps.at(-1)).toBe('registered east in root');
    expect(registry.get('root', 'east')).toBe(before);
    const found = await hub.client.get<ClusterRegistration>({
      ...CLUSTER_REGISTRATIONS,
      workspace: 'root',
      name: 'east',
    });
    expect(found?.spec.location).toEqual({ region: 'east' });
  });

  it('says in a sentence what stands in the way, without a credential', async () => {
    const kubeconfig = readFileSync(east.kubeconfigPath, 'utf8').replace(/server: .*/, 'server: https://127.0.0.1:1');
    const failure = await joinCluster({ hub: hub.client, workspace: 'root', name: 'nowhere', kubeconfig }).catch(
      (error) => error,
    );
    expect(failure.message).toMatch(
      /^Cannot join "nowhere": cannot ask for the version: cluster "nowhere" cannot be reached/,
    );
    expect(await hub.client.get({ ...CLUSTER_REGISTRATIONS, workspace: 'root', name: 'nowhere' })).toBeUndefined();
    const noContext = await joinCluster({
      hub: hub.client,
      workspace: 'root',
      name: 'x',
      kubeconfig,
      context: 'nope',
    }).catch((error) => error);
    expect(noContext.message).toBe('Cannot join "x": the kubeconfig has no context "nope"');
  });
});

describe('merged discovery', () => {
  it('of two equal clusters is what each says directly', async () => {
    for (const path of ['/api', '/apis']) {
      const direct = await east.fetchOk(path, { headers: { accept: V2 } });
      expect((await view(path, { accept: V2 })).json()).toEqual(direct);
    }
    for (const path of ['/apis', '/apis/apps', '/apis/autoscaling', '/api/v1', '/apis/apps/v1', '/apis/policy/v1']) {
      const direct = await east.fetchOk(path, { headers: { accept: 'application/json' } });
      expect((await view(path)).json(), path).toEqual(direct);
    }
  });

  it('sends the headers that kube-apiserver sends', async () => {
    const direct = await east.fetch('/apis', { headers: { accept: V2 } });
    const { headers } = await view('/apis', { accept: V2 });
    for (const name of ['content-type', 'vary', 'cache-control'])
      expect(headers[name], name).toBe(direct.headers[name]);
    expect(headers.etag).toMatch(/^"[0-9A-F]+"$/);
  });

  it('shows a CRD within two seconds of its being served, united over clusters, and its end', async () => {
    await define(east, 'widgets', 'Widget');
    await define(west, 'gadgets', 'Gadget');
    const begin = Date.now();
    await waitFor('both kinds', () => serves('east', 'widgets') && serves('west', 'gadgets'), {
      timeoutMs: 5_000,
      intervalMs: 20,
    });
    expect(Date.now() - begin).toBeLessThan(2_500);
    const { resources } = (await view('/apis/acme.com/v1')).json();
    expect(resources.map(({ name }: { name: string }) => name)).toEqual(['gadgets', 'widgets']);
    expect(await merged.resolveResource('root', 'acme.com', 'v1', 'widgets')).toMatchObject({
      clusters: [{ clusterName: 'east' }],
    });

    await west.fetchOk('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.acme.com', {
      method: 'DELETE',
    });
    await waitFor('the end', () => !serves('west', 'gadgets'), { timeoutMs: 10_000, intervalMs: 20 });
    expect((await view('/apis/acme.com/v1')).json().resources).toHaveLength(1);
  });
});

describe('merged OpenAPI', () => {
  it('v3 of a group that equal clusters serve is their own, byte for byte', async () => {
    const index = (await view('/openapi/v3')).json();
    for (const path of ['apis/apps/v1', 'api/v1', 'apis/batch/v1']) {
      expect(index.paths).toHaveProperty([path]);
      const direct = await east.fetch(`/openapi/v3/${path}`, { headers: { accept: 'application/json' } });
      expect(Buffer.compare((await view(`/openapi/v3/${path}`)).bytes, Buffer.from(direct.text)), path).toBe(0);
    }
  });

  it('v3 unites the schemas of a kind that two clusters define differently', async () => {
    await define(east, 'gizmos', 'Gizmo', { size: { type: 'integer' } });
    await define(west, 'gizmos', 'Gizmo', { color: { type: 'string' } });
    await waitFor('both', () => serves('east', 'gizmos') && serves('west', 'gizmos'));
    const schemaName = 'com.acme.v1.Gizmo';
    const properties = await waitFor('the united schema', async () => {
      const { components } = (await view('/openapi/v3/apis/acme.com/v1')).json();
      const spec = components.schemas[schemaName]?.properties.spec.properties;
      return spec?.size && spec.color && spec;
    });
    expect(Object.keys(properties).sort()).toEqual(['color', 'size']);
  });

  it('v2 in protobuf names every path and definition that either cluster names', async () => {
    const { bytes, headers } = await view('/openapi/v2', { accept: PROTOBUF });
    expect(headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    for (const cluster of [east, west]) {
      const direct = await cluster.fetchOk<{ paths: object; definitions: object }>('/openapi/v2', {
        headers: { accept: 'application/json' },
      });
      for (const name of [...Object.keys(direct.paths), ...Object.keys(direct.definitions)]) {
        expect(bytes.includes(name), `${cluster.name} ${name}`).toBe(true);
      }
    }
  });
});

describe('credentials', () => {
  it('are replaced when the Secret is, while the cluster stays', async () => {
    const before = registry.get('root', 'west')!;
    const ref = { ...SECRETS, workspace: 'root', namespace: 'tmc-system', name: 'cluster-west' };
    const good = await hub.client.get<{ apiVersion: string; kind: string; metadata: object; data: { token: string } }>(
      ref,
    );
    await hub.client.patch(ref, {
      type: 'merge',
      body: { data: { token: Buffer.from('revoked').toString('base64') } },
    });
    await waitFor('401 to be noticed', () => before.health().state === 'Unhealthy', { timeoutMs: 10_000 });
    expect(before.health().reason).toContain('credentials');
    await hub.client.patch(ref, { type: 'merge', body: { data: { token: good?.data.token } } });
    await waitFor('health', () => before.health().state === 'Healthy', { timeoutMs: 10_000 });
    expect(registry.get('root', 'west')).toBe(before);
    expect(before.signal.aborted).toBe(false);
  });
});

describe('a cluster that dies', () => {
  it('is noticed within 10 s, keeps its discovery, fails fast, and is back without a restart', async () => {
    const down = registry.get('root', 'west')!;
    const known = down.discovery();
    await west.kill('apiserver');
    const begin = Date.now();
    await waitFor('Unhealthy', () => down.health().state === 'Unhealthy', { timeoutMs: 15_000, intervalMs: 50 });
    expect(Date.now() - begin).toBeLessThan(10_000);
    await waitFor('the condition', async () => (await readyOf('west')) === 'False', { timeoutMs: 5_000 });
    expect(down.discovery()?.hash).toBe(known?.hash);

    await expect(down.fetch({ method: 'GET', path: '/api/v1/namespaces' })).rejects.toMatchObject({
      name: 'ClusterError',
    });
    const { status } = await view('/apis', { accept: V2 });
    expect(status).toBe(200);

    await west.restart();
    await waitFor('health', () => down.health().state === 'Healthy', { timeoutMs: 20_000 });
    const answer = await down.fetch({ method: 'GET', path: '/api/v1/namespaces?limit=1' });
    expect(answer.status).toBe(200);
    await waitFor('the condition', async () => (await readyOf('west')) === 'True', { timeoutMs: 5_000 });
  });
});

describe('leaving', () => {
  it('removes what was placed, and keeps a namespace in which somebody else keeps something', async () => {
    const key = syncTargetKey('root', 'west');
    const put = async (path: string, kind: string, name: string, labels: Record<string, string>) => {
      const apiVersion = path.startsWith('/apis/') ? path.split('/').slice(2, 4).join('/') : 'v1';
      await west.fetchOk(path, { method: 'POST', body: { apiVersion, kind, metadata: { name, labels } } });
    };
    const ours = { [COPY_LABEL]: key };
    for (const name of ['kcp-alone', 'kcp-shared', 'elsewhere']) {
      await put('/api/v1/namespaces', 'Namespace', name, name === 'elsewhere' ? {} : ours);
      await put(`/api/v1/namespaces/${name}/configmaps`, 'ConfigMap', 'placed', ours);
    }
    await put('/apis/rbac.authorization.k8s.io/v1/clusterroles', 'ClusterRole', 'placed', ours);
    await put('/api/v1/namespaces/kcp-shared/configmaps', 'ConfigMap', 'mine', {});
    await put('/api/v1/namespaces/elsewhere/configmaps', 'ConfigMap', 'of-another', { [COPY_LABEL]: 'another' });
    const steps: string[] = [];
    const kubeconfig = readFileSync(west.kubeconfigPath, 'utf8');
    const options = {
      hub: hub.client,
      workspace: 'root',
      name: 'west',
      kubeconfig,
      onStep: (text: string) => steps.push(text),
    };
    await leaveCluster(options);
    const status = async (path: string): Promise<number> => (await west.fetch(path)).status;
    expect(await status('/api/v1/namespaces/kcp-alone')).toBe(404);
    expect(await status('/api/v1/namespaces/kcp-shared/configmaps/placed')).toBe(404);
    expect(await status('/api/v1/namespaces/kcp-shared/configmaps/mine')).toBe(200);
    expect(await status('/api/v1/namespaces/elsewhere/configmaps/placed')).toBe(404);
    expect(await status('/api/v1/namespaces/elsewhere/configmaps/of-another')).toBe(200);
    expect(await status('/apis/rbac.authorization.k8s.io/v1/clusterroles/placed')).toBe(404);
    expect(steps).toEqual(
      expect.arrayContaining([
        'removed west from root',
        'keep namespace kcp-shared: it holds what was not placed: ConfigMap kcp-shared/mine',
        'delete namespace kcp-alone',
        'delete ConfigMap kcp-shared/placed',
        'delete ConfigMap elsewhere/placed',
        'delete ClusterRole placed',
        '4 deleted and gone',
      ]),
    );
  });

  it('removes what joining made, in the hub and at the cluster', async () => {
    const kubeconfig = readFileSync(west.kubeconfigPath, 'utf8');
    await leaveCluster({ hub: hub.client, workspace: 'root', name: 'west', kubeconfig });
    await waitFor('the target to go', async () => (await readTarget('west')) === undefined);
    expect(registry.get('root', 'west')).toBeUndefined();
    const gone = await west.fetch('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/tmc-gateway');
    expect(gone.status).toBe(404);
    // Once more: nothing is left to do.
    await leaveCluster({ hub: hub.client, workspace: 'root', name: 'west', kubeconfig });
  });
});
