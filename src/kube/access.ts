/** What the caller of a watch may still see, told while the watch goes on. */
import type { ApiError } from './status.ts';

/** All that the request asked for, or only what lies in some namespaces (none: nothing). Immutable. */
export type Grant = typeof EVERYTHING | Narrowed;

export interface Narrowed {
  readonly everything: false;
  /** Of a request over all namespaces: those in which the same would be allowed. */
  readonly namespaces: ReadonlySet<string>;
  /** The 403 that the same request would get now. */
  readonly denial: ApiError;
}

export const EVERYTHING = { everything: true } as const;

export const grants = (grant: Grant, namespace: string): boolean => grant.everything || grant.namespaces.has(namespace);

export const isSameGrant = (one: Grant, other: Grant): boolean => {
  if (one.everything || other.everything) return one.everything === other.everything;
  return (
    one.namespaces.size === other.namespaces.size && [...one.namespaces].every((each) => other.namespaces.has(each))
  );
};

export interface AccessFollower {
  /** What the caller may see, whenever it may have changed; the first time soon after following begins. */
  granted(grant: Grant): void;
  /** The credential is no longer good (expired, or its owner is gone). Nothing comes after. */
  unknown(): void;
}

export interface Access {
  /** Until the function that it gives is called. */
  follow(follower: AccessFollower): () => void;
}
