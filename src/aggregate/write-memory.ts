/** Versions that writes through this gateway got from clusters: a list that follows waits until its cache has seen them. */
import { LRUCache } from 'lru-cache';
import type { Downstream } from '../clusters/downstream.ts';
import type { GroupResource } from '../kube/resource.ts';
import type { ClusterSource } from './cluster-source.ts';

interface Remembered {
  version: bigint;
  /** Objects that were deleted without a version in the answer: by namespace and name, the uid that must go. */
  readonly gone: Map<string, { namespace: string; name: string; uid: string }>;
}

const MAX_KEYS = 10_000;
/** A cache that has not caught up by then is told of as stale anyway. */
const KEEP_MS = 60_000;

export class WriteMemory {
  readonly #writes = new LRUCache<string, Remembered>({ max: MAX_KEYS, ttl: KEEP_MS });

  wrote(downstream: Downstream, resource: GroupResource, version: bigint): void {
    const remembered = this.#of(downstream, resource);
    if (version > remembered.version) remembered.version = version;
  }

  /** `uid` '' : unknown, nothing to wait for. */
  deleted(downstream: Downstream, resource: GroupResource, namespace: string, name: string, uid: string): void {
    if (uid !== '') this.#of(downstream, resource).gone.set(`${namespace}/${name}`, { namespace, name, uid });
  }

  /** Resolves when the source has seen what was written; rejects with ClusterError when the signal aborts first. */
  async whenSeen(source: ClusterSource, signal: AbortSignal): Promise<void> {
    const key = keyOf(source.downstream, source.resource);
    const remembered = this.#writes.get(key);
    if (remembered === undefined) return;
    const { reflector } = source;
    await reflector.whenReached(remembered.version, signal);
    for (const [place, { namespace, name, uid }] of remembered.gone) {
      // Each step of the cache is a chance: the deletion has no version to wait for.
      while (reflector.get(namespace, name)?.uid === uid)
        await reflector.whenReached(reflector.resourceVersion + 1n, signal);
      remembered.gone.delete(place);
    }
  }

  #of(downstream: Downstream, resource: GroupResource): Remembered {
    const key = keyOf(downstream, resource);
    const known = this.#writes.get(key) ?? { version: 0n, gone: new Map() };
    this.#writes.set(key, known);
    return known;
  }
}

const keyOf = (downstream: Downstream, { group, resource }: GroupResource): string =>
  `${downstream.uid}|${group}/${resource}`;
