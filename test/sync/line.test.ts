import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NAMESPACE_LOCATOR_ANNOTATION } from '../../src/kube/namespace-locator.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import {
  CONFIG_MAPS,
  copies,
  DEPLOYMENTS,
  deployment,
  EVENTS,
  type Line,
  NAMESPACES,
  PLACEMENTS,
  rollOut,
  SERVICES,
  startLine,
  until,
} from './line.ts';

let line: Line;
beforeEach(async () => {
  line = await startLine();
});
afterEach(() => line.close());

const WEB = { workspace: 'root', ...DEPLOYMENTS, namespace: 'default', name: 'web' };
const replicasIn = async (cluster: Line['east']): Promise<unknown[]> =>
  (await copies(cluster, DEPLOYMENTS)).map(({ spec }) => (spec as { replicas: number }).replicas);
const hubWeb = async (): Promise<KubeObject> => (await line.hub.client.get(WEB))!;
const both = (east: unknown, west: unknown, what = 'replicas to be shared') =>
  until(what, async () => {
    const found = [await replicasIn(line.east), await replicasIn(line.west)];
    return JSON.stringify(found) === JSON.stringify([[east].flat(), [west].flat()]);
  });

describe('a Deployment', () => {
  beforeEach(async () => {
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
    await both(2, 2);
  });

  it('is shared over the clusters, in a namespace that says whose it is', async () => {
    const [copy] = await copies(line.east, DEPLOYMENTS);
    const namespace = await line.east.cluster.client.get({
      workspace: 'root',
      ...NAMESPACES,
      name: copy?.metadata.namespace ?? '',
    });
    expect(copy?.metadata.namespace).toMatch(/^kcp-/);
    expect(JSON.parse(namespace?.metadata.annotations?.[NAMESPACE_LOCATOR_ANNOTATION] ?? '')).toMatchObject({
      workspace: 'root',
      namespace: 'default',
      syncTarget: { name: 'east' },
    });
    expect(Object.keys(copy?.metadata.labels ?? {})).toEqual(['internal.workload.kcp.io/cluster']);
    expect(copy?.metadata.finalizers).toBeUndefined();
  });

  it('shows the sum of its copies as its status, with its own generation', async () => {
    await Promise.all([rollOut(line.east), rollOut(line.west)]);
    const web = await until('the status to be summed', async () => {
      const found = await hubWeb();
      return (found.status as { readyReplicas?: number }).readyReplicas === 4 && found;
    });
    expect(web.status).toMatchObject({
      observedGeneration: web.metadata.generation,
      replicas: 4,
      updatedReplicas: 4,
      availableReplicas: 4,
      conditions: [
        { type: 'Available', status: 'True', message: 'ok' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
      ],
    });
  });

  it('does not claim to have observed a change before every cluster has', async () => {
    await Promise.all([rollOut(line.east), rollOut(line.west)]);
    await until('status', async () => ((await hubWeb()).status as { readyReplicas?: number }).readyReplicas === 4);
    await line.hub.client.patch(WEB, { type: 'merge', body: { spec: { replicas: 7 } } });
    await both(4, 3);
    await rollOut(line.east);
    await until('the first cluster', async () => ((await hubWeb()).status as { replicas?: number }).replicas === 6);
    const { status, metadata } = await hubWeb();
    expect((status as { observedGeneration: number }).observedGeneration).toBeLessThan(metadata.generation ?? 0);
    await rollOut(line.west);
    await until('the second cluster', async () => {
      const web = await hubWeb();
      const { replicas, observedGeneration } = web.status as { replicas: number; observedGeneration: number };
      return replicas === 7 && observedGeneration === web.metadata.generation;
    });
  });

  it('takes a new image to every cluster', async () => {
    await line.hub.client.patch(WEB, {
      type: 'strategic',
      body: { spec: { template: { spec: { containers: [{ name: 'main', image: 'nginx:2' }] } } } },
    });
    for (const cluster of [line.east, line.west])
      await until('the image', async () => JSON.stringify(await copies(cluster, DEPLOYMENTS)).includes('"nginx:2"'));
  });

  it('is put right when someone changes the copy, and keeps what others own', async () => {
    const [copy] = await copies(line.east, DEPLOYMENTS);
    const ref = { workspace: 'root', ...DEPLOYMENTS, namespace: copy?.metadata.namespace ?? '', name: 'web' };
    await line.east.cluster.client.patch(ref, {
      type: 'merge',
      body: { metadata: { annotations: { 'cluster.example/owner': 'ops' } }, spec: { replicas: 9 } },
    });
    await both(2, 2, 'the drift to be corrected');
    const [after] = await copies(line.east, DEPLOYMENTS);
    expect(after?.metadata.annotations?.['cluster.example/owner']).toBe('ops');
  });

  it('is made again when someone deletes the copy', async () => {
    const [copy] = await copies(line.east, DEPLOYMENTS);
    await line.east.cluster.client.delete({
      workspace: 'root',
      ...DEPLOYMENTS,
      namespace: copy?.metadata.namespace ?? '',
      name: 'web',
    });
    await until('another copy', async () => {
      const [again] = await copies(line.east, DEPLOYMENTS);
      return again !== undefined && again.metadata.uid !== copy?.metadata.uid;
    });
  });

  it('leaves what its copies own behind when it is deleted so', async () => {
    const [copy] = await copies(line.east, DEPLOYMENTS);
    const { name = '', namespace = '', uid = '' } = copy?.metadata ?? {};
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid };
    const settings = { ...CONFIG_MAPS, workspace: 'root', namespace, name: 'owned' };
    await line.east.cluster.client.create('root', CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'owned', namespace, ownerReferences: [owner] },
    });
    await line.hub.client.delete(WEB, { propagationPolicy: 'Orphan' });
    await until('the object to go', async () => (await line.hub.client.get(WEB)) === undefined);
    expect(await copies(line.east, DEPLOYMENTS)).toEqual([]);
    expect((await line.east.cluster.client.get(settings))?.metadata.ownerReferences).toBeUndefined();
    expect(await line.east.cluster.client.get(settings)).toBeDefined();
  });

  it('goes when every cluster has confirmed, and not before', async () => {
    line.west.cut();
    line.registry.emit({ type: 'health', downstream: line.west.downstream });
    await line.hub.client.delete(WEB);
    await until('the reachable copy to go', async () => (await copies(line.east, DEPLOYMENTS)).length === 0);
    const waiting = await until('the finalizer of the reachable cluster to go', async () => {
      const found = await hubWeb();
      return found.metadata.finalizers?.length === 1 && found;
    });
    expect(waiting.metadata.deletionTimestamp).toBeDefined();
    line.west.restore();
    line.registry.emit({ type: 'health', downstream: line.west.downstream });
    await until('the object to go', async () => (await line.hub.client.get(WEB)) === undefined);
    expect(await copies(line.west, DEPLOYMENTS)).toEqual([]);
  });

  it('stays as it is over a restart: nothing is applied again', async () => {
    await Promise.all([rollOut(line.east), rollOut(line.west)]);
    await until('status', async () => ((await hubWeb()).status as { readyReplicas?: number }).readyReplicas === 4);
    await line.controllers.whenIdle();
    line.east.requests.length = 0;
    await line.restart();
    await line.controllers.whenIdle();
    await until('the new controllers to read', async () =>
      line.east.requests.some((one) => one.includes('deployments')),
    );
    await line.controllers.whenIdle();
    expect(line.east.requests.filter((one) => !one.startsWith('GET'))).toEqual([]);
    await line.hub.client.patch(WEB, { type: 'merge', body: { spec: { replicas: 5 } } });
    await both(3, 2);
  });

  it('moves when a Placement says so', async () => {
    await line.hub.client.create('root', PLACEMENTS, {
      apiVersion: 'placement.kcp.io/v1alpha1',
      kind: 'Placement',
      metadata: { name: 'one' },
      spec: { placementPolicy: { strategy: 'Spread', maxClusters: 1 } },
    });
    await until('the one that takes it to be given all', async () => {
      return [...(await replicasIn(line.east)), ...(await replicasIn(line.west))].sort().join() === '2,4';
    });
    expect((await hubWeb()).metadata.finalizers).toHaveLength(2);
    await Promise.all([rollOut(line.east), rollOut(line.west)]);
    await until('one cluster to hold it all', async () => {
      const found = [...(await replicasIn(line.east)), ...(await replicasIn(line.west))];
      return found.length === 1 && found[0] === 4;
    });
    const { metadata } = await until('the labels of the other to go', async () => {
      const web = await hubWeb();
      return web.metadata.finalizers?.length === 1 && web;
    });
    expect(Object.keys(metadata.labels ?? {})).toHaveLength(1);
    expect(Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith('deletion.'))).toEqual([]);
    await until('the Placement to tell', async () => {
      const placement = await line.hub.client.get({ workspace: 'root', ...PLACEMENTS, name: 'one' });
      const { selectedTargets = [], rejectedTargets = [] } = (placement?.status ?? {}) as Record<string, unknown[]>;
      return selectedTargets.length === 1 && rejectedTargets.length === 1;
    });
  });

  it('survives a PUT that strips its labels: the copies stay, and are placed as before', async () => {
    const uids = async () =>
      [...(await copies(line.east, DEPLOYMENTS)), ...(await copies(line.west, DEPLOYMENTS))].map(
        ({ metadata }) => metadata.uid,
      );
    const before = await uids();
    const labels = (await hubWeb()).metadata.labels;
    const put = deployment('web', 5);
    await line.hub.client.update('root', DEPLOYMENTS, put);
    await both(3, 2);
    expect(await uids()).toEqual(before);
    const { metadata } = await hubWeb();
    expect(metadata.labels).toEqual(labels);
    expect(metadata.finalizers).toHaveLength(2);
  });

  it('overwrites placement that someone writes by hand', async () => {
    const { metadata } = await hubWeb();
    const label = Object.keys(metadata.labels ?? {})[0] ?? '';
    await line.hub.client.patch(WEB, {
      type: 'merge',
      body: { metadata: { labels: { [label]: null, 'state.workload.kcp.io/nowhere': 'Sync' } } },
    });
    await until('the labels to be put right', async () => {
      const labels = (await hubWeb()).metadata.labels ?? {};
      return labels[label] === 'Sync' && labels['state.workload.kcp.io/nowhere'] === undefined;
    });
    await both(2, 2);
  });
});

describe('what a workload needs', () => {
  const config = (data: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data,
  });
  const values = async (cluster: Line['east']) => (await copies(cluster, CONFIG_MAPS)).map(({ data }) => data);

  it('follows it, changes with it and leaves with it; what nothing names stays', async () => {
    await line.hub.client.create('root', CONFIG_MAPS, config({ a: '1' }));
    await line.hub.client.create('root', CONFIG_MAPS, {
      ...config({}),
      metadata: { name: 'unused', namespace: 'default' },
    });
    await line.hub.client.create(
      'root',
      DEPLOYMENTS,
      deployment('web', 2, {
        containers: [{ name: 'main', image: 'nginx', envFrom: [{ configMapRef: { name: 'settings' } }] }],
      }),
    );
    for (const cluster of [line.east, line.west])
      await until('it to follow', async () => JSON.stringify(await values(cluster)) === '[{"a":"1"}]');
    await line.hub.client.patch(
      { workspace: 'root', ...CONFIG_MAPS, namespace: 'default', name: 'settings' },
      { type: 'merge', body: { data: { a: '2' } } },
    );
    for (const cluster of [line.east, line.west])
      await until('the change to follow', async () => JSON.stringify(await values(cluster)) === '[{"a":"2"}]');
    await line.hub.client.delete(WEB);
    for (const cluster of [line.east, line.west])
      await until('it to leave', async () => (await values(cluster)).length === 0);
    await until('nothing of it to be left on the object', async () => {
      const settings = await line.hub.client.get({
        workspace: 'root',
        ...CONFIG_MAPS,
        namespace: 'default',
        name: 'settings',
      });
      return settings !== undefined && (settings.metadata.finalizers ?? []).length === 0;
    });
  });

  it('a Service goes where its pods are, and shows the addresses of all', async () => {
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 2));
    await both(1, 1);
    await line.hub.client.create('root', SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    for (const [cluster, ip] of [
      [line.east, '192.0.2.1'],
      [line.west, '192.0.2.2'],
    ] as const) {
      const copy = await until('the copy', async () => (await copies(cluster, SERVICES))[0]);
      await cluster.cluster.client.patch(
        { workspace: 'root', ...SERVICES, namespace: copy.metadata.namespace ?? '', name: 'web' },
        { type: 'merge', body: { status: { loadBalancer: { ingress: [{ ip }] } } } },
        { subresource: 'status' },
      );
    }
    await until('both addresses', async () => {
      const service = await line.hub.client.get({ workspace: 'root', ...SERVICES, namespace: 'default', name: 'web' });
      const { ingress = [] } =
        ((service?.status ?? {}) as { loadBalancer?: { ingress?: { ip: string }[] } }).loadBalancer ?? {};
      return ingress.map(({ ip }) => ip).join() === '192.0.2.1,192.0.2.2';
    });
  });
});

describe('two workspaces with equal names', () => {
  it('never touch each other in the same clusters', async () => {
    for (const name of ['a', 'b'])
      await line.hub.client.create(
        'root',
        { group: 'tenancy.kcp.io', resource: 'workspaces' },
        { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name }, spec: {} },
      );
    await line.hub.client.create('root:a', DEPLOYMENTS, deployment('web', 4));
    await line.hub.client.create('root:b', DEPLOYMENTS, deployment('web', 2));
    await until('both to be placed', async () => (await replicasIn(line.east)).sort().join() === '1,2');
    await line.hub.client.delete({ ...WEB, workspace: 'root:a' });
    await until('the one to go', async () => (await replicasIn(line.east)).join() === '1');
    await until(
      'it to be gone',
      async () => (await line.hub.client.get({ ...WEB, workspace: 'root:a' })) === undefined,
    );
    expect(await replicasIn(line.west)).toEqual([1]);
    expect((await line.hub.client.get({ ...WEB, workspace: 'root:b' }))?.metadata.deletionTimestamp).toBeUndefined();
  });
});

describe('what a cluster cannot take', () => {
  it('is told on the object and in an Event, and left alone in the cluster', async () => {
    await line.hub.client.create('root', DEPLOYMENTS, deployment('other', 1));
    const holder = await until('a namespace', async () => {
      for (const cluster of [line.east, line.west]) {
        const [copy] = await copies(cluster, DEPLOYMENTS);
        if (copy !== undefined) return { cluster, namespace: copy.metadata.namespace ?? '' };
      }
      return undefined;
    });
    const foreign = deployment('web', 1);
    foreign.metadata.namespace = holder.namespace;
    await holder.cluster.cluster.client.create('root', DEPLOYMENTS, foreign);
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
    const web = await until('the error to be told', async () => {
      const found = await hubWeb();
      return Object.keys(found.metadata.annotations ?? {}).some((name) => name.startsWith('error.')) && found;
    });
    expect(JSON.stringify(web.metadata.annotations)).toContain('that is not a copy; it is left alone');
    await until('an Event', async () => {
      const { items } = await line.hub.client.list('root', EVENTS, { namespace: 'default' });
      return items.some(({ object }) => object.reason === 'SyncNameTaken');
    });
    const untouched = await holder.cluster.cluster.client.get({ ...WEB, namespace: holder.namespace });
    expect(untouched?.spec as object).toMatchObject({ replicas: 1 });
  });
});

describe('a Pod', () => {
  const PODS = { group: '', resource: 'pods' };

  it('has the node that its cluster gave it in a report, and not in its spec', async () => {
    const solo = { workspace: 'root', ...PODS, namespace: 'default', name: 'solo' };
    await line.hub.client.create('root', PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'solo', namespace: 'default' },
      spec: { containers: [{ name: 'main', image: 'nginx:1' }] },
    });
    const [cluster, copy] = await until('the copy', async () => {
      for (const each of [line.east, line.west])
        for (const one of await copies(each, PODS)) return [each, one] as const;
      return undefined;
    });
    const { namespace = '', name = '' } = copy.metadata;
    const bound = { type: 'merge', body: { spec: { nodeName: 'n1' } } } as const;
    await cluster.cluster.client.patch({ workspace: 'root', ...PODS, namespace, name }, bound);
    const reported = await until('the report', async () => {
      const pod = await line.hub.client.get(solo);
      const report = pod?.metadata.annotations?.[`given.workload.tmc.kcp.io/${cluster.downstream.key}`];
      return report === undefined ? undefined : { pod, report };
    });
    expect(JSON.parse(reported.report)).toEqual({ cluster: cluster.downstream.clusterName, spec: { nodeName: 'n1' } });
    expect(reported.pod?.spec).not.toHaveProperty('nodeName');
  });
});

describe('a namespace', () => {
  it('goes in the clusters when it goes in the hub', async () => {
    await line.hub.client.create('root', NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'team' },
    });
    const web = deployment('web', 2);
    web.metadata.namespace = 'team';
    await line.hub.client.create('root', DEPLOYMENTS, web);
    await both(1, 1);
    await line.hub.client.delete({ ...WEB, namespace: 'team' });
    await until(
      'the object to go',
      async () => (await line.hub.client.get({ ...WEB, namespace: 'team' })) === undefined,
    );
    expect(await copies(line.east, NAMESPACES)).toHaveLength(1);
    await line.hub.client.delete({ workspace: 'root', ...NAMESPACES, name: 'team' });
    await until('the namespaces to go', async () => {
      const left = [...(await copies(line.east, NAMESPACES)), ...(await copies(line.west, NAMESPACES))];
      return left.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
    });
  });
});
