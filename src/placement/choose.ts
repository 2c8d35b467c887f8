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
import { withoutOwn } from './rebalance.ts';
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
  const refusals = refuseAll(policy, workload, clusters, current, circumstances);
  const eligible = clusters.filter(({ key }) => !refusals.has(key));
  const candidates = scoreAll(policy, workload, strategy, eligible, current, circumstances);
  const selection = selectClusters(policy, workload, strategy, candidates, current, isDue(strategy, circumstances));
  const chosen = selection.chosen.map(({ cluster }) => cluster).sort(byName);
  const replicas = workload.mode === 'divide' ? divide(policy, workload, strategy, selection, current) : undefined;
  const targets = chosen.map((cluster) => ({
    key: cluster.key,
    name: cluster.name,
    replicas: replicas?.get(cluster.key),
    ...patchFor(policy, cluster),
  }));
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
    reconsiderAfterMs: nextDeadline(policy, chosen, current, circumstances),
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
  { now, matching }: Circumstances,
): Map<string, Refusal> {
  const refusals = new Map<string, Refusal>();
  const keys = clusters.map(({ key }) => key);
  for (const cluster of clusters) {
    const refusal = refuse({ policy, workload, cluster, current: current.has(cluster.key), now, matching, keys });
    if (refusal !== undefined) refusals.set(cluster.key, refusal);
  }
  sparesAlternatives(policy, clusters, refusals);
  if (refusals.size < clusters.length) return refusals;
  for (const { key } of clusters)
    if (current.has(key) && EVICTIONS.has(refusals.get(key)?.code ?? '')) refusals.delete(key);
  return refusals;
}

const ALTERNATIVE: Refusal = { code: 'NotNeeded', message: 'it is an alternative, and others are there' };

/** Alternatives are for when too few others are left. */
function sparesAlternatives(
  { alternatives, minClusters = 1 }: PlacementPolicy,
  clusters: readonly ClusterFacts[],
  refusals: Map<string, Refusal>,
): void {
  if (alternatives === undefined || alternatives.size === 0) return;
  const eligible = clusters.filter(({ key }) => !refusals.has(key));
  const spare = eligible.filter(({ name }) => alternatives.has(name));
  if (eligible.length - spare.length >= minClusters) for (const { key } of spare) refusals.set(key, ALTERNATIVE);
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
    const moving = current.has(cluster.key) && isDue(strategy, circumstances);
    const seen = moving ? withoutOwn(cluster, workload, current.get(cluster.key)) : cluster;
    const input = { policy, workload, cluster: seen, position, eligible: size, circumstances };
    const score =
      strategy.score(input) +
      wishes(policy, cluster, circumstances) -
      (cluster.health === 'Degraded' ? DEGRADED_PENALTY : 0) -
      (untolerated(cluster.taints, policy.tolerations, ['PreferNoSchedule']) ? SOFT_TAINT_PENALTY : 0);
    return { cluster, score, current: current.has(cluster.key) };
  });
}

const isDue = ({ rebalances = true }: Strategy, { rebalance }: Circumstances): boolean =>
  rebalances && rebalance?.due === true;

function wishes(policy: PlacementPolicy, { key, labels }: ClusterFacts, { matching }: Circumstances): number {
  const ofCluster = [policy.preferences, policy.clusterAffinity?.preferred, policy.clusterAntiAffinity?.preferred];
  const ofCompany = [policy.workloadAffinity?.preferred, policy.workloadAntiAffinity?.preferred];
  const granted = [
    ...ofCluster.flatMap((terms = []) => terms.filter(({ selector }) => matchesLabels(selector, labels))),
    ...ofCompany.flatMap((terms = []) => terms.filter(({ selector }) => matching(key, selector) > 0)),
  ];
  return granted.reduce((sum, { weight }) => sum + weight, 0);
}

/** What only this cluster gets, in the order in which the policy says it. */
function patchFor(policy: PlacementPolicy, { name, labels }: ClusterFacts): { patch?: readonly object[] } {
  const patch = (policy.overrides ?? []).flatMap(({ selector, clusterNames, patch: operations }) => {
    const named = clusterNames === undefined || clusterNames.has(name);
    return named && (selector === undefined || matchesLabels(selector, labels)) ? operations : [];
  });
  return patch.length === 0 ? {} : { patch };
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

/** When a sick cluster's grace ends, a drain begins, or a better place may be taken. */
function nextDeadline(
  policy: PlacementPolicy,
  chosen: readonly ClusterFacts[],
  current: CurrentPlacement,
  { now, rebalance }: Circumstances,
): number | undefined {
  const deadlines = chosen
    .filter(({ key }) => current.has(key))
    .flatMap((cluster) => [
      ...(cluster.unhealthySince === undefined ? [] : [cluster.unhealthySince + evictionGrace(policy, cluster)]),
      ...(cluster.evictAt === undefined ? [] : [cluster.evictAt]),
    ])
    .filter((at) => at > now && Number.isFinite(at));
  if (rebalance !== undefined) deadlines.push(now + rebalance.againMs);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines) - now;
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
