/** Placement's numbers, under the names of MISSION's appendix 2. */
import { boundedLabel } from '../metrics/bounded-label.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { QueueMetrics } from '../reconcile/queue.ts';

export interface PlacementMetrics {
  readonly queue: QueueMetrics;
  /** One decision by policy: how long it took and how many clusters it chose. */
  decided(strategy: string, seconds: number, clusters: number): void;
}

export const noPlacementMetrics: PlacementMetrics = { queue: {}, decided: () => {} };

/** Strategy names come from users. */
const MAX_STRATEGIES = 50;

export const placementMetrics = (metrics: Metrics, label = boundedLabel(MAX_STRATEGIES)): PlacementMetrics => ({
  queue: {
    finished: (result) => {
      if (result === 'error') metrics.tmc_placement_errors_total.inc({ error_type: 'PlacementPolicy' });
    },
    retried: () => metrics.tmc_placement_retries_total.inc(),
  },
  decided(name, seconds, clusters) {
    const strategy = label(name);
    metrics.tmc_placements_total.inc({ strategy, result: clusters > 0 ? 'placed' : 'unplaced' });
    metrics.tmc_placement_duration_seconds.observe({ strategy }, seconds);
    metrics.tmc_placement_clusters.observe({ strategy }, clusters);
  },
});
