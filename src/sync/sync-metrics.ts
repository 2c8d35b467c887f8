/** The numbers of the syncer, as hooks: names and registry stand in src/metrics. */
import type { QueueMetrics } from '../reconcile/queue.ts';

export interface SyncMetrics {
  queueOf(clusterName: string): QueueMetrics;
  operation(clusterName: string, resource: string, operation: 'apply' | 'delete' | 'status'): void;
  error(clusterName: string, type: string): void;
}

export const noSyncMetrics: SyncMetrics = { queueOf: () => ({}), operation: () => {}, error: () => {} };
