/** WATCH of a view for one client: initial state or resumption, live events, bookmarks, end. */

import { makeBreather } from '../clusters/reflector-fetch.ts';
import { type ListQuery, parseWatchVersion } from '../hub/read/list-options.ts';
import type { Access, Grant } from '../kube/access.ts';
import type { ByteSink } from '../kube/api.ts';
import { apiVersionOf } from '../kube/resource.ts';
import { ApiError, expired, internalError } from '../kube/status.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Gathered } from './gather.ts';
import { isSelected, type ListSources, listVersionOf, openList, type ViewList, waitForVersion } from './list.ts';
import { decodeVersion, HUB_SLOT, MOMENT_SLOT } from './resource-version.ts';
import type { ViewSelection } from './selection.ts';
import type { ViewEvent } from './view-event.ts';
import type { ViewBatch, ViewState } from './view-state.ts';
import { asLeftAt, bookmarkFrame, errorFrame, frame, type ObjectForm, type WatchType } from './watch-frames.ts';
import { type ToTell, WatchGrant } from './watch-grant.ts';

export interface WatchContext {
  readonly state: ViewState;
  readonly gathered: Gathered;
  readonly workspace: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly query: ListQuery;
  readonly selection: ViewSelection;
  /** A table's columns come with the first event alone: the first call may answer another form than later ones. */
  readonly form: (first: boolean) => ObjectForm;
  readonly clock: Clock;
  readonly random: () => number;
  /** Undefined: the caller may see everything for as long as it lasts. */
  readonly access: Access | undefined;
  /** What the caller has been shown is another thing than what is in the logs: nobody may resume from before. */
  readonly raiseBarrier: () => void;
  /** Called once when the watch is over. */
  readonly onEnd: () => void;
}

/** A watch that leaves clusters out, because they do not fit into memory, ends after this: its client lists them anew. */
export const UNCACHED_MS = 30_000;
const BOOKMARK_MS = 60_000;
/** The last bookmark comes this long before the end. */
const LAST_BOOKMARK_MS = 2_000;
/** Upstream's --min-request-timeout, up to twice as long so that watches do not all end at once. */
const MIN_TIMEOUT_MS = 1_800_000;
/** A client this far behind is cut off with 410 and lists again. */
const MAX_PENDING = 16 * 1024 * 1024;
/** Initial state is written in steps while the client keeps up. */
const SOFT_PENDING = 1024 * 1024;
const DRAIN_MS = 5;

/**
 * Checks what must be refused by an HTTP status, then answers the body. Throws ApiError 504 (version in the future). A version
 * that is not known any more is told as an event, as kube-apiserver does (k8s.io/apiserver/pkg/storage/cacher,
 * newErrWatcher): refused by status, client-go's RetryWatcher would try it again for ever. Releases nothing itself: `onEnd` does.
 */
export async function watchView(context: WatchContext, signal: AbortSignal): Promise<(sink: ByteSink) => void> {
  const { query, gathered } = context;
  const since = parseWatchVersion(query.resourceVersion);
  const resume = query.sendInitialEvents === undefined && since !== undefined;
  let refusal: ApiError | undefined;
  if (since !== undefined && !(resume && isForeign(gathered, since))) {
    await waitForVersion(gathered, since, signal).catch((error: unknown) => {
      if (!resume || !isExpired(error)) throw error;
      refusal = error;
    });
  }
  return (sink) => {
    const watcher = new Watcher(context, sink);
    if (refusal !== undefined) watcher.refuse(refusal);
    else if (resume) watcher.resume(since);
    else void watcher.begin();
  };
}

const isExpired = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 410;

/** Of a cluster that is no longer, or not yet, in the view. */
function isForeign({ clusters }: Gathered, version: bigint): boolean {
  const { slot } = decodeVersion(version);
  return slot !== HUB_SLOT && clusters.every((one) => one.slot !== slot);
}

/** Throws ApiError 410. */
function placeOf({ state, gathered: { barrier, moments } }: WatchContext, since: bigint): number {
  const { slot, version } = decodeVersion(since);
  const moment = slot === MOMENT_SLOT ? moments.find(version) : undefined;
  const place = moment !== undefined && state.reaches(moment) ? moment : state.placeOf(slot, version);
  if (place === undefined || place < barrier()) throw expired(`too old resource version: ${since}`);
  return place;
}

const NOT_ALL = 'Some clusters do not fit into memory and are listed, not watched; list again to see them as they are.';

const tooSlow = (): ApiError =>
  new ApiError(410, 'Expired', 'The watch was cut because its reader is too slow; list and watch again.');

class Watcher {
  readonly #context: WatchContext;
  readonly #sink: ByteSink;
  readonly #cancels: (() => void)[] = [];
  #unsubscribe: () => void = () => {};
  /** Batches that came while the initial state is being written; undefined afterwards. */
  #waiting: ViewBatch[] | undefined = [];
  #first = true;
  #over = false;
  #unfollow: (() => void) | undefined;
  readonly #grant = new WatchGrant();

  constructor(context: WatchContext, sink: ByteSink) {
    this.#context = context;
    this.#sink = sink;
    if (sink.closed.aborted) this.#end();
    else {
      sink.closed.addEventListener('abort', () => this.#end(), { once: true });
      this.#unfollow = context.access?.follow({
        granted: (grant) => this.#regrant(grant),
        unknown: () => this.#finish(),
      });
    }
  }

  refuse(error: ApiError): void {
    this.#fail(error);
  }

  resume(since: bigint): void {
    try {
      const place = placeOf(this.#context, since);
      this.#subscribe();
      for (const batch of this.#context.state.replay(place)) this.#write(batch);
      this.#live();
    } catch (error) {
      this.#fail(error);
    }
  }

  async begin(): Promise<void> {
    const { query } = this.#context;
    try {
      const take = await this.#openPresent();
      if (this.#over) return;
      // One turn: what the list does not hold comes as an event.
      const list = take();
      this.#subscribe();
      await this.#writeAll(list, () => 'ADDED');
      if (this.#over) return;
      if (query.sendInitialEvents === true && query.allowWatchBookmarks)
        this.#bookmark(BigInt(list.metadata.resourceVersion), true);
      this.#live();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** All that the watch is about, as it is now; without what no live event would tell of. */
  #openPresent(): Promise<() => ViewList> {
    const { gathered, state, workspace, namespace, query, selection } = this.#context;
    const all: ListQuery = { ...query, limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' };
    const sources: ListSources = {
      resource: gathered.resource,
      hub: gathered.hub,
      barrier: gathered.barrier,
      moments: gathered.moments,
      names: state.names,
      get projection() {
        return state.projection;
      },
      get clusters() {
        return state.clusters;
      },
    };
    return openList(sources, { workspace, namespace }, all, selection, this.#sink.closed);
  }

  async #writeAll({ items, resume, metadata }: ViewList, toTell: ToTell): Promise<void> {
    const breathe = makeBreather();
    const version = BigInt(metadata.resourceVersion);
    for (const merged of items) {
      if (this.#over) return;
      const type = toTell(merged.namespace);
      if (type !== undefined) {
        const shown = type === 'ADDED' ? merged : { ...merged, item: asLeftAt(merged.item, version) };
        this.#sink.write(frame(type, this.#form().render(shown)));
      }
      const pause = breathe();
      if (pause === undefined && this.#sink.pending <= SOFT_PENDING) continue;
      await pause;
      while (this.#sink.pending > SOFT_PENDING && !this.#over) await this.#pause();
      resume();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#context.clock.after(DRAIN_MS, resolve);
    });
  }

  #subscribe(): void {
    this.#unsubscribe = this.#context.state.subscribe({
      batch: (batch) => {
        if (this.#waiting === undefined) this.#write(batch);
        else this.#waiting.push(batch);
      },
      broken: () => this.#fail(expired('The history of this view broke off; list and watch again.')),
    });
  }

  #live(): void {
    this.#goOn();
    if (!this.#over) this.#startTimers();
  }

  #goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const batch of waiting) this.#write(batch);
  }

  /** What the caller may see may have changed. */
  #regrant(grant: Grant): void {
    if (this.#over) return;
    if (this.#waiting === undefined || this.#grant.telling) {
      void this.#grant.change(grant, (next) => this.#showAs(next)).catch((error: unknown) => this.#fail(error));
    } else if (!grant.everything) {
      // A client that has not seen the beginning whole keeps nothing of it.
      this.#fail(grant.denial);
    }
  }

  /** What is lost is DELETED, what is won ADDED; where nothing is left the watch ends with 403. */
  async #showAs(next: Grant): Promise<void> {
    if (this.#over) return;
    const take = await this.#openPresent();
    if (this.#over) return;
    // One turn again: from here on events are of what the caller may see now, and wait.
    const list = take();
    const toTell = this.#grant.take(next);
    this.#waiting = [];
    this.#context.raiseBarrier();
    await this.#writeAll(list, toTell);
    if (this.#over) return;
    const { resource } = this.#context.gathered;
    if (!next.everything && (next.namespaces.size === 0 || !resource.namespaced)) return this.#fail(next.denial);
    if (this.#context.query.allowWatchBookmarks) this.#bookmark(this.#present(), false);
    this.#goOn();
  }

  #write(batch: ViewBatch): void {
    let last: ViewEvent | undefined;
    for (const event of batch.events) {
      if (this.#over) return;
      if (this.#context.namespace !== undefined && event.namespace !== this.#context.namespace) continue;
      const shown = select(this.#context.selection, event);
      if (shown === undefined || !this.#grant.mayTell(event.namespace, shown)) continue;
      if (this.#sink.pending > MAX_PENDING) this.#fail(tooSlow());
      else this.#sink.write(this.#frameOf(batch, event, shown));
      last = event;
    }
    // What came last may be an old object that stands in for another: from its version on all would be told again.
    if (last !== undefined && isOlder(last, batch) && this.#context.query.allowWatchBookmarks)
      this.#bookmark(batch.version, false);
  }

  #frameOf(batch: ViewBatch, event: ViewEvent, type: WatchType): Uint8Array {
    const form = this.#form();
    const left = type === 'DELETED' && event.type !== 'DELETED';
    const key = `${form.key}|${type}|${batch.events.indexOf(event)}`;
    const known = batch.frames.get(key);
    if (known !== undefined) return known;
    const item = left && event.previous !== undefined ? asLeftAt(event.previous, batch.version) : event.item;
    const made = frame(type, form.render({ ...event, item }));
    batch.frames.set(key, made);
    return made;
  }

  #form(): ObjectForm {
    const form = this.#context.form(this.#first);
    this.#first = false;
    return form;
  }

  #startTimers(): void {
    const { query, random } = this.#context;
    const asked = (query.timeoutSeconds ?? 0) * 1_000;
    const total = asked > 0 ? asked : MIN_TIMEOUT_MS * (1 + random());
    this.#after(total, () => this.#finish());
    if (this.#context.gathered.uncached.length > 0) this.#after(UNCACHED_MS, () => this.#fail(expired(NOT_ALL)));
    if (!query.allowWatchBookmarks) return;
    const tick = (): void => {
      this.#bookmark(this.#present(), false);
      this.#after(BOOKMARK_MS, tick);
    };
    this.#after(BOOKMARK_MS * (0.9 + 0.2 * random()), tick);
    if (total > LAST_BOOKMARK_MS) {
      this.#after(total - LAST_BOOKMARK_MS, () => this.#bookmark(this.#present(), false));
    }
  }

  #present(): bigint {
    return listVersionOf(this.#context.state.sources, this.#context.gathered);
  }

  #after(ms: number, task: () => void): void {
    if (!this.#over) this.#cancels.push(this.#context.clock.after(ms, task));
  }

  #bookmark(version: bigint, initialEnd: boolean): void {
    if (this.#over) return;
    const { resource } = this.#context.gathered;
    this.#sink.write(bookmarkFrame({ kind: resource.kind, apiVersion: apiVersionOf(resource) }, version, initialEnd));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const failure = error instanceof ApiError ? error : internalError(String(error));
    this.#sink.write(errorFrame(failure.status));
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#end();
    this.#sink.end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#unsubscribe();
    this.#unfollow?.();
    // The last that the client was told may be newer than the barrier of that change.
    if (this.#grant.changed) this.#context.raiseBarrier();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.length = 0;
    this.#waiting = undefined;
    this.#context.onEnd();
  }
}

const isOlder = ({ type, item }: ViewEvent, { version }: ViewBatch): boolean =>
  type !== 'DELETED' && item.resourceVersion !== decodeVersion(version).version;

/** What the watcher's selection makes of an event: what enters is ADDED, what leaves is DELETED. */
function select(selection: ViewSelection, event: ViewEvent): WatchType | undefined {
  const now = isSelected(selection, event);
  if (event.type !== 'MODIFIED' || event.previous === undefined) return now ? event.type : undefined;
  const before = isSelected(selection, { ...event, item: event.previous });
  if (now) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}
