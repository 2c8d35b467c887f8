/**
 * What was read a moment ago and has not changed since: objects that every request needs (a namespace, a role), and
 * ranges found empty (a namespace without quotas). There is one writer, this process, and it says what it changes.
 */
import { LRUCache } from 'lru-cache';
import type { KeyRange } from './sqlite-read.ts';
import { kindOfKey } from './sqlite-tables.ts';
import type { StoredEntry } from './store.ts';

const MAX_BYTES = 16 * 1024 * 1024;
/** Larger values are worth their read. */
const MAX_VALUE_BYTES = 64 * 1024;
const MAX_EMPTY = 10_000;
/** `/<workspace>/<group>/<resource>/`: shorter prefixes span kinds. */
const ONE_KIND = /^\/[^/]*\/[^/]*\/[^/]*\//;

export class RecentReads<T extends StoredEntry> {
  readonly #entries = new LRUCache<string, T>({
    maxSize: MAX_BYTES,
    maxEntrySize: MAX_VALUE_BYTES,
    sizeCalculation: ({ key, value }) => value.length + 2 * key.length + 200,
  });
  /** Lower bounds of empty ranges, by kind. */
  readonly #empty = new Map<string, Set<string>>();
  #emptyCount = 0;

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  keep(entry: T): void {
    this.#entries.set(entry.key, entry);
  }

  isEmpty({ kind, lower }: KeyRange): boolean {
    return kind === undefined && this.#emptyCount > 0 && (this.#empty.get(kindOfKey(lower))?.has(lower) ?? false);
  }

  keepEmpty({ kind, lower }: KeyRange): void {
    if (kind !== undefined || !ONE_KIND.test(lower)) return;
    if (this.#emptyCount >= MAX_EMPTY) this.#forgetEmpty();
    const own = this.#empty.get(kindOfKey(lower)) ?? new Set();
    this.#empty.set(kindOfKey(lower), own.add(lower));
    this.#emptyCount++;
  }

  /** The key is about to be written (`put`) or removed. */
  changed(key: string, put: boolean): void {
    this.#entries.delete(key);
    const empty = put ? this.#empty.get(kindOfKey(key)) : undefined;
    if (empty === undefined) return;
    this.#emptyCount -= empty.size;
    this.#empty.delete(kindOfKey(key));
  }

  /** What was written is taken back. */
  forgetAll(): void {
    this.#entries.clear();
    this.#forgetEmpty();
  }

  #forgetEmpty(): void {
    this.#empty.clear();
    this.#emptyCount = 0;
  }
}
