/** What controllers and clusters do, as metrics: the hooks they offer, joined to the names in src/metrics. */
import type { ClusterHealth, ClusterRegistry } from './clusters/downstream.ts';
import { boundedLabel } from './metrics/bounded-label.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { SyncMetrics } from './sync/sync-metrics.ts';

/** Tenants register clusters, so their number has no bound of its own. */
const MAX_CLUSTERS = 1_000;
const STATES: readonly ClusterHealth[] = ['Healthy', 'Degraded', 'Unhealthy', 'Unknown'];

export function syncMetricsOf(metrics: Metrics): SyncMetrics {
  const label = boundedLabel(MAX_CLUSTERS);
  const kind = boundedLabel(MAX_CLUSTERS);
  return {
    queueOf(clusterName) {
      const cluster = label(clusterName);
      return {
        depth: (waiting) => {
          metrics.tmc_sync_backlog_size.set({ cluster }, waiting);
          metrics.syncer_sync_backlog_size.set({ sync_target: cluster }, waiting);
        },
        finished: (_result, seconds) => {
          metrics.tmc_sync_duration_seconds.observe({ cluster }, seconds);
          metrics.syncer_sync_duration_seconds.observe({ sync_target: cluster }, seconds);
        },
      };
    },
    operation(clusterName, resource, operation) {
      const cluster = label(clusterName);
      metrics.tmc_sync_resources_total.inc({ cluster, operation, result: 'success' });
      metrics.syncer_resources_synced_total.inc({ sync_target: cluster });
      metrics.syncer_operations_total.inc({
        sync_target: cluster,
        resource_type: kind(resource),
        operation,
        result: 'success',
      });
    },
    error(clusterName, type) {
      const cluster = label(clusterName);
      metrics.tmc_sync_errors_total.inc({ cluster, error_type: type });
      metrics.syncer_sync_errors_total.inc({ sync_target: cluster });
      metrics.syncer_errors_total.inc({ sync_target: cluster, error_type: type });
    },
  };
}

/** Health of every cluster, as it changes. Returns unsubscribe. */
export function observeClusters(registry: ClusterRegistry, metrics: Metrics): () => void {
  const label = boundedLabel(MAX_CLUSTERS);
  const show = (clusterName: string, current: ClusterHealth | undefined) => {
    const cluster = label(clusterName);
    for (const state of STATES) {
      if (current === undefined) metrics.tmc_cluster_health.remove({ cluster, state });
      else metrics.tmc_cluster_health.set({ cluster, state }, state === current ? 1 : 0);
    }
    if (current === undefined) metrics.tmc_cluster_connectivity.remove({ cluster });
    else metrics.tmc_cluster_connectivity.set({ cluster }, current === 'Healthy' || current === 'Degraded' ? 1 : 0);
  };
  for (const downstream of registry.all()) show(downstream.clusterName, downstream.health().state);
  return registry.onChange(({ type, downstream }) =>
    show(downstream.clusterName, type === 'left' ? undefined : downstream.health().state),
  );
}
