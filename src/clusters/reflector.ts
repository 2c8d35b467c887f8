/**
 * Contract of the reflectors: one list+watch per (cluster, resource), shared by all workspaces, the view and the syncer.
 * `reflector-pool.ts` starts them on first need and drops idle ones; `reflector-loop.ts` keeps one up to date.
 */
import type { KubeObject } from '../kube/object.ts';
import type { ScannedObject } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Downstream } from './downstream.ts';

/** One downstream object as cached: its JSON bytes, with the few fields that selection needs. */
export interface CachedObject {
  /** The downstream's own namespace, '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: bigint;
  /** The downstream's own; null prototype. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * The object's JSON, complete with apiVersion and kind: as the cluster sent it, or, where the pool has an encoder, in
   * the encoder's form (the gateway's: namespace, resourceVersion and cluster label as views show them).
   */
  readonly bytes: Buffer;
  /** Offset in `bytes` at which `metadata.name`'s text begins (behind the quote); its length is `name`'s. */
  readonly nameAt: number;
  /** False while the encoder could not yet encode it: `bytes` are still the cluster's. */
  readonly encoded: boolean;
  /** What the encoder remarked on the object. */
  readonly mark: EncodedMark | undefined;
  /** Parsed on demand, not kept. Spec and status are the cluster's; see `bytes` for metadata. */
  object(): KubeObject;
}

/** Facts about an object that a view needs without parsing it. */
export interface EncodedMark {
  /** The hub object that this one is the placed copy of: its uid. */
  readonly copyOf?: string;
  /** The uid under which a view shows what it is a part of: what one authored object's copies made in several clusters. */
  readonly fold?: string;
  /** Other objects of the same cluster that it names. */
  readonly refs?: readonly Reference[];
}

/** Where an object names another one in its bytes. */
export interface Reference {
  readonly target: ReferenceTarget;
  /** Offset behind the text of the name. */
  readonly nameEnd: number;
  /** Offset of the text of the uid; -1 where it has none. */
  readonly uidAt: number;
}

/** One value for all objects that name the same one, as far as memory allows. */
export interface ReferenceTarget {
  /** `group/Kind`: `apps/ReplicaSet`, `/Node`. */
  readonly kind: string;
  /** As the workspace calls it: of the reference, else of the object that holds it. Of no meaning for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** The cluster's own; '' where it is not said. */
  readonly uid: string;
}

export interface Encoded {
  readonly bytes: Buffer;
  readonly nameAt: number;
  readonly mark?: EncodedMark;
}

/** Computes the stored form of an object once, as it comes in; undefined: not possible yet, ask again. */
export type EncodeObject = (
  scanned: ScannedObject,
  downstream: Downstream,
  resource: ResourceInfo,
) => Encoded | undefined;

export interface ReflectorEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED the last state. */
  readonly cached: CachedObject;
  readonly previous: CachedObject | undefined;
  /** Version at which it happened; for DELETED the deletion's. */
  readonly resourceVersion: bigint;
}

export interface ReflectorState {
  /** The first list is in. */
  readonly synced: boolean;
  /** Synced, and the last attempt to reach the cluster succeeded. */
  readonly live: boolean;
  /** Milliseconds since epoch at which the cluster last sent anything for this resource. */
  readonly lastContact: number | undefined;
  /** Bytes received since the reflector started: whether a first list makes headway. */
  readonly received: number;
  /** Why the last attempt failed; undefined when it did not. */
  readonly error: string | undefined;
}

export interface Reflector {
  readonly downstream: Downstream;
  readonly resource: ResourceInfo;
  get(namespace: string, name: string): CachedObject | undefined;
  /** All, or those of one namespace ('' for cluster-scoped kinds); in no order. */
  list(namespace?: string): Iterable<CachedObject>;
  /** Names in the namespace in byte order; kept until the membership changes. */
  names(namespace: string): readonly string[];
  /** Downstream namespaces that hold objects now. */
  namespaces(): Iterable<string>;
  /** Version up to which the cache is known to be complete. 0n before the first list. */
  readonly resourceVersion: bigint;
  /**
   * Changes when versions before and after cannot be compared (the cluster was restored from a backup, or is another
   * one). Listeners see the differences as events either way.
   */
  readonly epoch: number;
  /** Highest version of a history that the cluster has given up: it may come again, and then mean something else. 0n: none. */
  readonly abandonedVersion: bigint;
  /** Resolves when the first list is in; rejects with ClusterError when the signal aborts first. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  /** Resolves when the cache has reached the version (read-your-own-writes); rejects when the signal aborts first. */
  whenReached(resourceVersion: bigint, signal: AbortSignal): Promise<void>;
  state(): ReflectorState;
  /** Events from now on, in the cluster's order. Returns unsubscribe. Listeners must not throw. */
  subscribe(listener: (event: ReflectorEvent) => void): () => void;
  /** Called whenever `resourceVersion`, `epoch` or the state changed without an event. */
  onProgress(listener: () => void): () => void;
  /** Asks the encoder again for the objects of one namespace that could not be encoded; answers those that now are. */
  encodePending(namespace: string): readonly CachedObject[];
}

export interface ReflectorLease {
  readonly reflector: Reflector;
  /** Idle reflectors stop a while after the last release. */
  release(): void;
}

export interface ReflectorPool {
  /** Started when it is not yet there. Every call needs its release. */
  acquire(downstream: Downstream, resource: ResourceInfo): ReflectorLease;
  /** The same, but undefined where a new reflector would exceed the byte budget. */
  offer(downstream: Downstream, resource: ResourceInfo): ReflectorLease | undefined;
  /** Bytes of objects held now. */
  readonly bytes: number;
  close(): Promise<void>;
}
