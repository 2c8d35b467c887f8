/**
 * Long collections that are listed again and again, kept in memory within a budget: loaded from the store at a second
 * list, kept up to date by the change feed, dropped when nobody lists them. A collection that is not listed costs nothing.
 */
import { LRUCache } from 'lru-cache';
import type { ChangeFeed, FeedEvent } from '../change-feed.ts';
import type { ObjectIo } from '../object-io.ts';
import type { Store, StoredEntry } from '../store/store.ts';
import { PAGE } from './page-size.ts';
import { type Segment, Segments } from './segments.ts';

/** One collection: all objects of a kind in a workspace, or in one of its namespaces ('' for all). */
export interface Collection {
  readonly workspace: string;
  /** `apps/deployments`. */
  readonly kind: string;
  readonly namespace: string;
  /** What its keys begin with. */
  readonly prefix: string;
}

export interface HotRange {
  /** The newest change that it shows; exact. */
  readonly revision: bigint;
  readonly segments: readonly Segment[];
}

interface Sources {
  readonly store: Store;
  readonly feed: ChangeFeed;
  readonly objects: Pick<ObjectIo, 'open'>;
}

const BUDGET_BYTES = 96 * 1024 * 1024;
/** Shorter lists are read from the store in a millisecond. */
const MIN_ENTRIES = 500;
const IDLE_MS = 10 * 60_000;
/** The store orders keys by bytes, strings compare by UTF-16: the same for ASCII, which all but a few names are. */
const ASCII = /^[\x20-\x7e]*$/;

export class HotRanges {
  readonly #sources: Sources;
  readonly #budget: number;
  readonly #ranges: LRUCache<string, { readonly range: Range }>;
  /** Collections that were listed: loaded when they are listed again, unless they are found too large to be kept. */
  readonly #listed = new LRUCache<string, 'once' | 'unfit'>({ max: 1_000, ttl: IDLE_MS });

  constructor(sources: Sources, budget = BUDGET_BYTES) {
    this.#sources = sources;
    this.#budget = budget;
    this.#ranges = new LRUCache({
      maxSize: budget,
      ttl: IDLE_MS,
      ttlAutopurge: true,
      noDisposeOnSet: true,
      dispose: ({ range }) => range.close(),
    });
  }

  /** Bytes held now, roughly. */
  get bytes(): number {
    return this.#ranges.calculatedSize;
  }

  /** A list of so many entries was read from the store. */
  noteListed({ prefix }: Collection, entries: number): void {
    if (entries >= MIN_ENTRIES && !this.#listed.has(prefix)) this.#listed.set(prefix, 'once');
  }

  /** The collection with all that was acknowledged before the call; undefined where it is not kept. */
  async take(collection: Collection, signal: AbortSignal): Promise<HotRange | undefined> {
    const { store, feed } = this.#sources;
    const range = this.#ranges.get(collection.prefix)?.range ?? this.#load(collection);
    if (range === undefined) return undefined;
    await range.ready;
    const newest = await store.revision();
    if (!(await feed.reached(newest, signal))) return undefined;
    if (range.segments === undefined) return undefined;
    this.#weigh(collection.prefix, range);
    return { revision: feed.revision, segments: range.segments.take() };
  }

  close(): void {
    this.#ranges.clear();
  }

  #load(collection: Collection): Range | undefined {
    const { prefix } = collection;
    if (this.#listed.get(prefix) !== 'once') return undefined;
    this.#listed.delete(prefix);
    const range = new Range(this.#sources, collection, this.#budget / 2, (unfit) => {
      if (unfit) this.#listed.set(prefix, 'unfit');
      if (this.#ranges.peek(prefix)?.range === range) this.#ranges.delete(prefix);
    });
    this.#ranges.set(prefix, { range }, { size: 1 });
    return range;
  }

  /** It may have grown since it was last looked at. */
  #weigh(prefix: string, range: Range): void {
    const size = Math.max(1, range.bytes);
    if (this.#ranges.peek(prefix)?.range === range) this.#ranges.set(prefix, { range }, { size });
  }
}

/** One collection in memory; `segments` is undefined before it is loaded, and for good when it is closed. */
class Range {
  readonly ready: Promise<void>;
  segments: Segments | undefined;
  readonly #collection: Collection;
  readonly #maxBytes: number;
  readonly #drop: (unfit: boolean) => void;
  readonly #stop = new AbortController();

  /** `drop` is called when it cannot be kept. */
  constructor(sources: Sources, collection: Collection, maxBytes: number, drop: (unfit: boolean) => void) {
    this.#collection = collection;
    this.#maxBytes = maxBytes;
    this.#drop = drop;
    this.ready = this.#load(sources).catch(() => this.#drop(false));
  }

  get bytes(): number {
    return this.segments?.bytes ?? 0;
  }

  close(): void {
    this.#stop.abort();
    this.segments = undefined;
  }

  async #load({ store, feed, objects }: Sources): Promise<void> {
    const { workspace, kind, prefix } = this.#collection;
    const { signal } = this.#stop;
    const entries: StoredEntry[] = [];
    let bytes = 0;
    let page = await store.list(prefix, PAGE);
    const { revision } = page;
    for (;;) {
      for (const entry of page.entries) {
        const opened = objects.open(entry);
        bytes += opened.value.length;
        entries.push(opened);
        if (bytes > this.#maxBytes || !ASCII.test(entry.key)) return this.#drop(true);
      }
      const last = page.entries.at(-1);
      if (page.remaining === 0 || last === undefined) break;
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (signal.aborted) return;
      page = await store.list(prefix, { ...PAGE, at: revision, after: last.key });
    }
    this.segments = new Segments(entries);
    const listener = { event: (event: FeedEvent) => this.#apply(event), lost: () => this.#drop(false) };
    await feed.follow({ workspace, kind }, revision, listener, signal);
    if (signal.aborted) this.segments = undefined;
  }

  #apply({ place, change, revision }: FeedEvent): void {
    const { namespace } = this.#collection;
    if (this.segments === undefined || (namespace !== '' && place.namespace !== namespace)) return;
    const { key, value } = change;
    if (change.type === 'delete') this.segments.delete(key);
    else this.segments.put({ key, value, revision });
    if (this.segments.bytes > this.#maxBytes || !ASCII.test(key)) this.#drop(true);
  }
}
