/** A live connection to one downstream cluster, as the view, placement and sync see it. */
import type { TlsMaterial, UserInfo } from '../kube/api.ts';
import type { ResourceInfo } from '../kube/resource.ts';

export type ClusterHealth = 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown';

export interface DownstreamRequest {
  readonly method: string;
  /** Path with query below the cluster's API root. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Milliseconds until response headers must have come; default the registry's request deadline. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** The caller, sent as impersonation headers where the registration asks for it. */
  readonly user?: UserInfo;
  readonly auditId?: string;
}

export interface DownstreamResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be consumed or destroyed. */
  readonly body: AsyncIterable<Uint8Array> & { destroy(error?: Error): void };
}

export interface ClusterDiscovery {
  readonly resources: readonly ResourceInfo[];
  /** groups in the server's order with versions in its preference order. */
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[];
  readonly serverVersion: Readonly<Record<string, string>>;
  /** Changes when the content does. */
  readonly hash: string;
  /** Milliseconds since epoch at which the cluster last confirmed it. */
  readonly asOf: number;
}

export interface Downstream {
  /** The SyncTarget's name: what CLUSTER columns and `name@cluster` show. */
  readonly clusterName: string;
  /** Logical cluster that holds the SyncTarget, and its uid there. */
  readonly workspace: string;
  readonly uid: string;
  /** base62 key used in placement labels. */
  readonly key: string;
  /** 1..16381, given once and kept: the low bits of every resourceVersion from this cluster. */
  readonly slot: number;
  readonly namespaceMapping: 'Hashed' | 'Identity';
  /** Aborts when the cluster is unregistered or its connection is replaced. */
  readonly signal: AbortSignal;
  /** Throws ClusterError when refused, timed out, cut, or when the breaker is open. HTTP error statuses are answers. */
  request(request: DownstreamRequest): Promise<DownstreamResponse>;
  /** The same, body read whole (within `limitBytes`, default 128 MiB) as bytes. */
  fetch(
    request: DownstreamRequest,
    limitBytes?: number,
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: Buffer }>;
  /** What a raw proxy or tunnel needs; credentials are current ones. */
  target(user?: UserInfo): Promise<{
    origin: string;
    /** Before every path, where the cluster's API root is not at `/`; '' or absent otherwise. */
    basePath?: string;
    headers: Readonly<Record<string, string | readonly string[]>>;
    tls: TlsMaterial;
  }>;
  health(): { readonly state: ClusterHealth; readonly reason: string; readonly lastContact: number | undefined };
  /** Last known; undefined before the first success. Refreshed in the background and when CRDs change. */
  discovery(): ClusterDiscovery | undefined;
  whenDiscovered(signal?: AbortSignal): Promise<ClusterDiscovery>;
}

export interface ClusterChange {
  /** visibility: the workspaces that may use it changed. definitions: its CRDs did, perhaps only their schemas. */
  readonly type: 'joined' | 'left' | 'health' | 'discovery' | 'visibility' | 'definitions';
  readonly downstream: Downstream;
}

export interface ClusterRegistry {
  /** SyncTargets that the workspace may use (its own and its ancestors', narrowed by the registration), by name. */
  visibleTo(workspace: string): readonly Downstream[];
  get(workspace: string, clusterName: string): Downstream | undefined;
  byKey(key: string): Downstream | undefined;
  all(): readonly Downstream[];
  onChange(listener: (change: ClusterChange) => void): () => void;
  /** Resolves when every registration known at start has a connection object (not: is reachable). */
  whenLoaded(): Promise<void>;
  close(): Promise<void>;
}

/** A cluster did not answer. `kind` decides breaker and recovery. */
export class ClusterError extends Error {
  readonly clusterName: string;
  readonly kind: 'unreachable' | 'timeout' | 'reset' | 'circuit-open' | 'tls' | 'authentication' | 'garbage';
  constructor(clusterName: string, kind: ClusterError['kind'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ClusterError';
    this.clusterName = clusterName;
    this.kind = kind;
  }
}
