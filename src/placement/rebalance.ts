/**
 * Rebalancing (WorkloadPlacement.spec.rebalance): work that runs is otherwise left where it is for as long as that is good;
 * with it, a place that is clearly better is taken, at most once per cool-down. Pure.
 */
import { currentPlacement } from '../hub/kinds/placed-object.ts';
import { MOVED_AT_ANNOTATION } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import { isMovable } from './hold.ts';
import type { ClusterFacts, PlacementPolicy, Rebalance, Workload } from './model.ts';

/** Scores run from 0 to 100: a place must be better by more than this, or work would go back and forth. */
export const MARGIN = 10;
/** However short the cool-down is, what stays is not looked at more often by time alone. */
const LOOK_MS = 10_000;

/** Undefined for what is never moved: no policy asks for it, or two of it must not run at once. */
export function rebalanceOf({ rebalanceMs }: PlacementPolicy, object: KubeObject, now: number): Rebalance | undefined {
  if (rebalanceMs === undefined || !isMovable(object) || currentPlacement(object).size === 0) return undefined;
  const movedAt = Date.parse(object.metadata.annotations?.[MOVED_AT_ANNOTATION] ?? '') || 0;
  const left = movedAt + rebalanceMs - now;
  return left > 0 ? { due: false, againMs: left } : { due: true, againMs: Math.max(rebalanceMs, LOOK_MS) };
}

/** The cluster as if the workload did not run there: what it would find elsewhere is without it too. */
export function withoutOwn(cluster: ClusterFacts, { requests }: Workload, replicas: number | undefined): ClusterFacts {
  const count = replicas ?? 1;
  const { cpu, memory, pods } = cluster.used;
  return {
    ...cluster,
    used: {
      cpu: Math.max(0, cpu - requests.cpu * count),
      memory: Math.max(0, memory - requests.memory * count),
      pods: Math.max(0, pods - requests.pods * count),
    },
    placed: Math.max(0, cluster.placed - 1),
  };
}
