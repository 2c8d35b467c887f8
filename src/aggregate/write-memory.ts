/** Versions that writes through this gateway got from clusters: a list that follows waits until its cache has seen them. */
import { LRUCache } from 'lru-cache';
import type { Downstream } from '../clusters/downstream.ts';
import { readVersion } from '../clusters/reflector-fetch.ts';
import type { GroupResource } from '../kube/resource.ts';
import type { ClusterSource } from './cluster-source.ts';
import { isGivenUp } from './given-up.ts';

interface Remembered {
  version: bigint;
  /** Objects that were deleted without a version in the answer: by namespace and name, the uid that must go. */
  readonly gone: Map<string, Gone>;
  reviewing: boolean;
}

interface Gone {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const MAX_KEYS = 10_000;
/** A cache that has not caught up by then is told of as stale anyway. */
const KEEP_MS = 60_000;
const REVIEW_MS = 5_000;

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
    try {
      await this.#awaited(source, remembered, signal);
    } catch (error) {
      // Not this reader: the next one should not wait for what will never come.
      void this.#review(key, source, remembered);
      throw error;
    }
  }

  async #awaited({ reflector }: ClusterSource, remembered: Remembered, signal: AbortSignal): Promise<void> {
    await reflector.whenReached(remembered.version, signal);
    for (const [place, { namespace, name, uid }] of remembered.gone) {
      // Each step of the cache is a chance: the deletion has no version to wait for.
      while (reflector.get(namespace, name)?.uid === uid)
        await reflector.whenReached(reflector.resourceVersion + 1n, signal);
      remembered.gone.delete(place);
    }
  }

  /** After a restore from a backup the written version is of a history given up, and what was deleted may be there again. */
  async #review(key: string, source: ClusterSource, remembered: Remembered): Promise<void> {
    if (remembered.reviewing) return;
    remembered.reviewing = true;
    const { version, gone } = remembered;
    const isNew = () => this.#writes.get(key) !== remembered || remembered.version !== version;
    if ((await isGivenUp(source, version)) && !isNew()) this.#writes.delete(key);
    else if (version <= source.reflector.resourceVersion) await forgetReturned(source, gone).catch(() => undefined);
    remembered.reviewing = false;
  }

  #of(downstream: Downstream, resource: GroupResource): Remembered {
    const key = keyOf(downstream, resource);
    const known = this.#writes.get(key) ?? { version: 0n, gone: new Map(), reviewing: false };
    this.#writes.set(key, known);
    return known;
  }
}

/** A cache that has come as far as the cluster is now, and still has an object: it is there. Rejects where that is not known in time. */
async function forgetReturned({ reflector }: ClusterSource, gone: Map<string, Gone>): Promise<void> {
  const asked = [...gone];
  const deadline = AbortSignal.timeout(REVIEW_MS);
  const { downstream, resource } = reflector;
  await reflector.whenReached(await readVersion(downstream, resource, deadline), deadline);
  for (const [place, one] of asked) {
    const { namespace, name, uid } = one;
    if (gone.get(place) === one && reflector.get(namespace, name)?.uid === uid) gone.delete(place);
  }
}

const keyOf = (downstream: Downstream, { group, resource }: GroupResource): string =>
  `${downstream.uid}|${group}/${resource}`;
