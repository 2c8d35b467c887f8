/**
 * Versions for places in this process's history at which no object changed: where a source's history begins, where a
 * cluster left. Told by its newest change, such a place could be mistaken for another process's: two clients that hold one
 * version would have seen different things. So it has a number of its own, which no other process gives out; elsewhere, and
 * after a restart, it is 410 Expired.
 */
import { LRUCache } from 'lru-cache';
import { encodeVersion, MOMENT_SLOT } from './resource-version.ts';

/** Room for 69 years of milliseconds and 256 moments in each. */
const EPOCH = Date.UTC(2026, 0, 1);
const PER_MS = 8n;
/** Old ones are 410: whoever watches from one does so at once. */
const MAX_MOMENTS = 20_000;

export class Moments {
  readonly #places = new LRUCache<bigint, number>({ max: MAX_MOMENTS });
  readonly #byPlace = new LRUCache<number, bigint>({ max: MAX_MOMENTS });
  #last: bigint;

  /** @param now milliseconds since epoch; `random` in [0, 1): processes that start together do not number alike. */
  constructor(now: number, random: number) {
    this.#last = (BigInt(Math.max(0, now - EPOCH)) << PER_MS) | BigInt(Math.floor(random * 2 ** Number(PER_MS)));
  }

  /** The version of a place in this process's sequence; the same one each time. */
  at(place: number): bigint {
    let id = this.#byPlace.get(place);
    if (id === undefined) {
      this.#last++;
      id = this.#last;
      this.#byPlace.set(place, id);
    }
    this.#places.set(id, place);
    return encodeVersion(MOMENT_SLOT, id);
  }

  /** The place, undefined where it is not this process's, or long ago. */
  find(id: bigint): number | undefined {
    return this.#places.get(id);
  }
}
