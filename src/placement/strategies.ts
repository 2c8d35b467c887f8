/**
 * Strategies as data: how clusters are scored, how many are taken when the policy does not say, how replicas are shared.
 * A new strategy is one more entry: `new Map([...STRATEGIES, ['Mine', {...}]])`, handed to `choose`.
 */
import { freeResources, utilization } from './capacity.ts';
import type { Circumstances, ClusterFacts, PlacementPolicy, Workload } from './model.ts';

export interface ScoringInput {
  readonly policy: PlacementPolicy;
  readonly workload: Workload;
  readonly cluster: ClusterFacts;
  /** Place of the cluster among the eligible ones, by name, and how many there are. */
  readonly position: number;
  readonly eligible: number;
  readonly circumstances: Circumstances;
}

export interface Strategy {
  /** One line for people: what it prefers. */
  readonly summary: string;
  /** 0..100, higher is better. */
  readonly score: (input: ScoringInput) => number;
  /** Clusters taken when the policy sets neither minClusters nor maxClusters. */
  readonly count: 'all' | 'one' | 'enough';
  /** Share of replicas relative to the other chosen clusters; more than 0. */
  readonly weight: (cluster: ClusterFacts) => number;
  /** `load`: weights change with every placement, so replicas that run are not moved for their sake. */
  readonly weights: 'fixed' | 'load';
  /** False: a higher score is no better place, only another turn; what runs is not moved for it. */
  readonly rebalances?: boolean;
}

const equal = (): number => 1;
/** Free CPU in cores (at least a hundredth), so that a full cluster still has a share when there is no other. */
const byFreeCapacity = (cluster: ClusterFacts): number =>
  Math.max(0.01, (freeResources(cluster)?.cpu ?? 1_000) / 1_000);

export const STRATEGIES: ReadonlyMap<string, Strategy> = new Map<string, Strategy>([
  [
    'Spread',
    {
      summary: 'every eligible cluster, equal shares; the emptiest first',
      score: ({ cluster }) => 100 / (1 + cluster.placed),
      count: 'all',
      weight: equal,
      weights: 'fixed',
    },
  ],
  [
    'Pack',
    {
      summary: 'as few clusters as hold it; the fullest first',
      score: ({ cluster }) => 100 * utilization(cluster) + (cluster.placed > 0 ? 1 - 1 / (1 + cluster.placed) : 0),
      count: 'enough',
      weight: equal,
      weights: 'load',
    },
  ],
  [
    'Balanced',
    {
      summary: 'every eligible cluster, shares by free capacity',
      score: ({ cluster }) => 100 * (1 - utilization(cluster)),
      count: 'all',
      weight: byFreeCapacity,
      weights: 'load',
    },
  ],
  [
    'RoundRobin',
    {
      summary: 'clusters in turn, by name',
      score: ({ position, eligible, circumstances }) =>
        100 - (100 * ((position - (circumstances.turn % eligible) + eligible) % eligible)) / eligible,
      count: 'one',
      weight: equal,
      weights: 'fixed',
      rebalances: false,
    },
  ],
  [
    'LeastLoaded',
    {
      summary: 'the cluster with most room, then the one with fewest workloads',
      score: ({ cluster }) => 99 * (1 - utilization(cluster)) + 1 / (1 + cluster.placed),
      count: 'one',
      weight: byFreeCapacity,
      weights: 'load',
    },
  ],
  [
    'Affinity',
    {
      summary: 'where most of its namespace already runs',
      score: ({ cluster }) => 100 * (1 - 1 / (1 + cluster.neighbours)),
      count: 'one',
      weight: equal,
      weights: 'fixed',
    },
  ],
  [
    'LocationAware',
    {
      summary: 'the zone asked for, then its region, then its provider',
      score: ({ policy, cluster }) => nearness(policy, cluster),
      count: 'one',
      weight: equal,
      weights: 'fixed',
    },
  ],
  [
    'Random',
    {
      summary: 'any eligible cluster',
      score: ({ circumstances }) => 100 * circumstances.random(),
      count: 'one',
      weight: equal,
      weights: 'fixed',
      rebalances: false,
    },
  ],
]);

/** With no wish at all every cluster is equally near. */
function nearness({ location: wanted = {} }: PlacementPolicy, { location }: ClusterFacts): number {
  const agrees = (part: 'zone' | 'region' | 'provider'): boolean =>
    wanted[part] !== undefined && wanted[part] === location[part];
  if (agrees('zone')) return 100;
  if (agrees('region')) return 75;
  return agrees('provider') ? 50 : 25;
}
