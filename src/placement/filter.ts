/**
 * Which clusters may hold a workload at all. The filters are asked in order; the first refusal is the reason that people
 * see. A cluster that already holds the workload is treated more kindly: cordon, NoSchedule, lack of room and a short
 * illness do not move it (Kubernetes' NoSchedule / NoExecute distinction).
 */
import { groupResourceName } from '../kube/resource.ts';
import { formatLabelSelector, matchesLabels } from '../kube/selector.ts';
import { scarceResource } from './capacity.ts';
import type { Circumstances, ClusterFacts, PlacementPolicy, RefusalCode, Workload } from './model.ts';
import { formatTaint, untolerated } from './taints.ts';

/** kube-controller-manager's default toleration of unreachable nodes. */
export const DEFAULT_EVICTION_GRACE_MS = 300_000;

export interface FilterInput {
  readonly policy: PlacementPolicy;
  readonly workload: Workload;
  readonly cluster: ClusterFacts;
  /** The cluster already holds the workload. */
  readonly current: boolean;
  readonly now: number;
  readonly matching: Circumstances['matching'];
  /** Keys of all clusters: an affinity that nothing can satisfy yet binds nobody. */
  readonly keys: readonly string[];
}

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

const FILTERS: readonly ((input: FilterInput) => Refusal | undefined)[] = [
  function matchesSelector({ policy, cluster }) {
    const selector = policy.clusterSelector;
    if (selector === undefined || matchesLabels(selector, cluster.labels)) return undefined;
    return {
      code: 'SelectorMismatch',
      message: `its labels do not match the selector "${formatLabelSelector(selector)}"`,
    };
  },
  function isNamed({ policy, cluster }) {
    if (policy.clusterNames === undefined || policy.clusterNames.has(cluster.name)) return undefined;
    return { code: 'SelectorMismatch', message: 'the policy does not name it' };
  },
  function hasAffinity({ policy, cluster }) {
    const wanted = policy.clusterAffinity?.required ?? [];
    if (wanted.length > 0 && !wanted.some((term) => matchesLabels(term, cluster.labels)))
      return { code: 'Affinity', message: 'its labels match no required cluster affinity' };
    const shunned = policy.clusterAntiAffinity?.required.find((term) => matchesLabels(term, cluster.labels));
    return shunned && { code: 'Affinity', message: `anti-affinity keeps it from "${formatLabelSelector(shunned)}"` };
  },
  function hasCompany({ policy, cluster, matching, keys }) {
    const wanted = policy.workloadAffinity?.required ?? [];
    const possible = wanted.filter((term) => keys.some((key) => matching(key, term) > 0));
    if (possible.length > 0 && !possible.some((term) => matching(cluster.key, term) > 0))
      return { code: 'Affinity', message: 'no workload is there that it must be with' };
    const shunned = policy.workloadAntiAffinity?.required.find((term) => matching(cluster.key, term) > 0);
    return shunned && { code: 'Affinity', message: `a workload "${formatLabelSelector(shunned)}" is there` };
  },
  function isNotEvicting({ cluster, now }) {
    if (cluster.evictAt === undefined || cluster.evictAt > now) return undefined;
    return { code: 'Evicting', message: 'it is being drained (spec.evictAfter has passed)' };
  },
  function isSchedulable({ cluster, current }) {
    if (!cluster.unschedulable || current) return undefined;
    return { code: 'Unschedulable', message: 'it is cordoned (spec.unschedulable)' };
  },
  function isReady({ policy, cluster, current, now }) {
    if (cluster.health === 'Healthy' || cluster.health === 'Degraded') return undefined;
    if (current && !graceIsOver(policy, cluster, now)) return undefined;
    return {
      code: 'NotReady',
      message: `it is ${cluster.health}${cluster.healthReason ? `: ${cluster.healthReason}` : ''}`,
    };
  },
  function servesKind({ workload, cluster, current }) {
    const kind = groupResourceName(workload.resource);
    if (cluster.serves?.has(kind) || (cluster.serves === undefined && current)) return undefined;
    return {
      code: 'NotServed',
      message: cluster.serves === undefined ? 'its API is not known yet' : `it does not serve ${kind}`,
    };
  },
  function toleratesTaints({ policy, cluster, current }) {
    const effects = current ? (['NoExecute'] as const) : (['NoSchedule', 'NoExecute'] as const);
    const taint = untolerated(cluster.taints, policy.tolerations, effects);
    return taint && { code: 'Taint', message: `its taint ${formatTaint(taint)} is not tolerated` };
  },
  function hasShare({ policy, workload, cluster }) {
    const weights = policy.replicaWeights;
    if (weights === undefined || workload.mode !== 'divide' || shareOf(weights, cluster.name) > 0) return undefined;
    return { code: 'NoShare', message: 'the policy gives it no share of replicas' };
  },
  function hasRoom({ workload, cluster, current }) {
    const scarce = current ? undefined : scarceResource(cluster, workload);
    return scarce && { code: 'NoCapacity', message: `it has too little ${scarce} left for one replica` };
  },
];

/** Undefined when the cluster may hold the workload. */
export function refuse(input: FilterInput): Refusal | undefined {
  for (const filter of FILTERS) {
    const refusal = filter(input);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Weight that a policy gives the cluster by name; 0 when it names it not. */
export const shareOf = (weights: Readonly<Record<string, number>>, name: string): number =>
  Object.hasOwn(weights, name) ? (weights[name] ?? 0) : 0;

/** The policy's word, the cluster's, or five minutes. */
export const evictionGrace = (policy: PlacementPolicy, { evictAfterMs }: ClusterFacts): number =>
  policy.evictionGraceMs ?? evictAfterMs ?? DEFAULT_EVICTION_GRACE_MS;

const graceIsOver = (policy: PlacementPolicy, cluster: ClusterFacts, now: number): boolean =>
  cluster.unhealthySince !== undefined && now - cluster.unhealthySince >= evictionGrace(policy, cluster);
