/** TMC's own kinds that describe clusters and where work goes: TypeScript shapes; schemas stand beside, as data. */
import type { Condition, KubeObject, ObjectMeta } from '../../kube/object.ts';

/** All that is given must hold. */
export interface SyncFilter {
  /** As workspaces call them; cluster-scoped objects are not asked. */
  namespaces?: string[];
  /** `*` for every group or resource. */
  resources?: { group?: string; resource: string }[];
  selector?: LabelSelector;
  /** Annotations that the object must have, with these values. */
  annotations?: Record<string, string>;
}

/** tmc.kcp.io/v1alpha1, cluster-scoped: how to reach a cluster. Its name is its SyncTarget's name. */
export interface ClusterRegistration extends KubeObject {
  spec: {
    /** `https://host:port`. */
    endpoint: {
      serverURL: string;
      /** base64 PEM. */
      caBundle?: string;
      serverName?: string;
      insecureSkipTLSVerify?: boolean;
    };
    /** Secret in the same workspace with key `kubeconfig`, or `token`, or `tls.crt` and `tls.key`. */
    credentials: { secretRef: { namespace: string; name: string } };
    location?: { region?: string; zone?: string; provider?: string };
    capabilities?: string[];
    /** Scheduling taints, copied to the SyncTarget's placement facts. */
    taints?: { key: string; value?: string; effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' }[];
    /** Workspaces that may use it, with `:*` for a subtree; absent: its own and all below. */
    workspaces?: string[];
    namespaceMapping?: 'Hashed' | 'Identity';
    /** Send the caller's identity to the cluster. */
    impersonateUsers?: boolean;
    /** Push: the gateway connects. Pull: the syncer dials out. */
    mode?: 'Push' | 'Pull';
    /** Labels given to the SyncTarget. */
    labels?: Record<string, string>;
    /** What the cluster takes of what is placed on it; absent: everything. */
    sync?: SyncFilter;
  };
  status?: {
    conditions?: Condition[];
    slot?: number;
    kubernetesVersion?: string;
    health?: string;
    lastContactTime?: string;
  };
}

/** workload.kcp.io/v1alpha1, cluster-scoped: what a cluster offers. */
export interface SyncTarget extends KubeObject {
  spec: {
    kcpCluster?: string;
    supportedAPIExports?: { workspace?: { path: string; exportName: string }; export?: string }[];
    cells?: Record<string, string>;
    unschedulable?: boolean;
    /** RFC 3339: from then on it keeps nothing. A duration: so long it may be unusable before its work moves. */
    evictAfter?: string;
  };
  status?: {
    allocatable?: Record<string, string>;
    capacity?: Record<string, string>;
    conditions?: Condition[];
    syncedResources?: {
      group: string;
      resource: string;
      versions: string[];
      state: 'Pending' | 'Accepted' | 'Incompatible';
    }[];
    lastSyncerHeartbeatTime?: string;
    virtualWorkspaces?: { url: string; syncerURL?: string }[];
  };
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
}

/** placement.kcp.io/v1alpha1, cluster-scoped. */
export interface Placement extends KubeObject {
  spec: {
    /** Which authored objects; absent: all placeable kinds. */
    workloadSelector?: LabelSelector & { resources?: { group: string; resource: string }[] };
    namespaceSelector?: LabelSelector;
    syncTargetSelector?: LabelSelector;
    placementPolicy?: {
      strategy?:
        | 'Spread'
        | 'Pack'
        | 'Balanced'
        | 'RoundRobin'
        | 'LeastLoaded'
        | 'Affinity'
        | 'LocationAware'
        | 'Random'
        | string;
      minClusters?: number;
      maxClusters?: number;
      tolerations?: { key?: string; operator?: 'Exists' | 'Equal'; value?: string; effect?: string }[];
    };
    /** Higher wins where several placements select one object; default 0. */
    priority?: number;
  };
  status?: {
    conditions?: Condition[];
    selectedTargets?: { name: string; reason: string }[];
    rejectedTargets?: { name: string; reason: string }[];
  };
}

/** tenancy.kcp.io/v1alpha1, cluster-scoped in the parent workspace. */
export interface Workspace extends KubeObject {
  metadata: ObjectMeta;
  spec: { type?: { name: string; path?: string }; cluster?: string; URL?: string };
  status?: { phase?: 'Scheduling' | 'Initializing' | 'Ready' | 'Unavailable'; conditions?: Condition[] };
}

/** On a hub object: `state.workload.kcp.io/<key>: Sync` per chosen target. */
export const STATE_LABEL_PREFIX = 'state.workload.kcp.io/';
/** RFC 6902 patch rooted at `.spec`, per target. */
export const SPEC_DIFF_ANNOTATION_PREFIX = 'experimental.spec-diff.workload.kcp.io/';
/** RFC 3339 time at which removal from the target began. */
export const DELETION_ANNOTATION_PREFIX = 'deletion.internal.workload.kcp.io/';
/** What a target reports of its copy: the copy's status as JSON, generations in the hub's terms. */
export const STATUS_ANNOTATION_PREFIX = 'experimental.status.workload.kcp.io/';
/** What the cluster gave the copy (`given-spec.ts`), shown as the object's own where it lives in that cluster alone. */
export const GIVEN_SPEC_ANNOTATION_PREFIX = 'given.workload.tmc.kcp.io/';
/** Why a target cannot hold the object, while it cannot: one sentence. */
export const SYNC_ERROR_ANNOTATION_PREFIX = 'error.workload.tmc.kcp.io/';
/** Which fields of a target's copy somebody else holds, while nobody has decided whose word stands (conflict: Manual). */
export const SYNC_CONFLICT_ANNOTATION_PREFIX = 'conflict.workload.tmc.kcp.io/';
/** Set by the author to decide it: `Workspace` or `Cluster`. */
export const RESOLVE_CONFLICT_ANNOTATION = 'tmc.kcp.io/resolve-conflict';
/** Each target's status by its name, as JSON (status: Combined). */
export const CLUSTER_STATUSES_ANNOTATION = 'status.tmc.kcp.io/clusters';
/** On a hub object whose policy rebalances: when it last got another target (RFC 3339). */
export const MOVED_AT_ANNOTATION = 'placement.tmc.kcp.io/moved-at';
export const SYNCER_FINALIZER_PREFIX = 'workload.kcp.io/syncer-';
/** On a downstream copy: which hub object it is a copy of. Copies are folded into that object in views. */
export const COPY_LABEL = 'internal.workload.kcp.io/cluster';
export const COPY_UID_ANNOTATION = 'tmc.kcp.io/upstream-uid';
/** On a downstream copy: digest of what the syncer applied last. */
export const APPLIED_HASH_ANNOTATION = 'tmc.kcp.io/applied-hash';
/** Synthetic label of every downstream object in a view, answered by choosing sources. */
export const CLUSTER_LABEL = 'tmc.kcp.io/cluster';
export const SYNCER_FIELD_MANAGER = 'tmc-syncer';
