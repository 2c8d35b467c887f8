/** The main job on real clusters: placed, run, summed, changed, put right, killed and brought back. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterRegistry } from '../../src/clusters/downstream.ts';
import { joinCluster } from '../../src/clusters/join.ts';
import { SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import { leaveCluster } from '../../src/clusters/leave.ts';
import { createReflectorPool } from '../../src/clusters/reflector-pool.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import { startControllers } from '../../src/controllers.ts';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { systemClock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { CONFIG_MAPS, DEPLOYMENTS, deployment, PLACEMENTS } from './line.ts';

const stop = new AbortController();
const store = openSqliteStore(':memory:');
let east: KubeCluster;
let west: KubeCluster;
let hub: Hub;
let registry: ClusterRegistry;

beforeAll(async () => {
  [east, west] = await Promise.all([startCluster({ name: 'east' }), startCluster({ name: 'west' })]);
  hub = await createHub({ store, profile: 'hub' });
  const log = silentLogger;
  registry = createClusterRegistry({ hub, clock: systemClock, log });
  const reflectors = createReflectorPool({ log, registry });
  await startControllers({ hub, registry, reflectors, signal: stop.signal, log });
  for (const cluster of [east, west])
    await joinCluster({
      hub: hub.client,
      workspace: 'root',
      name: cluster.name,
      kubeconfig: readFileSync(cluster.kubeconfigPath, 'utf8'),
      spec: {},
    });
  await waitFor('both clusters to be ready', () =>
    ['east', 'west'].every((name) => {
      const downstream = registry.get('root', name);
      return downstream?.health().state === 'Healthy' && downstream.discovery() !== undefined;
    }),
  );
});

afterAll(async () => {
  stop.abort();
  await Promise.all([registry?.close(), east?.stop(), west?.stop(), hub?.close()]);
});

const ref = (name: string, workspace = 'root') => ({ workspace, ...DEPLOYMENTS, namespace: 'default', name });
const hubObject = async (name: string, workspace?: string) => (await hub.client.get(ref(name, workspace)))!;

interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
}

async function copies(cluster: KubeCluster, name: string): Promise<KubeObject[]> {
  const list = await cluster.fetchOk<{ items: KubeObject[] }>('/apis/apps/v1/deployments');
  return list.items.filter(({ metadata }) => metadata.name === name);
}

const sharesOf = async (name: string) =>
  Promise.all(
    [east, west].map(async (cluster) =>
      (await copies(cluster, name)).map(({ spec }) => (spec as { replicas: number }).replicas),
    ),
  );

const shared = (name: string, shares: number[][]) =>
  waitFor(`${name} to be shared ${JSON.stringify(shares)}`, async () => {
    return JSON.stringify(await sharesOf(name)) === JSON.stringify(shares);
  });

/** What `kubectl rollout status` waits for. */
const rolledOut = (name: string, replicas: number) =>
  waitFor(`${name} to be rolled out`, async () => {
    const { metadata, status } = await hubObject(name);
    const found = (status ?? {}) as DeploymentStatus;
    return (
      found.observedGeneration === metadata.generation &&
      found.updatedReplicas === replicas &&
      found.replicas === replicas &&
      found.availableReplicas === replicas
    );
  });

describe('a Deployment over two clusters', () => {
  beforeAll(async () => {
    await hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
  });

  it('runs 2 + 2 and shows 4 ready, with merged conditions', async () => {
    await shared('web', [[2], [2]]);
    await rolledOut('web', 4);
    expect((await hubObject('web')).status).toMatchObject({
      readyReplicas: 4,
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Available', status: 'True' }),
        expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
      ]),
    });
  });

  it('scales to 4 + 3', async () => {
    await hub.client.patch(ref('web'), { type: 'merge', body: { spec: { replicas: 7 } } });
    await shared('web', [[4], [3]]);
    await rolledOut('web', 7);
  });

  it('rolls a new image out in both', async () => {
    await hub.client.patch(ref('web'), {
      type: 'strategic',
      body: { spec: { template: { spec: { containers: [{ name: 'main', image: 'nginx:2' }] } } } },
    });
    await waitFor('the image to arrive', async () => {
      const all = [...(await copies(east, 'web')), ...(await copies(west, 'web'))];
      return all.every((copy) => JSON.stringify(copy.spec).includes('"nginx:2"'));
    });
    await rolledOut('web', 7);
  });

  it('is put right in a cluster, which keeps the fields that are its own', async () => {
    const [copy] = await copies(east, 'web');
    const path = `/apis/apps/v1/namespaces/${copy?.metadata.namespace}/deployments/web`;
    await east.fetchOk(path, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: {
        metadata: { annotations: { 'ops.example/note': 'mine' } },
        spec: { replicas: 1, revisionHistoryLimit: 3 },
      },
    });
    await shared('web', [[4], [3]]);
    const [after] = await copies(east, 'web');
    expect(after?.metadata.annotations?.['ops.example/note']).toBe('mine');
    expect(after?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBeDefined();
  });

  it('takes a label along without another rollout, under one entry of its own', async () => {
    await rolledOut('web', 7);
    const revision = async () =>
      (await copies(east, 'web'))[0]?.metadata.annotations?.['deployment.kubernetes.io/revision'];
    const before = await revision();
    await hub.client.patch(ref('web'), { type: 'merge', body: { metadata: { labels: { note: '1' } } } });
    await waitFor('the label to arrive', async () => (await copies(east, 'web'))[0]?.metadata.labels?.note === '1');
    await rolledOut('web', 7);
    const [copy] = await copies(east, 'web');
    expect(await revision()).toBe(before);
    expect(copy?.metadata.managedFields?.filter(({ manager }) => manager === 'tmc-syncer')).toHaveLength(1);
  });

  it('goes when both clusters have confirmed, pods included', async () => {
    await hub.client.delete(ref('web'));
    await waitFor('the object to go', async () => (await hub.client.get(ref('web'))) === undefined);
    expect(await sharesOf('web')).toEqual([[], []]);
    await waitFor('the pods to go', async () => {
      const pods = await east.fetchOk<{ items: KubeObject[] }>('/api/v1/pods?labelSelector=app%3Dweb');
      return pods.items.length === 0;
    });
  });
});

describe('a cluster that dies', () => {
  it('slows nobody, and converges when it is back', async () => {
    await hub.client.create('root', DEPLOYMENTS, deployment('steady', 4));
    await rolledOut('steady', 4);
    await west.kill('apiserver');
    await hub.client.patch(ref('steady'), { type: 'merge', body: { spec: { replicas: 6 } } });
    await waitFor('the living cluster to follow', async () => {
      const [copy] = await copies(east, 'steady');
      return (copy?.spec as { replicas: number } | undefined)?.replicas === 3;
    });
    const { status, metadata } = await hubObject('steady');
    expect((status as DeploymentStatus).observedGeneration).toBeLessThan(metadata.generation ?? 0);
    await west.restart();
    await shared('steady', [[3], [3]]);
    await rolledOut('steady', 6);
  });

  it('holds a deleted object until it has said that the copy is gone', async () => {
    await west.kill('apiserver');
    await hub.client.delete(ref('steady'));
    await waitFor(
      'the living cluster to let go',
      async () => (await hubObject('steady')).metadata.finalizers?.length === 1,
    );
    await west.restart();
    await waitFor('the object to go', async () => (await hub.client.get(ref('steady'))) === undefined);
    expect(await sharesOf('steady')).toEqual([[], []]);
  });
});

describe('beside it', () => {
  it('ConfigMaps and Secrets that it names follow it', async () => {
    await hub.client.create('root', CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data: { colour: 'blue' },
    });
    await hub.client.create(
      'root',
      { group: '', resource: 'secrets' },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'key', namespace: 'default' },
        stringData: { token: 'abc' },
      },
    );
    const env = [
      { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'key', key: 'token' } } },
    ];
    await hub.client.create(
      'root',
      DEPLOYMENTS,
      deployment('needy', 2, { containers: [{ name: 'main', image: 'nginx', env }] }),
    );
    await rolledOut('needy', 2);
    const namespace = (await copies(east, 'needy'))[0]?.metadata.namespace;
    const read = <T>(kind: string, name: string) => east.fetchOk<T>(`/api/v1/namespaces/${namespace}/${kind}/${name}`);
    await waitFor(
      'the secret',
      async () => (await read<{ data: { token: string } }>('secrets', 'key')).data.token === 'YWJj',
    );
    await hub.client.patch(
      { workspace: 'root', ...CONFIG_MAPS, namespace: 'default', name: 'settings' },
      { type: 'merge', body: { data: { colour: 'red' } } },
    );
    await waitFor('the change', async () => {
      return (await read<{ data: { colour: string } }>('configmaps', 'settings')).data.colour === 'red';
    });
    await hub.client.delete(ref('needy'));
    await waitFor('them to leave', async () => {
      const { items } = await east.fetchOk<{ items: KubeObject[] }>(`/api/v1/namespaces/${namespace}/secrets`);
      return items.every(({ metadata }) => metadata.name !== 'key');
    });
  });

  it('two workspaces with equal names do not disturb each other', async () => {
    for (const name of ['a', 'b'])
      await hub.client.create(
        'root',
        { group: 'tenancy.kcp.io', resource: 'workspaces' },
        { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name }, spec: {} },
      );
    await hub.client.create('root:a', DEPLOYMENTS, deployment('twin', 4));
    await hub.client.create('root:b', DEPLOYMENTS, deployment('twin', 2));
    await waitFor('both to run', async () => {
      const [a, b] = await Promise.all([hubObject('twin', 'root:a'), hubObject('twin', 'root:b')]);
      return (a.status as DeploymentStatus)?.readyReplicas === 4 && (b.status as DeploymentStatus)?.readyReplicas === 2;
    });
    await hub.client.delete(ref('twin', 'root:a'));
    await waitFor('the one to go', async () => (await hub.client.get(ref('twin', 'root:a'))) === undefined);
    expect((await sharesOf('twin')).flat()).toEqual([1, 1]);
    expect(((await hubObject('twin', 'root:b')).status as DeploymentStatus).readyReplicas).toBe(2);
  });
});

describe('other kinds', () => {
  const pod = { containers: [{ name: 'main', image: 'nginx', ports: [{ containerPort: 80 }] }] };
  const template = (name: string, spec: object = pod) => ({ metadata: { labels: { app: name } }, spec });
  const make = (group: string, version: string, resource: string, kind: string, name: string, spec: object) =>
    hub.client.create(
      'root',
      { group, resource },
      {
        apiVersion: group === '' ? version : `${group}/${version}`,
        kind,
        metadata: { name, namespace: 'default', labels: { app: name } },
        spec,
      },
    );
  const seen = async (group: string, resource: string, name: string) =>
    (await hub.client.get({ workspace: 'root', group, resource, namespace: 'default', name }))!;
  const statusOf = async (group: string, resource: string, name: string) => {
    const { metadata, status } = await seen(group, resource, name);
    const errors = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith('error.'));
    expect(errors).toEqual([]);
    return (status ?? {}) as Record<string, unknown>;
  };
  const clustersOf = async (group: string, resource: string, name: string) =>
    Object.keys((await seen(group, resource, name)).metadata.labels ?? {}).filter((key) => key.startsWith('state.'))
      .length;

  it('a StatefulSet runs in one cluster, with the Service that it names', async () => {
    await make('', 'v1', 'services', 'Service', 'db', {
      clusterIP: 'None',
      selector: { app: 'db' },
      ports: [{ port: 80 }],
    });
    await make('apps', 'v1', 'statefulsets', 'StatefulSet', 'db', {
      replicas: 2,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('db'),
    });
    await waitFor('it to be ready', async () => (await statusOf('apps', 'statefulsets', 'db')).readyReplicas === 2);
    expect(await clustersOf('apps', 'statefulsets', 'db')).toBe(1);
    await waitFor('its Service to follow', async () => (await clustersOf('', 'services', 'db')) === 1);
  });

  it('a DaemonSet runs on the nodes of both', async () => {
    await make('apps', 'v1', 'daemonsets', 'DaemonSet', 'agent', {
      selector: { matchLabels: { app: 'agent' } },
      template: template('agent'),
    });
    await waitFor('it to be ready', async () => {
      const { numberReady, desiredNumberScheduled } = await statusOf('apps', 'daemonsets', 'agent');
      return numberReady === desiredNumberScheduled && Number(numberReady) >= 2;
    });
  });

  it('a Job runs once, to its end', async () => {
    const run = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] };
    await make('batch', 'v1', 'jobs', 'Job', 'once', { template: { spec: run } });
    await waitFor('it to complete', async () => {
      const { conditions = [] } = (await statusOf('batch', 'jobs', 'once')) as {
        conditions?: { type: string; status: string }[];
      };
      return conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
    });
    expect(await clustersOf('batch', 'jobs', 'once')).toBe(1);
  });

  it('a Pod runs in one cluster and shows where it is', async () => {
    await make('', 'v1', 'pods', 'Pod', 'lone', pod);
    await waitFor('it to run', async () => (await statusOf('', 'pods', 'lone')).phase === 'Running');
    expect((await statusOf('', 'pods', 'lone')).podIP).toMatch(/^[0-9.]+$/);
    await hub.client.delete({ workspace: 'root', group: '', resource: 'pods', namespace: 'default', name: 'lone' });
    await waitFor(
      'it to go',
      async () =>
        (await hub.client.get({
          workspace: 'root',
          group: '',
          resource: 'pods',
          namespace: 'default',
          name: 'lone',
        })) === undefined,
    );
  });

  it('a CronJob, an Ingress, a NetworkPolicy and a claim arrive', async () => {
    await make('batch', 'v1', 'cronjobs', 'CronJob', 'nightly', {
      schedule: '0 3 * * *',
      jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', ...pod } } } },
    });
    await make('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', 'data', {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    });
    await hub.client.create(
      'root',
      DEPLOYMENTS,
      deployment('front', 2, { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] }),
    );
    await make('', 'v1', 'services', 'Service', 'front', { selector: { app: 'front' }, ports: [{ port: 80 }] });
    const http = {
      paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'front', port: { number: 80 } } } }],
    };
    await make('networking.k8s.io', 'v1', 'ingresses', 'Ingress', 'front', {
      rules: [{ host: 'front.example', http }],
    });
    await make('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy', 'front', {
      podSelector: { matchLabels: { app: 'front' } },
      policyTypes: ['Ingress'],
    });
    const paths = [
      ['/apis/batch/v1/cronjobs', 'nightly', 1],
      ['/api/v1/persistentvolumeclaims', 'data', 2],
      ['/api/v1/services', 'front', 2],
      ['/apis/networking.k8s.io/v1/ingresses', 'front', 2],
      ['/apis/networking.k8s.io/v1/networkpolicies', 'front', 2],
    ] as const;
    for (const [path, name, expected] of paths)
      await waitFor(`${name} below ${path}`, async () => {
        const lists = await Promise.all([east, west].map((cluster) => cluster.fetchOk<{ items: KubeObject[] }>(path)));
        return lists.flatMap(({ items }) => items.filter(({ metadata }) => metadata.name === name)).length === expected;
      });
    await statusOf('batch', 'cronjobs', 'nightly');
    await statusOf('networking.k8s.io', 'ingresses', 'front');
  });
});

describe('1,000 ConfigMaps', () => {
  it('reach both clusters; the rate is told', async () => {
    await hub.client.create('root', PLACEMENTS, {
      apiVersion: 'placement.kcp.io/v1alpha1',
      kind: 'Placement',
      metadata: { name: 'bulk' },
      spec: { workloadSelector: { matchLabels: { bulk: 'yes' } } },
    });
    const count = async (cluster: KubeCluster) => {
      const { items } = await cluster.fetchOk<{ items: KubeObject[] }>('/api/v1/configmaps?labelSelector=bulk%3Dyes');
      return items.length;
    };
    const started = performance.now();
    await Promise.all(
      Array.from({ length: 1_000 }, (_, at) =>
        hub.client.create('root', CONFIG_MAPS, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `bulk-${at}`, namespace: 'default', labels: { bulk: 'yes' } },
          data: { at: String(at) },
        }),
      ),
    );
    const authored = performance.now();
    // Counting costs the clusters as much as many writes: seldom.
    await waitFor('all to arrive', async () => (await count(east)) === 1_000 && (await count(west)) === 1_000, {
      intervalMs: 1_000,
    });
    const seconds = (performance.now() - authored) / 1_000;
    console.log(
      `authored 1,000 in ${((authored - started) / 1_000).toFixed(2)} s; 2,000 copies ${seconds.toFixed(2)} s later (${Math.round(2_000 / ((performance.now() - started) / 1_000))}/s overall)`,
    );
    expect(seconds).toBeLessThan(30);
  });
});

describe('a cluster that is drained, and one that leaves', () => {
  const cordon = (name: string, spec: object) =>
    hub.client.patch({ workspace: 'root', ...SYNC_TARGETS, name }, { type: 'merge', body: { spec } });

  it('keeps its work when cordoned, gives it away when drained, once the other has it ready', async () => {
    await hub.client.create('root', DEPLOYMENTS, deployment('mobile', 4));
    await rolledOut('mobile', 4);
    await cordon('west', { unschedulable: true });
    await hub.client.create('root', DEPLOYMENTS, deployment('late', 2));
    await shared('late', [[2], []]);
    expect(await sharesOf('mobile')).toEqual([[2], [2]]);
    let readyInEast = 0;
    await cordon('west', { evictAfter: '2020-01-01T00:00:00Z' });
    await waitFor('the other to be left', async () => {
      const [copy] = await copies(east, 'mobile');
      const { readyReplicas = 0 } = (copy?.status ?? {}) as DeploymentStatus;
      const left = (await copies(west, 'mobile')).length === 0;
      if (!left) readyInEast = Math.max(readyInEast, readyReplicas);
      return left;
    });
    expect(readyInEast).toBe(4);
    await rolledOut('mobile', 4);
    await cordon('west', { unschedulable: null, evictAfter: null });
    await shared('mobile', [[2], [2]]);
    await rolledOut('mobile', 4);
  });

  it('takes no trace along when it leaves: the others take over', async () => {
    await leaveCluster({ hub: hub.client, workspace: 'root', name: 'west' });
    await waitFor('all to be in the other', async () => {
      const { metadata } = await hubObject('mobile');
      return metadata.finalizers?.length === 1 && Object.keys(metadata.labels ?? {}).length === 1;
    });
    const [copy] = await copies(east, 'mobile');
    expect(copy?.spec).toMatchObject({ replicas: 4 });
    await rolledOut('mobile', 4);
  });
});
