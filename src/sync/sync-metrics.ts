/** The syncer's numbers, under the names of MISSION's appendix 2. */
import { boundedLabel } from '../metrics/bounded-label.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { QueueMetrics } from '../reconcile/queue.ts';

export interface SyncMetrics {
  queueOf(clusterName: string): QueueMetrics;
  operation(clusterName: string, resource: string, operation: 'apply' | 'delete' | 'status'): void;
  error(clusterName: string, type: string): void;
}

export const noSyncMetrics: SyncMetrics = { queueOf: () => ({}), operation: () => {}, error: () => {} };

/** Tenants register clusters and kinds, so their number has no bound of its own. */
const MAX_LABELS = 1_000;

export function syncMetrics(metrics: Metrics): SyncMetrics {
  const label = boundedLabel(MAX_LABELS);
  const kind = boundedLabel(MAX_LABELS);
  return {
    queueOf(clusterName) {
      const cluster = label(clusterName);
      return {
        depth: (waiting) => {
          metrics.tmc_sync_backlog_size.set({ cluster }, waiting);
          metrics.syncer_sync_backlog_size.set({ sync_target: cluster }, waiting);
        },
        finished: (result, seconds) => {
          metrics.tmc_sync_duration_seconds.observe({ cluster }, seconds);
          metrics.syncer_sync_duration_seconds.observe({ sync_target: cluster }, seconds);
          if (result === 'success') metrics.syncer_resources_synced_total.inc({ sync_target: cluster });
          else metrics.syncer_sync_errors_total.inc({ sync_target: cluster });
        },
      };
    },
    operation(clusterName, resource, operation) {
      const cluster = label(clusterName);
      const done = { operation, result: 'success' };
      metrics.tmc_sync_resources_total.inc({ cluster, ...done });
      metrics.syncer_operations_total.inc({ sync_target: cluster, resource_type: kind(resource), ...done });
    },
    error(clusterName, type) {
      const cluster = label(clusterName);
      metrics.tmc_sync_errors_total.inc({ cluster, error_type: type });
      metrics.syncer_errors_total.inc({ sync_target: cluster, error_type: type });
    },
  };
}
