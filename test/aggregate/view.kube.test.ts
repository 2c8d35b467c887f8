/** The view of real clusters: what it says must be the union of what each says directly, whatever happens to them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLUSTER_LABEL } from '../../src/hub/kinds/workload.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RealView, viewOfClusters } from './real-view.ts';
import type { ViewHarness } from './view-harness.ts';

let clusters: KubeCluster[];
let world: RealView;
let view: ViewHarness;
const NAMESPACE = 'union';

beforeAll(async () => {
  clusters = await Promise.all(['east', 'west'].map((name) => startCluster({ name, nodes: 1 })));
  for (const cluster of clusters) {
    await cluster.createNamespace(NAMESPACE);
  }
  world = await viewOfClusters(clusters);
  view = world.view;
});

afterAll(async () => {
  await world?.close();
  await Promise.all(clusters?.map((cluster) => cluster.stop()) ?? []);
});

interface List {
  readonly items: readonly KubeObject[];
}

/** An object as both sides must agree on it: without version and place. */
function comparable(cluster: string, object: KubeObject): [string, unknown] {
  const { resourceVersion: _version, labels, ...metadata } = object.metadata;
  const { [CLUSTER_LABEL]: _cluster, ...own } = labels ?? {};
  const name = metadata.name?.split('@')[0];
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return [`${cluster}/${metadata.namespace ?? ''}/${name}`, { ...rest, metadata: { ...metadata, name, labels: own } }];
}

const byKey = (pairs: [string, unknown][]) => Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));

async function direct(path: string): Promise<Record<string, unknown>> {
  const lists = await Promise.all(clusters.map((cluster) => cluster.fetchOk<List>(path)));
  return byKey(lists.flatMap(({ items }, index) => items.map((item) => comparable(clusters[index]?.name ?? '', item))));
}

async function merged(path: string): Promise<Record<string, unknown>> {
  const { json } = await view.call('GET', path);
  return byKey(
    (json as List).items
      .filter((item) => item.metadata.labels?.[CLUSTER_LABEL] !== undefined)
      .map((item) => comparable(item.metadata.labels?.[CLUSTER_LABEL] ?? '', item)),
  );
}

/** Settled means: both sides say the same twice, so nothing is on its way. */
const expectUnion = (path: string) =>
  waitFor(`${path} to be the union`, async () => {
    const [viewed, wanted] = [await merged(path), await direct(path)];
    try {
      expect(viewed).toEqual(wanted);
      return true;
    } catch {
      return false;
    }
  });

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
});
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

describe('the view of two real clusters', () => {
  test.each([
    '/api/v1/nodes',
    '/api/v1/configmaps',
    '/api/v1/serviceaccounts',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    '/apis/apps/v1/deployments',
    '/api/v1/services',
    '/apis/discovery.k8s.io/v1/endpointslices',
    '/apis/apiregistration.k8s.io/v1/apiservices',
  ])('lists %s as the union of both', async (path) => {
    await expectUnion(path);
  });

  test('reads, changes and deletes an object of one cluster with that cluster semantics', async () => {
    const [east] = clusters as [KubeCluster, KubeCluster];
    await east.fetchOk(MAPS, { method: 'POST', body: configMap('mine', { a: '1' }) });
    const { json } = await view.call('GET', `${MAPS}/mine`);
    const stale = structuredClone(json);
    const changed = await view.call('PUT', `${MAPS}/mine`, { ...json, data: { a: '2' } });
    expect(changed.status).toBe(200);
    const conflict = await view.call('PUT', `${MAPS}/mine`, { ...stale, data: { a: '3' } });
    expect(conflict.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "mine": the object has been modified; please apply your changes to the latest version and try again',
    });
    const { resourceVersion: old, uid } = stale.metadata;
    const present = changed.json.metadata.resourceVersion;
    const refused = await view.call('DELETE', `${MAPS}/mine`, { preconditions: { resourceVersion: old } });
    expect(refused.json.message).toContain(
      `the ResourceVersion in the precondition (${old}) does not match the ResourceVersion in record (${present})`,
    );
    const other = await view.call('DELETE', `${MAPS}/mine`, { preconditions: { uid: 'other' } });
    expect(other.json.message).toContain(
      `the UID in the precondition (other) does not match the UID in record (${uid})`,
    );
    const merge = { type: 'application/merge-patch+json' };
    const late = { metadata: { resourceVersion: old }, data: { a: '4' } };
    expect((await view.call('PATCH', `${MAPS}/mine`, late, merge)).json).toMatchObject({ code: 409 });
    const apply = { ...configMap('mine', { b: '1' }) };
    const type = 'application/apply-patch+yaml';
    const applied = await view.call('PATCH', `${MAPS}/mine?fieldManager=test`, apply, { type });
    expect(applied.json.data).toEqual({ a: '2', b: '1' });
    expect((await east.fetchOk<KubeObject>(`${MAPS}/mine`)).metadata.labels).toBeUndefined();
    expect((await view.call('DELETE', `${MAPS}/mine`)).status).toBe(200);
    expect((await east.fetch(`${MAPS}/mine`)).status).toBe(404);
    expect((await view.call('GET', `${MAPS}/mine`)).status).toBe(404);
  });

  test('owners that clash are named as they are shown, and plainly when the clash ends', async () => {
    const [, west] = clusters as [KubeCluster, KubeCluster];
    const labels = { app: 'twin' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'twin', namespace: NAMESPACE },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    };
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}`;
    for (const cluster of clusters) await cluster.fetchOk(`${path}/deployments`, { method: 'POST', body: deployment });
    const list = async (url: string) =>
      ((await view.call('GET', `${url}?labelSelector=app%3Dtwin`)).json as List).items;
    const owners = (items: readonly KubeObject[]) =>
      items.map(({ metadata }) => [metadata.labels?.[CLUSTER_LABEL], metadata.ownerReferences?.[0]?.name]);
    const settled = (
      what: string,
      wanted: number,
      isRight: (cluster: string, owner: string, shown: string[]) => boolean,
    ) =>
      waitFor(what, async () => {
        const pods = owners(await list(`/api/v1/namespaces/${NAMESPACE}/pods`));
        const shown = (await list(`${path}/replicasets`)).map(({ metadata }) => metadata.name ?? '');
        return pods.length === wanted && pods.every(([cluster = '', owner = '']) => isRight(cluster, owner, shown));
      });
    await settled(
      'owners by cluster',
      2,
      (cluster, owner, shown) => owner.endsWith(`@${cluster}`) && shown.includes(owner),
    );
    await west.fetchOk(`${path}/deployments/twin?propagationPolicy=Foreground`, { method: 'DELETE' });
    await settled(
      'the owner by its plain name',
      1,
      (_cluster, owner, shown) => !owner.includes('@') && shown.includes(owner),
    );
  });

  test('a watcher store equals the union after a thousand changes and a killed cluster', async () => {
    const [east, west] = clusters as [KubeCluster, KubeCluster];
    const tap = await view.watch(`${MAPS}?watch=true`);
    const store = new Map<string, KubeObject>();
    const fold = () => {
      for (const { type, object } of tap.events.splice(0)) {
        if (type === 'DELETED') store.delete(object.metadata.name);
        else store.set(object.metadata.name, object);
      }
    };
    const churn = async (cluster: KubeCluster, from: number) => {
      for (let at = from; at < from + 60; at++) {
        await cluster.fetchOk(MAPS, { method: 'POST', body: configMap(`both-${at % 40}-${at}`, { at: String(at) }) });
        if (at % 3 === 0) await cluster.fetchOk(`${MAPS}/both-${at % 40}-${at}`, { method: 'DELETE' });
      }
    };
    await Promise.all([churn(east, 0), churn(west, 30)]);
    await west.kill('apiserver', 'SIGKILL');
    const warned = await waitFor('a warning', async () => {
      const began = performance.now();
      const { headers, json } = await view.call('GET', MAPS);
      expect(performance.now() - began).toBeLessThan(2_000);
      return headers.warning === undefined ? undefined : { headers, json };
    });
    expect(String(warned.headers.warning)).toContain('west');
    await churn(east, 200);
    await west.restart();
    await churn(west, 230);
    expect(tap.ended).toBe(false);
    await waitFor('the store to be the union', async () => {
      fold();
      const { json, headers } = await view.call('GET', MAPS);
      const listed = (json as List).items
        .map((item) => `${item.metadata.name} ${item.metadata.resourceVersion}`)
        .sort();
      const held = [...store.values()].map((one) => `${one.metadata.name} ${one.metadata.resourceVersion}`).sort();
      return headers.warning === undefined && JSON.stringify(listed) === JSON.stringify(held);
    });
    await expectUnion(MAPS);
  });
});
