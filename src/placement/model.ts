/** What a placement decision is made from, and what it says. Plain data: nothing here reads a clock, a cluster or the hub. */
import type { GroupResource } from '../kube/resource.ts';
import type { LabelRequirements } from '../kube/selector.ts';

/** `divide`: replicas are shared out. `copy`: every chosen cluster gets the object. `single`: exactly one cluster. */
export type ReplicaMode = 'divide' | 'copy' | 'single';

/** CPU in thousandths of a core, memory in bytes, pods as a count. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly pods: number;
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: string;
}

export interface ClusterLocation {
  readonly region?: string;
  readonly zone?: string;
  readonly provider?: string;
}

/** One SyncTarget as placement sees it at one moment. */
export interface ClusterFacts {
  readonly key: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown';
  readonly healthReason: string;
  /** Milliseconds since epoch at which it stopped being usable; undefined while it is, or when nobody knows. */
  readonly unhealthySince: number | undefined;
  /** Cordoned: keeps what it has, takes nothing new. */
  readonly unschedulable: boolean;
  /** Milliseconds since epoch from which it keeps nothing (SyncTarget.spec.evictAfter). */
  readonly evictAt: number | undefined;
  /** Milliseconds that it may be unusable before its work moves, where the policy does not say; absent: five minutes. */
  readonly evictAfterMs?: number | undefined;
  readonly taints: readonly Taint[];
  readonly location: ClusterLocation;
  /** `deployments.apps` …; undefined while its discovery is unknown. */
  readonly serves: ReadonlySet<string> | undefined;
  /** Undefined: not reported, so never a reason to refuse. */
  readonly allocatable: Resources | undefined;
  /** What placement has put there, this workload included. */
  readonly used: Resources;
  /** How many workloads placement has put there, and how many of them share the workload's namespace. */
  readonly placed: number;
  readonly neighbours: number;
}

/** A wish for clusters with certain labels; `weight` -100..100, below 0 to stay away. */
export interface ClusterPreference {
  readonly selector: LabelRequirements;
  readonly weight: number;
}

export interface AffinityTerms {
  /** One of them must hold (none of them, for anti-affinity); empty: nothing is required. */
  readonly required: readonly LabelRequirements[];
  readonly preferred: readonly ClusterPreference[];
}

/** RFC 6902 operations rooted at `.spec`, for the clusters that it names or selects; neither: all. */
export interface ClusterOverride {
  readonly selector: LabelRequirements | undefined;
  readonly clusterNames: ReadonlySet<string> | undefined;
  readonly patch: readonly object[];
}

/** Chosen clusters may differ by at most `maxSkew` between values of the label `topologyKey`. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
}

export interface PlacementPolicy {
  /** For messages: `default placement`, `Placement "gpu"`. */
  readonly name: string;
  /** A name in the strategy registry. */
  readonly strategy: string;
  readonly minClusters?: number;
  readonly maxClusters?: number;
  /** Absent: any cluster. */
  readonly clusterSelector?: LabelRequirements;
  /** Absent: any name. */
  readonly clusterNames?: ReadonlySet<string>;
  readonly tolerations: readonly Toleration[];
  readonly clusterAffinity?: AffinityTerms;
  readonly clusterAntiAffinity?: AffinityTerms;
  /** Terms select workloads of the same namespace: to be in a cluster with them, or not. */
  readonly workloadAffinity?: AffinityTerms;
  readonly workloadAntiAffinity?: AffinityTerms;
  readonly preferences?: readonly ClusterPreference[];
  readonly spreadConstraints?: readonly SpreadConstraint[];
  /** Where it would like to be; LocationAware scores by it. */
  readonly location?: ClusterLocation;
  /** Fixed shares of replicas by cluster name; clusters not named get none. */
  readonly replicaWeights?: Readonly<Record<string, number>>;
  /** Overrides how the kind is placed: every cluster gets all replicas, or they are shared out. */
  readonly division?: 'Divided' | 'Duplicated';
  /** Clusters by name that are used only when no other is left. */
  readonly alternatives?: ReadonlySet<string>;
  readonly overrides?: readonly ClusterOverride[];
  /** How long a cluster may be unusable before its work moves, in milliseconds; default five minutes. */
  readonly evictionGraceMs?: number;
  /** Work that runs may be moved to a better place this often, in milliseconds; absent: never. */
  readonly rebalanceMs?: number;
}

export interface Workload {
  /** Stable identity; breaks ties, so that equal clusters share equal workloads. */
  readonly id: string;
  readonly name: string;
  readonly resource: GroupResource;
  readonly mode: ReplicaMode;
  /** Wanted in all, for `divide`. */
  readonly replicas: number;
  /** Of one replica. */
  readonly requests: Resources;
}

/** Where the workload is now: cluster key → its replicas there (undefined for kinds without). */
export type CurrentPlacement = ReadonlyMap<string, number | undefined>;

export interface Rebalance {
  /** Its cool-down is over: a better place may be taken. */
  readonly due: boolean;
  /** Milliseconds after which that is looked at again. */
  readonly againMs: number;
}

/** Everything random, counted or timed, passed in. */
export interface Circumstances {
  /** Milliseconds since epoch. */
  readonly now: number;
  /** Workloads that the policy has placed before this one (RoundRobin's turn). */
  readonly turn: number;
  /** 0 <= random() < 1 (Random). */
  readonly random: () => number;
  /** Other workloads of the namespace in the cluster with this key that have such labels (workload affinity). */
  readonly matching: (key: string, labels: LabelRequirements) => number;
  /** Absent: the workload stays where it is for as long as that is good. */
  readonly rebalance?: Rebalance | undefined;
}

export type RefusalCode =
  | 'Unschedulable'
  | 'Evicting'
  | 'NotReady'
  | 'NotServed'
  | 'SelectorMismatch'
  | 'Affinity'
  | 'Taint'
  | 'NoCapacity'
  | 'SpreadConstraint'
  | 'NotNeeded'
  | 'NoShare';

export interface ClusterReason {
  readonly key: string;
  readonly name: string;
  readonly chosen: boolean;
  /** Absent when chosen. */
  readonly code?: RefusalCode;
  readonly message: string;
  readonly score?: number;
}

export interface PlacementTarget {
  readonly key: string;
  readonly name: string;
  /** Undefined for kinds whose replicas are not divided. */
  readonly replicas: number | undefined;
  /** RFC 6902 operations rooted at `.spec` that only this target gets. */
  readonly patch?: readonly object[];
  /** It is to be left, but holds the work until its replacement is ready. */
  readonly held?: boolean;
}

export interface PlacementDecision {
  readonly policy: string;
  readonly strategy: string;
  /** Sorted by name. */
  readonly targets: readonly PlacementTarget[];
  /** One per cluster, in the order in which the clusters were given. */
  readonly reasons: readonly ClusterReason[];
  /** The policy's minClusters could not be met. */
  readonly shortOf: number;
  /** Milliseconds after which time alone changes the answer. */
  readonly reconsiderAfterMs: number | undefined;
}
