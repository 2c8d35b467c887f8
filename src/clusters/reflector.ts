/**
 * Contract of the reflectors: one list+watch per (cluster, resource), shared by all workspaces, the view and the syncer.
 * `reflector-pool.ts` starts them on first need and drops idle ones.
 */
import type { KubeObject } from '../kube/object.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Downstream } from './downstream.ts';

/** One downstream object as cached: its JSON bytes as the cluster sent them, with the few fields that selection needs. */
export interface CachedObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: bigint;
  readonly labels: Readonly<Record<string, string>>;
  /** The object's JSON, complete with apiVersion and kind. */
  readonly bytes: Buffer;
  /** Parsed on demand, not kept. */
  object(): KubeObject;
}

export interface ReflectorEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly cached: CachedObject;
  readonly previous: CachedObject | undefined;
  /** Version at which it happened; for DELETED the deletion's. */
  readonly resourceVersion: bigint;
}

export interface Reflector {
  readonly downstream: Downstream;
  readonly resource: ResourceInfo;
  get(namespace: string, name: string): CachedObject | undefined;
  list(): Iterable<CachedObject>;
  /** Version up to which the cache is known to be complete. */
  readonly resourceVersion: bigint;
  /** Resolves when the first list is in; rejects with ClusterError when the signal aborts first. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** Resolves when the cache has reached the version (read-your-own-writes). */
  whenReached(resourceVersion: bigint, signal: AbortSignal): Promise<void>;
  state(): {
    readonly synced: boolean;
    readonly live: boolean;
    readonly lastContact: number | undefined;
    readonly error: string | undefined;
  };
  /** Events from now on, in the cluster's order. Returns unsubscribe. */
  subscribe(listener: (event: ReflectorEvent) => void): () => void;
}

export interface ReflectorLease {
  readonly reflector: Reflector;
  /** Idle reflectors stop a while after the last release. */
  release(): void;
}

export interface ReflectorPool {
  acquire(downstream: Downstream, resource: ResourceInfo): ReflectorLease;
  close(): Promise<void>;
}
