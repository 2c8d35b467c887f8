/** The whole line in one process: a hub, two clusters that are hubs themselves, and all controllers between them. */
import { createReflectorPool } from '../../src/clusters/reflector-pool.ts';
import { type Controllers, startControllers } from '../../src/controllers.ts';
import type { Hub } from '../../src/hub/hub.ts';
import { createHub } from '../../src/hub/hub.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { GroupResource } from '../../src/kube/resource.ts';
import { type Logger, silentLogger } from '../../src/reconcile/logger.ts';
import { fakeRegistry } from '../support/fake-downstream.ts';
import { type InProcessCluster, startInProcessCluster } from '../support/in-process-downstream.ts';
import { waitFor } from '../support/wait-for.ts';

export const DEPLOYMENTS = { group: 'apps', resource: 'deployments' };
export const CONFIG_MAPS = { group: '', resource: 'configmaps' };
export const SERVICES = { group: '', resource: 'services' };
export const NAMESPACES = { group: '', resource: 'namespaces' };
export const PLACEMENTS = { group: 'placement.kcp.io', resource: 'placements' };
export const EVENTS = { group: '', resource: 'events' };

export interface Line {
  readonly hub: Hub;
  readonly east: InProcessCluster;
  readonly west: InProcessCluster;
  readonly registry: ReturnType<typeof fakeRegistry>;
  readonly controllers: Controllers;
  /** Stops the controllers and starts new ones over the same hub and clusters. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** `TMC_TEST_LOG=1` shows what controllers complain about. */
const complain = (fields: object, message: string): void => console.warn(message, fields);
const log: Logger = process.env.TMC_TEST_LOG ? { ...silentLogger, warn: complain, error: complain } : silentLogger;

export async function startLine(): Promise<Line> {
  const store = openSqliteStore(':memory:');
  const hub = await createHub({ store, profile: 'hub', log });
  const [east, west] = await Promise.all([startInProcessCluster('east'), startInProcessCluster('west')]);
  const registry = fakeRegistry(east.downstream, west.downstream);
  const start = async () => {
    const stop = new AbortController();
    const reflectors = createReflectorPool({ log, registry });
    const controllers = await startControllers({ hub, registry, reflectors, signal: stop.signal, log });
    return {
      controllers,
      stop: async () => {
        stop.abort();
        await reflectors.close();
      },
    };
  };
  let running = await start();
  return {
    hub,
    east,
    west,
    registry,
    get controllers() {
      return running.controllers;
    },
    async restart() {
      await running.stop();
      running = await start();
    },
    async close() {
      await running.stop();
      await Promise.all([east.close(), west.close(), hub.close()]);
      await store.close();
    },
  };
}

/** Copies of hub objects in a cluster, all namespaces. */
export async function copies(
  { cluster, downstream }: InProcessCluster,
  resource: GroupResource,
): Promise<readonly KubeObject[]> {
  const { items } = await cluster.client.list('root', resource, {
    labelSelector: `internal.workload.kcp.io/cluster=${downstream.key}`,
  });
  return items.map(({ object }) => object);
}

export const until = <T>(what: string, check: () => Promise<T | false | undefined>): Promise<T> =>
  waitFor(what, check, { timeoutMs: 8_000, intervalMs: 10 });

export const deployment = (name: string, replicas: number, podSpec: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'nginx:1' }], ...podSpec },
    },
  },
});

/** Plays the cluster's deployment controller once: every replica is up. */
export async function rollOut({ cluster }: InProcessCluster): Promise<void> {
  const { items } = await cluster.client.list('root', DEPLOYMENTS);
  for (const { object } of items) {
    const replicas = (object.spec as { replicas: number }).replicas;
    const time = '2026-01-01T00:00:00Z';
    const status = {
      observedGeneration: object.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'ok',
          lastTransitionTime: time,
          lastUpdateTime: time,
        },
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: 'done',
          lastTransitionTime: time,
          lastUpdateTime: time,
        },
      ],
    };
    await cluster.client.patch(
      {
        workspace: 'root',
        ...DEPLOYMENTS,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name ?? '',
      },
      { type: 'json', body: [{ op: 'add', path: '/status', value: status }] },
      { subresource: 'status' },
    );
  }
}
