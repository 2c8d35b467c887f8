/** Composition root of `workload-syncer`: kubeconfigs → the hub and the clusters → one syncer per target → health and metrics. */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { accessByKubeconfig, inClusterKubeconfig, type KubeconfigAccess } from './clusters/kubeconfig-access.ts';
import { readWhole } from './clusters/response-body.ts';
import { createTransport, type Transport } from './clusters/transport.ts';
import { createRemoteHubClient } from './hub/remote-client.ts';
import { type GroupResource, groupResourceName } from './kube/resource.ts';
import { createMetrics, type MetricsRegistry } from './metrics/metrics.ts';
import { placedKind } from './placement/kinds.ts';
import { systemClock } from './reconcile/clock.ts';
import type { Logger } from './reconcile/logger.ts';
import { type PullSyncer, startPullSyncer } from './sync/pull-syncer.ts';
import { syncMetrics } from './sync/sync-metrics.ts';
import type { SyncerConfig, TargetConfig } from './syncer-config.ts';
import { openPorts } from './syncer-ports.ts';

export interface RunningSyncer {
  close(): Promise<void>;
}

const HUB_LIMIT_BYTES = 64 * 1024 * 1024;
/** Failed heartbeats in a row after which open watches are held to be dead too. */
const CUT_AFTER = 3;
const HUB_SOCKETS = 32;

/** Resolves when it works and its ports are open. Throws Error for files and ports that cannot be used. */
export async function startSyncer(config: SyncerConfig, log: Logger): Promise<RunningSyncer> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const metrics = createMetrics({ process: true });
  const hub = hubTransport(await access(config.kubeconfig, toHubRoot));
  const clusters = await Promise.all(config.targets.map((target) => clusterAccess(target)));
  const syncers = new Map(
    config.targets.map((target, at) => [
      `${target.workspace}/${target.name}`,
      startTarget(target, clusters[at] as KubeconfigAccess, hub, metrics, stop.signal, log),
    ]),
  );
  const started = Date.now();
  const servers = await openPorts(config, syncers, async () => {
    for (const { name } of config.targets)
      metrics.metrics.syncer_uptime_seconds.set({ sync_target: name }, (Date.now() - started) / 1_000);
    return metrics.expose();
  });
  return {
    async close() {
      stop.abort();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
      hub.destroy();
      metrics.close();
    },
  };
}

function startTarget(
  target: TargetConfig,
  cluster: KubeconfigAccess,
  hub: Transport,
  { metrics }: MetricsRegistry,
  signal: AbortSignal,
  log: Logger,
): PullSyncer {
  const labels = { sync_target: target.name };
  let failures = 0;
  return startPullSyncer({
    workspace: target.workspace,
    name: target.name,
    hub: createRemoteHubClient((request) => hub.send(request)),
    hubDiscovery: async (path, headers, stopped) => {
      const request = { method: 'GET', path: `/clusters/*${path}`, headers, signal: stopped };
      const { status, headers: answered, body } = await hub.send(request);
      return { status, headers: answered, body: await readWhole('hub', body, HUB_LIMIT_BYTES, 30_000) };
    },
    cluster,
    placeable: (resource) => placedKind(resource) !== undefined,
    selects: selection(target),
    limits: {
      concurrency: target.concurrency,
      qps: target.qps,
      burst: target.burst,
      resyncMs: target.resyncPeriod * 1_000,
    },
    heartbeatMs: target.heartbeatPeriod * 1_000,
    metrics: syncMetrics(metrics),
    onHeartbeat({ ok, healthy, kinds }) {
      failures = ok ? 0 : failures + 1;
      if (failures === CUT_AFTER) hub.cutStreams();
      metrics[ok ? 'syncer_heartbeat_total' : 'syncer_heartbeat_errors_total'].inc(labels);
      metrics.syncer_connection_status.set(labels, ok ? 1 : 0);
      metrics.syncer_target_health.set({ ...labels, cluster: target.name }, healthy ? 1 : 0);
      metrics.syncer_resource_controllers.set(labels, kinds);
    },
    signal,
    log,
    clock: systemClock,
  });
}

/** Empty lists select everything; a kind is named as `deployments.apps` or `deployments`. Cluster-scoped kinds have no namespace to select by. */
export function selection({
  namespaces,
  resourceTypes,
}: Pick<TargetConfig, 'namespaces' | 'resourceTypes'>): (resource: GroupResource, namespace: string) => boolean {
  return (resource, namespace) =>
    (namespaces.length === 0 || namespace === '' || namespaces.includes(namespace)) &&
    (resourceTypes.length === 0 ||
      resourceTypes.includes(groupResourceName(resource)) ||
      resourceTypes.includes(resource.resource));
}

const hubTransport = ({ endpoint, credentials }: KubeconfigAccess): Transport =>
  createTransport({
    clusterName: 'hub',
    endpoint,
    credentials,
    impersonateUsers: false,
    deadlineMs: 30_000,
    connectTimeoutMs: 5_000,
    maxSockets: HUB_SOCKETS,
  });

/** A kubeconfig of a workspace points below the root that the hub's own paths begin at. */
export const toHubRoot = (server: string): string => server.replace(/(\/services\/tmc)?\/clusters\/[^/]+\/?$/, '');

function clusterAccess({ name, downstreamKubeconfig }: TargetConfig): Promise<KubeconfigAccess> {
  if (downstreamKubeconfig !== undefined) return access(downstreamKubeconfig);
  const text = inClusterKubeconfig(process.env);
  if (text === undefined)
    throw new Error(`target "${name}" has no downstream kubeconfig, and this is no pod of a cluster`);
  return accessByKubeconfig(text, '/');
}

async function access(file: string, toRoot?: (server: string) => string): Promise<KubeconfigAccess> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`the kubeconfig ${file} cannot be read`);
  }
  try {
    return await accessByKubeconfig(text, dirname(resolve(file)), toRoot);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}
