/** Takes the clusters that a workload gets, out of those that may hold it: those it has first, then the best. */
import { roomFor } from './capacity.ts';
import type { ClusterFacts, CurrentPlacement, PlacementPolicy, SpreadConstraint, Workload } from './model.ts';
import { MARGIN } from './rebalance.ts';
import type { Strategy } from './strategies.ts';

export interface Candidate {
  readonly cluster: ClusterFacts;
  readonly score: number;
  readonly current: boolean;
}

export interface Selection {
  readonly chosen: readonly Candidate[];
  /** Why an eligible cluster was left out. */
  readonly leftOut: ReadonlyMap<string, { code: 'NotNeeded' | 'SpreadConstraint'; message: string }>;
}

/** How many clusters: the policy's bounds around what the strategy and the kind want. */
export function wantedCount(
  policy: PlacementPolicy,
  workload: Workload,
  strategy: Strategy,
  candidates: readonly Candidate[],
): number {
  if (workload.mode === 'single') return 1;
  const least = policy.minClusters ?? 1;
  const wanted = strategy.count === 'all' ? candidates.length : strategy.count === 'one' ? 1 : 0;
  const bounded = Math.min(Math.max(wanted, least), policy.maxClusters ?? Number.POSITIVE_INFINITY);
  if (workload.mode !== 'divide') return bounded;
  // A cluster with no replica is of no use; but one that has the workload keeps it, ready to scale up again.
  const useful = Math.max(1, workload.replicas, candidates.filter(({ current }) => current).length, least);
  return Math.min(bounded, useful);
}

/** @param rebalancing a clearly better cluster comes before one that has the workload */
export function selectClusters(
  policy: PlacementPolicy,
  workload: Workload,
  strategy: Strategy,
  candidates: readonly Candidate[],
  current: CurrentPlacement,
  rebalancing: boolean,
): Selection {
  const count = wantedCount(policy, workload, strategy, candidates);
  const constraints = policy.spreadConstraints ?? [];
  const ordered = inOrder(workload, candidates, rebalancing);
  const chosen: Candidate[] = [];
  let room = 0;
  const leftOut = new Map<string, { code: 'NotNeeded' | 'SpreadConstraint'; message: string }>();
  for (const candidate of ordered) {
    const skewed = constraints.find((constraint) => breaks(constraint, candidate, chosen, candidates));
    if (skewed !== undefined)
      leftOut.set(candidate.cluster.key, {
        code: 'SpreadConstraint',
        message: `it would put more than ${skewed.maxSkew} above the least in ${skewed.topologyKey}`,
      });
    else if (isEnough(policy, workload, strategy, chosen.length, count, room))
      leftOut.set(candidate.cluster.key, { code: 'NotNeeded', message: notNeeded(policy, chosen.length) });
    else {
      chosen.push(candidate);
      room += roomFor(candidate.cluster, workload, current.get(candidate.cluster.key) ?? 0);
    }
  }
  return { chosen, leftOut };
}

/** `enough` (Pack) stops when the chosen have room for all replicas; the other strategies stop at a count. */
function isEnough(
  policy: PlacementPolicy,
  workload: Workload,
  strategy: Strategy,
  taken: number,
  count: number,
  room: number,
): boolean {
  if (strategy.count !== 'enough' || workload.mode !== 'divide') return taken >= count;
  if (taken >= (policy.maxClusters ?? Number.POSITIVE_INFINITY)) return true;
  return taken >= (policy.minClusters ?? 1) && room >= workload.replicas;
}

const notNeeded = (policy: PlacementPolicy, taken: number): string =>
  policy.maxClusters === taken
    ? `it was not needed: maxClusters is ${taken}`
    : `it was not needed: ${taken} cluster${taken === 1 ? ' is' : 's are'} enough`;

function inOrder(workload: Workload, candidates: readonly Candidate[], rebalancing: boolean): Candidate[] {
  const standing = ({ score, current }: Candidate): number => (rebalancing && current ? score + MARGIN : score);
  return candidates
    .map((candidate) => ({ candidate, rank: rendezvous(workload.id, candidate.cluster.key) }))
    .sort(
      (a, b) =>
        (rebalancing ? 0 : Number(b.candidate.current) - Number(a.candidate.current)) ||
        standing(b.candidate) - standing(a.candidate) ||
        b.rank - a.rank,
    )
    .map(({ candidate }) => candidate);
}

/** Equal clusters are told apart by the workload: many workloads spread over them, each always the same way (FNV-1a, mixed). */
function rendezvous(workload: string, cluster: string): number {
  let hash = 0x811c9dc5;
  for (const part of [workload, cluster])
    for (let at = 0; at < part.length; at++) hash = Math.imul(hash ^ part.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function breaks(
  { topologyKey, maxSkew, whenUnsatisfiable }: SpreadConstraint,
  candidate: Candidate,
  chosen: readonly Candidate[],
  all: readonly Candidate[],
): boolean {
  if (whenUnsatisfiable !== 'DoNotSchedule') return false;
  const domain = candidate.cluster.labels[topologyKey];
  if (domain === undefined) return true;
  const counts = new Map<string, number>();
  for (const { cluster } of all) {
    const value = cluster.labels[topologyKey];
    if (value !== undefined) counts.set(value, 0);
  }
  for (const { cluster } of chosen) {
    const value = cluster.labels[topologyKey];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return (counts.get(domain) ?? 0) + 1 - Math.min(...counts.values()) > maxSkew;
}
