/**
 * The hub as controllers see it: typed calls in the process, with the hub's full semantics
 * (validation, defaulting, managedFields, conflicts) but no HTTP. Errors are ApiError.
 */
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';

export interface HubRef extends GroupResource {
  readonly workspace: string;
  /** '' or absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly name: string;
}

/** An object together with where it lives; objects themselves do not name their workspace. */
export interface HubItem<T extends KubeObject = KubeObject> {
  readonly workspace: string;
  readonly object: T;
}

export interface HubEvent<T extends KubeObject = KubeObject> extends HubItem<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
}

export interface HubListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface HubWriteOptions {
  /** Field manager recorded in managedFields; default `tmc`. */
  readonly fieldManager?: string;
  readonly subresource?: string;
}

export interface HubPages<T extends KubeObject = KubeObject> {
  readonly pages: AsyncIterable<readonly HubItem<T>[]>;
  readonly resourceVersion: string;
}

export interface HubClient {
  get<T extends KubeObject = KubeObject>(ref: HubRef): Promise<T | undefined>;
  /** `workspace` may be `*`: all workspaces. `resourceVersion` is where a watch may begin. */
  list<T extends KubeObject = KubeObject>(
    workspace: string,
    resource: GroupResource,
    options?: HubListOptions,
  ): Promise<{ items: readonly HubItem<T>[]; resourceVersion: string }>;
  /** The same of one snapshot, piece by piece: read while it is consumed. For lists that should not lie in memory whole. */
  pages?<T extends KubeObject = KubeObject>(
    workspace: string,
    resource: GroupResource,
    options?: HubListOptions,
  ): Promise<HubPages<T>>;
  /** Live changes after `resourceVersion`, until the signal aborts. Throws ApiError 410 when it is too old. */
  watch<T extends KubeObject = KubeObject>(
    workspace: string,
    resource: GroupResource,
    options: HubListOptions & { resourceVersion: string },
    signal: AbortSignal,
  ): AsyncIterable<HubEvent<T>>;
  create<T extends KubeObject>(
    workspace: string,
    resource: GroupResource,
    object: T,
    options?: HubWriteOptions,
  ): Promise<T>;
  /** Whole-object update; 409 Conflict when `metadata.resourceVersion` is set and stale. `subresource: 'status'` writes status alone. */
  update<T extends KubeObject>(
    workspace: string,
    resource: GroupResource,
    object: T,
    options?: HubWriteOptions,
  ): Promise<T>;
  patch<T extends KubeObject = KubeObject>(
    ref: HubRef,
    patch: { type: 'json' | 'merge' | 'strategic'; body: unknown },
    options?: HubWriteOptions,
  ): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(
    workspace: string,
    resource: GroupResource,
    object: T,
    options: HubWriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T>;
  /** Resolves once the delete is accepted; finalizers may keep the object. NotFound is not an error. */
  delete(
    ref: HubRef,
    options?: {
      uid?: string;
      resourceVersion?: string;
      /** Pods in an embedded cluster: 0 removes at once. */
      gracePeriodSeconds?: number;
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
    },
  ): Promise<void>;
}

export interface InformerEvent<T extends KubeObject = KubeObject> {
  readonly workspace: string;
  /** Undefined when deleted. */
  readonly object: T | undefined;
  readonly previous: T | undefined;
}

/**
 * A live copy of one resource over all workspaces, for controllers. Resumes after any interruption, relists on 410. Objects
 * are as informer-form.ts keeps them, and shared: do not mutate.
 */
export interface HubInformer<T extends KubeObject = KubeObject> {
  get(workspace: string, namespace: string, name: string): T | undefined;
  list(workspace?: string): Iterable<HubItem<T>>;
  /** Called for the present state first, then for each change. Returns unsubscribe. */
  subscribe(listener: (event: InformerEvent<T>) => void): () => void;
  whenSynced(): Promise<void>;
}
