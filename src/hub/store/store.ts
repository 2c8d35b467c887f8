/**
 * The hub's store: one ordered key space, one revision counter, a history for watches that is compacted.
 * Keys are `/<workspace>/<group>/<resource>/<namespace>/<name>` with '-' for the core group and for no namespace.
 * Values are opaque bytes. Two engines: SQLite (embedded) and etcd.
 */

export interface StoredEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the last write of this key: the object's resourceVersion. */
  readonly revision: bigint;
}

export interface StoreChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** For a delete: the last value before it. */
  readonly value: Uint8Array;
  readonly previous: Uint8Array | undefined;
  /** Revision before this change; 0n when the key did not exist. */
  readonly previousRevision: bigint;
  readonly revision: bigint;
}

export interface StoreOperation {
  readonly key: string;
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined;
  /** The revision that the key must have now; 0n: must not exist; undefined: anything. */
  readonly expected?: bigint;
}

export type CommitResult =
  | { readonly ok: true; readonly revision: bigint }
  /** `current` is undefined when the key does not exist. */
  | { readonly ok: false; readonly key: string; readonly current: StoredEntry | undefined };

export interface ListPage {
  readonly entries: readonly StoredEntry[];
  /** Revision of the snapshot that was read. */
  readonly revision: bigint;
  /** Keys behind the page, exact; 0 when the page ends the range. With `count: false`: 1 stands for "some". */
  readonly remaining: number;
}

export interface ListOptions {
  readonly limit?: number;
  /** Ends the page with the entry whose value reaches so many bytes in all, where `limit` would allow more. */
  readonly bytes?: number;
  /** Exclusive lower bound: the last key of the page before. */
  readonly after?: string;
  /** Pins a revision; CompactedError below the horizon. */
  readonly at?: bigint;
  /** Default true. False saves counting what is behind the page. */
  readonly count?: boolean;
}

export interface Store {
  /** The newest durable revision. Starts at 1n. */
  revision(): Promise<bigint>;
  get(key: string): Promise<StoredEntry | undefined>;
  /** Keys with the prefix in byte order. `at` pins a revision (throws CompactedError below the horizon); `after` is exclusive. */
  list(prefix: string, options?: ListOptions): Promise<ListPage>;
  /** The keys of one group/resource (`apps/deployments`, `-/secrets`) over all workspaces, in byte order. */
  listKind(kind: string, options?: ListOptions): Promise<ListPage>;
  count(prefix: string): Promise<number>;
  /** All operations or none, one revision for all; resolves when durable. */
  commit(operations: readonly StoreOperation[]): Promise<CommitResult>;
  /**
   * Every change with revision > since, in order, then live ones; one call serves many watchers (the hub fans out).
   * Throws CompactedError when `since` is below the horizon. Ends when the signal aborts.
   */
  watch(since: bigint, signal: AbortSignal): AsyncIterable<readonly StoreChange[]>;
  /** Forgets history below `revision`; live values stay. */
  compact(revision: bigint): Promise<void>;
  /** The lowest revision that list-at and watch can still serve. */
  horizon(): Promise<bigint>;
  close(): Promise<void>;
}

export class CompactedError extends Error {
  readonly horizon: bigint;
  constructor(horizon: bigint) {
    super(`required revision has been compacted, the oldest is ${horizon}`);
    this.name = 'CompactedError';
    this.horizon = horizon;
  }
}
