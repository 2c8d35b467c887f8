/** What every verb of the hub works with. Made once by createHub. */
import type { UserInfo } from '../kube/api.ts';
import type { Json, KubeObject } from '../kube/object.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { Authorize } from './admission/access-answers.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ObjectIo } from './object-io.ts';
import type { HotRanges } from './read/hot-ranges.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { CommitResult, Store, StoreOperation } from './store/store.ts';

export interface HubCore {
  readonly store: Store;
  readonly objects: ObjectIo;
  readonly feed: ChangeFeed;
  /** Collections in memory, for lists. */
  readonly ranges: HotRanges;
  readonly catalog: Catalog;
  readonly admission: AdmissionChain;
  /** What policies ask of the workspace's authorization. */
  readonly authorize: Authorize;
  readonly clock: Clock;
  readonly log: Logger;
  /** A random UUID; passed in so that tests are repeatable. */
  readonly newUid: () => string;
  /** Random characters of a generated name. */
  readonly nameSuffix: () => string;
}

/** The collection or object that a request is about. `name` is '' for collections and creates. */
export interface Target {
  readonly workspace: string;
  readonly definition: ResourceDefinition;
  readonly namespace: string;
  readonly name: string;
  /** '' for the object itself. */
  readonly subresource: string;
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** Undefined: the hub's own controllers. */
  readonly user: UserInfo | undefined;
  /** What strict decoding of the body found (`duplicate field "x"`). */
  readonly duplicates?: readonly string[];
  /** The options as the client sent them, without kind: what admission shows to policies and webhooks. */
  readonly sent?: Readonly<Record<string, Json>>;
  /** Aborts when nobody waits for the answer; made when asked for. */
  readonly signal?: () => AbortSignal;
  /** Puts an annotation on the request's audit record. */
  readonly annotate?: (key: string, value: string) => void;
}

/** One write on its way to the store. */
export interface AdmissionRequest {
  readonly operation: 'create' | 'update' | 'delete';
  readonly target: Target;
  /** A private copy. For a delete: the object as it stands. */
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly options: WriteOptions;
  readonly warn: (text: string) => void;
}

/** Mutating steps run in one round, and in a second one where a later one changed what earlier ones had seen. */
export interface MutationRound {
  readonly number: 0 | 1;
  /** Asks for the second round. */
  again(): void;
}

/** Commits the write, with further operations: all or none. */
export type CommitWith = (more: readonly StoreOperation[]) => Promise<CommitResult>;

/** A part of admission. Any phase may throw an ApiError, which refuses the write. */
export interface AdmissionStep {
  readonly name: string;
  /** May change `object`, before the server decides its own part of it; answers whether it did. */
  mutate?(request: AdmissionRequest, core: HubCore, round: MutationRound): Promise<boolean> | boolean;
  /** The server's word after all mutation, which no webhook can change: may still set fields. */
  permit?(request: AdmissionRequest, core: HubCore): Promise<void> | void;
  /** May only refuse; the object is whole and valid. */
  validate?(request: AdmissionRequest, core: HubCore): Promise<void> | void;
  /** Around the commit, so that what it writes goes with the object or not at all. A dry run commits nothing. Of one step only. */
  commit?(request: AdmissionRequest, core: HubCore, commit: CommitWith): Promise<CommitResult>;
}

/** The steps by phase, each in order. */
export interface AdmissionChain {
  readonly mutating: readonly Required<Pick<AdmissionStep, 'name' | 'mutate'>>[];
  readonly permitting: readonly Required<Pick<AdmissionStep, 'name' | 'permit'>>[];
  readonly validating: readonly Required<Pick<AdmissionStep, 'name' | 'validate'>>[];
  readonly committing: Required<Pick<AdmissionStep, 'name' | 'commit'>> | undefined;
}

/** A write's outcome. `value` is absent where nothing was stored (dry-run). */
export interface Written {
  /** With resourceVersion; private to the caller. */
  readonly object: KubeObject;
  readonly stored: { readonly value: Uint8Array; readonly revision: bigint } | undefined;
  readonly created: boolean;
  readonly warnings: readonly string[];
}
