/** What clusters do, as metrics. */
import type { ViewMetrics } from './aggregate/view-context.ts';
import type { ClusterHealth, ClusterRegistry } from './clusters/downstream.ts';
import { boundedLabel } from './metrics/bounded-label.ts';
import type { Metrics } from './metrics/metrics.ts';

/** Tenants register clusters, so their number has no bound of its own. */
const MAX_CLUSTERS = 1_000;
const STATES: readonly ClusterHealth[] = ['Healthy', 'Degraded', 'Unhealthy', 'Unknown'];

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

/** Requests to views. Reasons of errors are Kubernetes' own: a bounded set. */
export const viewMetricsOf = (metrics: Metrics): ViewMetrics => ({
  finished(route, result, seconds) {
    if (route === 'list' || route === 'watch') metrics.tmc_resource_aggregations_total.inc({ verb: route, result });
    metrics.tmc_virtual_workspace_operation_duration_seconds.observe({ operation: route }, seconds);
  },
  failed: (reason) => metrics.tmc_virtual_workspace_errors_total.inc({ error_type: reason }),
});
