/** What a view needs of the hub beside its API: collections and changes as stored bytes. `hub-access.ts` gives it. */

import type { Following } from '../hub/read/converted-changes.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import type { ApiHandler } from '../kube/api.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Item } from './item.ts';

export interface HubItem extends Item {
  readonly namespace: string;
}

export interface HubChange {
  readonly workspace: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: bigint;
  /** Encoded on demand, once. Undefined after a deletion. */
  readonly item: Item | undefined;
  readonly previous: Item | undefined;
  /** Of a deletion: the last state with the deletion's version. */
  readonly last: Item | undefined;
  /** Bytes that keeping it costs, roughly. */
  readonly size: number;
}

export interface HubFollower {
  change(change: HubChange): void;
  /** The stream broke off; nothing more comes. */
  lost(error: unknown): void;
}

export interface HubPort {
  readonly handle: ApiHandler;
  /** What is known of a kind, of the hub or of clusters: its selectable fields, its columns. */
  definition(workspace: string, resource: ResourceInfo): Promise<ResourceDefinition>;
  /** All objects of a kind in a workspace at one revision, in the order namespace/name. */
  list(
    workspace: string,
    resource: ResourceInfo,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly revision: bigint; readonly items: readonly HubItem[] }>;
  /** How many objects of a kind a workspace has, without reading them. */
  count(workspace: string, resource: ResourceInfo): Promise<number>;
  /** One object, undefined where there is none. */
  get(workspace: string, resource: ResourceInfo, namespace: string, name: string): Promise<Item | undefined>;
  /** The newest revision that followers have been told of. */
  readonly revision: bigint;
  /** Resolves when followers have been told of everything up to the revision; false when the signal aborted first. */
  reached(revision: bigint, signal: AbortSignal): Promise<boolean>;
  /** Changes of a kind in all workspaces behind `since`. Resolves when live, with how far the follower has been told. Ends with the signal. */
  follow(resource: ResourceInfo, since: bigint, follower: HubFollower, signal: AbortSignal): Promise<Following>;
}
