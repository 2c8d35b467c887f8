/** The placement decision as a pure function: filter → score → select → divide. Same input, same answer. */

import { matchesLabels } from '../kube/selector.ts';
import { roomFor } from './capacity.ts';
import { adjustReplicas, divideReplicas, fillReplicas, type Share } from './divide.ts';
import { evictionGrace, type Refusal, refuse, shareOf } from './filter.ts';
import type {
  Circumstances,
  ClusterFacts,
  ClusterReason,
  CurrentPlacement,
  PlacementDecision,
  PlacementPolicy,
  PlacementTarget,
  Workload,
} from './model.ts';
import { type Candidate, type Selection, selectClusters } from './select.ts';
import { STRATEGIES, type Strategy } from './strategies.ts';
import { untolerated } from './taints.ts';

/**
 * Chooses clusters for one workload.
 * @param clusters every SyncTarget that the workload's workspace may use
 * @param current where it is now; such clusters are kept while they are good
 * @param strategies the registry; unknown names fall back to Spread, which validation prevents
 * @returns targets, and for every cluster why it was chosen or not
 */
export function choose(
  policy: PlacementPolicy,
  workload: Workload,
  clusters: readonly ClusterFacts[],
  current: CurrentPlacement,
  circumstances: Circumstances,
  strategies: ReadonlyMap<string, Strategy> = STRATEGIES,
): PlacementDecision {
  const strategy = strategies.get(policy.strategy) ?? (STRATEGIES.get('Spread') as Strategy);
  const refusals = refuseAll(policy, workload, clusters, current, circumstances.now);
  const eligible = clusters.filter(({ key }) => !refusals.has(key));
  const candidates = scoreAll(policy, workload, strategy, eligible, current, circumstances);
  const selection = selectClusters(policy, workload, strategy, candidates, current);
  const chosen = selection.chosen.map(({ cluster }) => cluster).sort(byName);
  const replicas = workload.mode === 'divide' ? divide(policy, workload, strategy, selection, current) : undefined;
  const targets = chosen.map(({ key, name }) => ({ key, name, replicas: replicas?.get(key) }));
  const outcome: Outcome = {
    policy,
    refusals,
    leftOut: selection.leftOut,
    targets: new Map(targets.map((target) => [target.key, target])),
    candidates: new Map(candidates.map((candidate) => [candidate.cluster.key, candidate])),
  };
  return {
    policy: policy.name,
    strategy: policy.strategy,
    targets,
    reasons: clusters.map((cluster) => explainCluster(cluster, outcome)),
    shortOf: workload.mode === 'single' ? 0 : Math.max(0, (policy.minClusters ?? 0) - targets.length),
    reconsiderAfterMs: nextDeadline(policy, chosen, current, circumstances.now),
  };
}

/**
 * Refusals by cluster key. Work that is already placed is not evicted when nothing could take it over: then the clusters
 * that are only ill, drained or tainted are kept.
 */
function refuseAll(
  policy: PlacementPolicy,
  workload: Workload,
  clusters: readonly ClusterFacts[],
  current: CurrentPlacement,
  now: number,
): Map<string, Refusal> {
  const refusals = new Map<string, Refusal>();
  for (const cluster of clusters) {
    const refusal = refuse({ policy, workload, cluster, current: current.has(cluster.key), now });
    if (refusal !== undefined) refusals.set(cluster.key, refusal);
  }
  if (refusals.size < clusters.length) return refusals;
  for (const { key } of clusters)
    if (current.has(key) && EVICTIONS.has(refusals.get(key)?.code ?? '')) refusals.delete(key);
  return refusals;
}

const EVICTIONS: ReadonlySet<string> = new Set(['NotReady', 'Evicting', 'Taint']);

const DEGRADED_PENALTY = 20;
const SOFT_TAINT_PENALTY = 50;

function scoreAll(
  policy: PlacementPolicy,
  workload: Workload,
  strategy: Strategy,
  eligible: readonly ClusterFacts[],
  current: CurrentPlacement,
  circumstances: Circumstances,
): Candidate[] {
  const size = eligible.length;
  return [...eligible].sort(byName).map((cluster, position) => {
    const input = { policy, workload, cluster, position, eligible: size, circumstances };
    const wishes = (policy.preferences ?? []).filter(({ selector }) => matchesLabels(selector, cluster.labels));
    const score =
      strategy.score(input) +
      wishes.reduce((sum, { weight }) => sum + weight, 0) -
      (cluster.health === 'Degraded' ? DEGRADED_PENALTY : 0) -
      (untolerated(cluster.taints, policy.tolerations, ['PreferNoSchedule']) ? SOFT_TAINT_PENALTY : 0);
    return { cluster, score, current: current.has(cluster.key) };
  });
}

function divide(
  policy: PlacementPolicy,
  workload: Workload,
  strategy: Strategy,
  { chosen }: Selection,
  current: CurrentPlacement,
): Map<string, number> {
  const weights = policy.replicaWeights;
  const toShare = ({ cluster }: Candidate): Share => {
    const running = current.get(cluster.key) ?? 0;
    return {
      key: cluster.key,
      weight: weights === undefined ? strategy.weight(cluster) : shareOf(weights, cluster.name),
      current: running,
      room: roomFor(cluster, workload, running),
    };
  };
  if (strategy.count === 'enough') return fillReplicas(workload.replicas, chosen.map(toShare));
  const shares = [...chosen].sort((a, b) => byName(a.cluster, b.cluster)).map(toShare);
  const fixed = weights !== undefined || strategy.weights === 'fixed';
  const settled = !fixed && shares.every(({ key }) => current.has(key));
  return settled ? adjustReplicas(workload.replicas, shares) : divideReplicas(workload.replicas, shares);
}

interface Outcome {
  readonly policy: PlacementPolicy;
  readonly refusals: ReadonlyMap<string, Refusal>;
  readonly leftOut: Selection['leftOut'];
  readonly targets: ReadonlyMap<string, PlacementTarget>;
  readonly candidates: ReadonlyMap<string, Candidate>;
}

function explainCluster({ key, name }: ClusterFacts, outcome: Outcome): ClusterReason {
  const refusal = outcome.refusals.get(key);
  if (refusal !== undefined) return { key, name, chosen: false, ...refusal };
  const candidate = outcome.candidates.get(key);
  const score = Math.round((candidate?.score ?? 0) * 10) / 10;
  const left = outcome.leftOut.get(key);
  if (left !== undefined) return { key, name, chosen: false, ...left, score };
  const replicas = outcome.targets.get(key)?.replicas;
  const share = replicas === undefined ? '' : `, ${replicas} replica${replicas === 1 ? '' : 's'}`;
  const kept = candidate?.current ? ', kept' : '';
  return { key, name, chosen: true, message: `${outcome.policy.strategy} score ${score}${kept}${share}`, score };
}

/** When a sick cluster's grace ends or a drain begins. */
function nextDeadline(
  policy: PlacementPolicy,
  chosen: readonly ClusterFacts[],
  current: CurrentPlacement,
  now: number,
): number | undefined {
  const deadlines = chosen
    .filter(({ key }) => current.has(key))
    .flatMap(({ unhealthySince, evictAt }) => [
      ...(unhealthySince === undefined ? [] : [unhealthySince + evictionGrace(policy)]),
      ...(evictAt === undefined ? [] : [evictAt]),
    ])
    .filter((at) => at > now);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines) - now;
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
