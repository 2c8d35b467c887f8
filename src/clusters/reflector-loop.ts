/**
 * One reflector: list, then watch from the list's version, for ever. After a cut it resumes from the last version it
 * saw; only an expired version makes it list again, and then listeners hear of true differences alone. While the
 * cluster is away everything known stays. A cluster that comes back with an older version than it left with was restored
 * from a backup: a watch from the version of before would silently leave out all until that is reached again.
 */

import { setMaxListeners } from 'node:events';
import { scanObject, textOf, valueAt } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { type BackoffPolicy, backoffDelay } from '../reconcile/backoff.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { ClusterError, type Downstream } from './downstream.ts';
import type { CachedObject, EncodeObject, Reflector, ReflectorEvent, ReflectorState } from './reflector.ts';
import { type CacheEntry, EntryMaker, ObjectCache } from './reflector-cache.ts';
import { needsRelist, readVersion, readWatch, readWholeList, reasonOf, UnexpectedAnswer } from './reflector-fetch.ts';
import type { WatchLine } from './reflector-lines.ts';

export interface ReflectorOptions {
  readonly downstream: Downstream;
  readonly resource: ResourceInfo;
  readonly encode: EncodeObject;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly pageSize: number;
  /** The connection that stands in for one that was replaced; undefined when the cluster is gone for good. */
  readonly successor: (downstream: Downstream) => Downstream | undefined;
}

/** Reconnecting is cheap (nothing is listed again), so it begins sooner than F4's retries; many reflectors spread out. */
const RECONNECT: BackoffPolicy = { firstMs: 200, maxMs: 10_000, factor: 2, jitter: 0.5 };
/** Servers send a bookmark about each minute; a watch that had one and then hears nothing for this long is dead. */
const SILENCE_MS = 100_000;
const WATCH_SECONDS = 290;
/** A list that brings less than this in each interval is as good as none. */
const LIST_HEADWAY_BYTES = 20 * 1024;
const LIST_CHECK_MS = 5_000;
/** Slack for a server to end a watch by itself at its timeout. */
const WATCH_GRACE_MS = 15_000;
/** Two clean ends of a watch closer together than this count as failures. */
const SHORT_WATCH_MS = 1_000;

interface Waiter {
  readonly version: bigint;
  readonly done: () => void;
}

export class ReflectorLoop implements Reflector {
  readonly resource: ResourceInfo;
  readonly #options: ReflectorOptions;
  readonly #maker: EntryMaker;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(event: ReflectorEvent) => void>();
  readonly #progress = new Set<() => void>();
  #downstream: Downstream;
  #cache = new ObjectCache();
  #version = 0n;
  #epoch = 0;
  #abandoned = 0n;
  #synced = false;
  #live = false;
  #error: string | undefined;
  #lastContact: number | undefined;
  #failures = 0;
  /** The connection was lost since the version was last confirmed. */
  #doubtful = false;
  /** Equal versions may be of different histories. */
  #restored = false;
  #received = 0;
  #waiters: Waiter[] = [];
  #wake: () => void = () => {};
  readonly finished: Promise<void>;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#downstream = options.downstream;
    this.resource = options.resource;
    // Everyone who waits for the cache listens to its end.
    setMaxListeners(0, this.#stop.signal);
    this.#maker = new EntryMaker(options.resource, options.encode);
    this.finished = this.#run();
  }

  get downstream(): Downstream {
    return this.#downstream;
  }
  get resourceVersion(): bigint {
    return this.#version;
  }
  get epoch(): number {
    return this.#epoch;
  }
  get abandonedVersion(): bigint {
    return this.#abandoned;
  }
  get bytes(): number {
    return this.#cache.bytes;
  }
  get size(): number {
    return this.#cache.size;
  }

  get(namespace: string, name: string): CachedObject | undefined {
    return this.#cache.get(namespace, name);
  }
  list(namespace?: string): Iterable<CachedObject> {
    return this.#cache.list(namespace);
  }
  names(namespace: string): readonly string[] {
    return this.#cache.names(namespace);
  }
  namespaces(): Iterable<string> {
    return this.#cache.namespaces();
  }

  state(): ReflectorState {
    return {
      synced: this.#synced,
      live: this.#live,
      lastContact: this.#lastContact,
      received: this.#received,
      error: this.#error,
    };
  }

  subscribe(listener: (event: ReflectorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onProgress(listener: () => void): () => void {
    this.#progress.add(listener);
    return () => this.#progress.delete(listener);
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    return this.#synced ? Promise.resolve() : this.#wait(0n, signal);
  }

  whenReached(resourceVersion: bigint, signal: AbortSignal): Promise<void> {
    return this.#synced && this.#version >= resourceVersion ? Promise.resolve() : this.#wait(resourceVersion, signal);
  }

  encodePending(namespace: string): readonly CachedObject[] {
    const done: CachedObject[] = [];
    for (const entry of this.#cache.list(namespace)) {
      if (!entry.encoded && this.#cache.resize(entry, () => this.#maker.retry(entry, this.#downstream)))
        done.push(entry);
    }
    return done;
  }

  /** Try again now rather than when the backoff ends: the cluster is known to be back. */
  wake(): void {
    this.#wake();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.finished;
  }

  #wait(version: bigint, signal?: AbortSignal): Promise<void> {
    const { clusterName } = this.#downstream;
    const failure = (): ClusterError =>
      new ClusterError(clusterName, 'timeout', this.#error ?? `cluster "${clusterName}" has not answered in time`);
    if (signal?.aborted || this.#stop.signal.aborted) return Promise.reject(failure());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        signal?.removeEventListener('abort', abort);
        this.#stop.signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        leave();
        reject(failure());
      };
      const done = (): void => {
        leave();
        resolve();
      };
      const waiter = { version, done };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', abort, { once: true });
      this.#stop.signal.addEventListener('abort', abort, { once: true });
    });
  }

  #progressed(): void {
    for (const waiter of this.#waiters) if (this.#synced && this.#version >= waiter.version) waiter.done();
    for (const listener of this.#progress) listener();
  }

  async #run(): Promise<void> {
    let listNext = true;
    while (!this.#stop.signal.aborted) {
      try {
        if (listNext) await this.#relist();
        listNext = false;
        await this.#watch();
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        if (!this.#follow()) {
          // A stale version is no fault of the cluster: list at once, but never in a tight loop.
          const again = needsRelist(error);
          // A kind that vanished may return as another one.
          listNext ||= error instanceof UnexpectedAnswer && error.code === 404;
          if (again && !listNext) this.#failures++;
          listNext ||= again;
          await this.#failed(error, again && this.#failures <= 1);
        }
      }
    }
    this.#live = false;
    this.#progressed();
  }

  /** Moves to the connection that replaced an aborted one. True when there was one. */
  #follow(): boolean {
    if (!this.#downstream.signal.aborted) return false;
    const successor = this.#options.successor(this.#downstream);
    if (successor === undefined || successor === this.#downstream) return false;
    this.#downstream = successor;
    this.#doubtful = true;
    return true;
  }

  async #failed(error: unknown, atOnce: boolean): Promise<void> {
    this.#doubtful = true;
    if (error instanceof UnexpectedAnswer && error.code === 404) this.#vanished();
    if (atOnce) return;
    this.#failures++;
    this.#error = reasonOf(error);
    this.#live = false;
    const { clock, random, log } = this.#options;
    const asked = error instanceof UnexpectedAnswer ? (error.retryAfterMs ?? 0) : 0;
    const delayMs = Math.max(asked, backoffDelay(RECONNECT, this.#failures, random()));
    const { resource, group } = this.resource;
    log.debug({ cluster: this.#downstream.clusterName, group, resource, err: error, delayMs }, 'reflector waits');
    this.#progressed();
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = () => {};
  }

  /** The cluster no longer serves the resource: that is an answer, and the answer is that there are none. */
  #vanished(): void {
    for (const entry of [...this.#cache.list()]) this.#remove(entry, this.#version);
    this.#synced = true;
  }

  #touch(): void {
    this.#lastContact = this.#options.clock.now();
  }

  async #relist(): Promise<void> {
    const first = !this.#synced;
    const fresh: CacheEntry[] = [];
    const seen = new Set<CacheEntry>();
    const next = first ? new ObjectCache() : undefined;
    const slow = this.#guardHeadway();
    const version = await readWholeList(this.#downstream, this.resource, {
      pageSize: this.#options.pageSize,
      signal: AbortSignal.any([this.#stop.signal, this.#downstream.signal, slow.signal]),
      onBytes: (count) => {
        this.#received += count;
        this.#touch();
      },
      onItem: (item) => {
        if (next !== undefined) {
          next.set(this.#maker.make(item, this.#downstream));
          return;
        }
        const known = this.#cache.get(item.namespace, item.name);
        const same = known?.uid === item.uid && known.resourceVersion === item.resourceVersion;
        if (known !== undefined && same && !this.#restored) seen.add(known);
        else fresh.push(this.#maker.make(item, this.#downstream));
      },
    }).finally(slow.end);
    if (next !== undefined) this.#cache = next;
    else this.#applyDifferences(fresh, seen, version);
    this.#version = version;
    this.#doubtful = false;
    this.#restored = false;
    this.#succeeded();
  }

  /** Ends the watch, by way of `stale`, when the cluster's history is another one than before. */
  async #confirmHistory(stale: AbortController, signal: AbortSignal): Promise<void> {
    const known = this.#version;
    const version = await readVersion(this.#downstream, this.resource, signal);
    this.#doubtful = false;
    if (version >= known) return;
    this.#restored = true;
    stale.abort(new UnexpectedAnswer(410, 'Expired', `the cluster went back from version ${known} to ${version}`));
  }

  /** A list that drips is given up, so that the next attempt can be a good one. */
  #guardHeadway(): { signal: AbortSignal; end: () => void } {
    const { clock } = this.#options;
    const slow = new AbortController();
    let received = this.#received;
    const check = (): void => {
      if (this.#received - received < LIST_HEADWAY_BYTES) slow.abort();
      received = this.#received;
      cancel = clock.after(LIST_CHECK_MS, check);
    };
    let cancel = clock.after(LIST_CHECK_MS, check);
    return { signal: slow.signal, end: () => cancel() };
  }

  #applyDifferences(fresh: CacheEntry[], seen: Set<CacheEntry>, version: bigint): void {
    if (version < this.#version) {
      this.#epoch++;
      if (this.#version > this.#abandoned) this.#abandoned = this.#version;
    }
    for (const entry of fresh) {
      const known = this.#cache.get(entry.namespace, entry.name);
      if (known !== undefined) seen.add(known);
    }
    const gone = [...this.#cache.list()].filter((entry) => !seen.has(entry));
    fresh.sort((a, b) => (a.resourceVersion < b.resourceVersion ? -1 : a.resourceVersion > b.resourceVersion ? 1 : 0));
    for (const entry of fresh) this.#put(entry, version);
    for (const entry of gone) this.#remove(entry, version);
  }

  #put(entry: CacheEntry, deletionVersion: bigint): void {
    const known = this.#cache.get(entry.namespace, entry.name);
    // Deleted and made anew while nobody watched: two events, as a watcher would have seen.
    if (known !== undefined && known.uid !== entry.uid) this.#remove(known, deletionVersion);
    const previous = this.#cache.set(entry);
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    this.#emit({ type, cached: entry, previous, resourceVersion: entry.resourceVersion });
  }

  #remove(entry: CacheEntry, version: bigint): void {
    const previous = this.#cache.delete(entry.namespace, entry.name);
    this.#emit({ type: 'DELETED', cached: entry, previous, resourceVersion: version });
  }

  #emit(event: ReflectorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #watch(): Promise<void> {
    const { clock, random } = this.#options;
    const began = clock.now();
    const silence = new AbortController();
    const stale = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#downstream.signal, silence.signal, stale.signal]);
    let bookmarked = false;
    let heard = began;
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 - 0.2 * random()));
    const check = (): void => {
      const limit = bookmarked ? SILENCE_MS : timeoutSeconds * 1_000 + WATCH_GRACE_MS;
      const left = heard + limit - clock.now();
      if (left <= 0) silence.abort();
      else cancel = clock.after(left, check);
    };
    let cancel = clock.after(SILENCE_MS, check);
    try {
      await readWatch(this.#downstream, this.resource, {
        resourceVersion: this.#version,
        timeoutSeconds,
        signal,
        onOpen: () => {
          this.#succeeded();
          // Failing to ask leaves the doubt for the next time.
          if (this.#doubtful) void this.#confirmHistory(stale, signal).catch(() => undefined);
        },
        onBytes: (count) => {
          this.#received += count;
          heard = clock.now();
          this.#touch();
        },
        onLine: (line) => {
          bookmarked ||= line.type === 'BOOKMARK';
          this.#take(line);
        },
      });
    } catch (error) {
      throw stale.signal.aborted ? stale.signal.reason : error;
    } finally {
      cancel();
    }
    if (clock.now() - began < SHORT_WATCH_MS) throw new Error('the cluster ended the watch at once');
  }

  #succeeded(): void {
    this.#synced = true;
    this.#live = true;
    this.#error = undefined;
    this.#failures = 0;
    this.#touch();
    this.#progressed();
  }

  #take({ type, object }: WatchLine): void {
    if (type === 'BOOKMARK') {
      const version = textOf(object, valueAt(object, ['metadata', 'resourceVersion']));
      if (/^[0-9]{1,19}$/.test(version)) this.#version = BigInt(version);
    } else {
      const entry = this.#maker.make(scanObject(object), this.#downstream);
      if (type === 'DELETED') this.#takeDeleted(entry);
      else this.#put(entry, entry.resourceVersion);
      this.#version = entry.resourceVersion;
    }
    this.#progressed();
  }

  /** The event carries the last state, with the deletion's version in it. */
  #takeDeleted(entry: CacheEntry): void {
    const previous = this.#cache.delete(entry.namespace, entry.name);
    if (previous === undefined) return;
    this.#emit({ type: 'DELETED', cached: entry, previous, resourceVersion: entry.resourceVersion });
  }
}
