/** What every verb of the hub works with. Made once by createHub. */
import type { UserInfo } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { Catalog } from './catalog/catalog.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ObjectIo } from './object-io.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { Store } from './store/store.ts';

export interface HubCore {
  readonly store: Store;
  readonly objects: ObjectIo;
  readonly feed: ChangeFeed;
  readonly catalog: Catalog;
  readonly admission: readonly AdmissionStep[];
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
}

/** One write on its way to the store; steps may change `object` (a private copy) or throw an ApiError. */
export interface AdmissionRequest {
  readonly operation: 'create' | 'update' | 'delete';
  readonly target: Target;
  /** For a delete: the object as it stands. */
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly options: WriteOptions;
  readonly warn: (text: string) => void;
}

/** Ordered: mutating steps stand before validating ones. */
export interface AdmissionStep {
  readonly name: string;
  admit(request: AdmissionRequest, core: HubCore): Promise<void> | void;
}

/** A write's outcome. `value` is absent where nothing was stored (dry-run). */
export interface Written {
  /** With resourceVersion; private to the caller. */
  readonly object: KubeObject;
  readonly stored: { readonly value: Uint8Array; readonly revision: bigint } | undefined;
  readonly created: boolean;
  readonly warnings: readonly string[];
}
