/** Which hub object each placed copy is the copy of, by uid: so that what the copies own is shown as owned by the hub's object. */
import { LRUCache } from 'lru-cache';

/** As `maxSize`: room for `max` would be taken at the start, 28 MB of it. */
const COPIES = { maxSize: 500_000, sizeCalculation: () => 1 };

/** A placed copy. */
export interface Copy {
  readonly clusterUid: string;
  readonly copyUid: string;
  readonly hubUid: string;
  /** `group/Kind`. */
  readonly kind: string;
  readonly name: string;
}

export class CopyIndex {
  readonly #hubUids = new LRUCache<string, string>(COPIES);
  readonly #copyUids = new LRUCache<string, string>(COPIES);
  readonly #listeners = new Set<(copy: Copy) => void>();

  learn(copy: Copy): void {
    const { clusterUid, copyUid, hubUid } = copy;
    const key = `${clusterUid}/${copyUid}`;
    if (this.#hubUids.get(key) === hubUid) return;
    this.#hubUids.set(key, hubUid);
    this.#copyUids.set(`${clusterUid}/${hubUid}`, copyUid);
    for (const listener of this.#listeners) listener(copy);
  }

  hubUid(clusterUid: string, copyUid: string): string | undefined {
    return this.#hubUids.get(`${clusterUid}/${copyUid}`);
  }

  /** The way back: what the cluster calls its copy of the hub's object. */
  copyUid(clusterUid: string, hubUid: string): string | undefined {
    return this.#copyUids.get(`${clusterUid}/${hubUid}`);
  }

  /** Called when a copy becomes known. Returns unsubscribe. */
  onLearned(listener: (copy: Copy) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
