/** How many replicas a cluster has room for. */
import type { ClusterFacts, Resources, Workload } from './model.ts';

const NAMES: readonly (keyof Resources)[] = ['cpu', 'memory', 'pods'];

/** Free resources; undefined when the cluster does not report what it has. Never negative. */
export function freeResources({ allocatable, used }: ClusterFacts): Resources | undefined {
  if (allocatable === undefined) return undefined;
  const free = (name: keyof Resources): number => Math.max(0, allocatable[name] - used[name]);
  return { cpu: free('cpu'), memory: free('memory'), pods: free('pods') };
}

/** Replicas that fit, counting those that already run there. Infinity when the cluster does not say or nothing is asked for. */
export function roomFor(cluster: ClusterFacts, workload: Workload, currentReplicas: number): number {
  const free = freeResources(cluster);
  if (free === undefined) return Number.POSITIVE_INFINITY;
  const fits = NAMES.filter((name) => workload.requests[name] > 0).map((name) =>
    Math.floor(free[name] / workload.requests[name]),
  );
  return currentReplicas + Math.min(Number.POSITIVE_INFINITY, ...fits);
}

/** The resource that leaves no room for one more replica. */
export function scarceResource(cluster: ClusterFacts, workload: Workload): keyof Resources | undefined {
  const free = freeResources(cluster);
  return free && NAMES.find((name) => workload.requests[name] > 0 && free[name] < workload.requests[name]);
}

/** 0..1 of the cluster that is taken, by its fullest resource; 0 when it does not report. */
export function utilization({ allocatable, used }: ClusterFacts): number {
  if (allocatable === undefined) return 0;
  const shares = NAMES.filter((name) => allocatable[name] > 0).map((name) => used[name] / allocatable[name]);
  return Math.min(1, Math.max(0, ...shares));
}
