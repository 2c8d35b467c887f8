/**
 * One stream of changes from the store, fanned out to every watcher and controller. An event is parsed and encoded at
 * most once however many listen. Late joiners read the store's history until they reach the window kept here, and join
 * the live stream in the same turn, so nothing falls between.
 */
import type { KubeObject } from '../kube/object.ts';
import { kindKey, type ObjectPlace, parsePlace } from './keys.ts';
import type { OpenedChange } from './object-io.ts';
import type { Store, StoreChange } from './store/store.ts';
import { decodeStored, type TypeNames } from './stored-object.ts';

const WINDOW_BYTES = 16 * 1024 * 1024;

export class FeedEvent {
  readonly place: ObjectPlace;
  readonly change: OpenedChange;
  /** Encoded forms by (type, version), filled by whoever encodes first. */
  get encoded(): Map<string, Buffer> {
    this.#encoded ??= new Map();
    return this.#encoded;
  }
  #encoded: Map<string, Buffer> | undefined;
  #object: KubeObject | undefined;
  #previous: KubeObject | undefined;

  constructor(change: OpenedChange, place: ObjectPlace) {
    this.change = change;
    this.place = place;
  }
  /** Gives up what was parsed and encoded: several times the bytes themselves, and made again if anybody asks. */
  slim(): void {
    this.#encoded = undefined;
    this.#object = undefined;
    this.#previous = undefined;
  }
  get revision(): bigint {
    return this.change.revision;
  }
  /** The object after the change, for a delete its last state. Shared: do not mutate. apiVersion and kind are empty. */
  object(): KubeObject {
    this.#object ??= decodeStored(NO_NAMES, this.change.value, this.change.revision);
    return this.#object;
  }
  /** The object before the change. Shared: do not mutate. */
  previous(): KubeObject | undefined {
    if (this.change.previous === undefined) return undefined;
    this.#previous ??= decodeStored(NO_NAMES, this.change.previous, this.change.previousRevision);
    return this.#previous;
  }
}

const TOLD = Promise.resolve();

const NO_NAMES: TypeNames = { apiVersion: '', kind: '' };

export interface FeedFilter {
  /** `*`: every workspace. */
  readonly workspace: string;
  /** `apps/deployments`; `*` every kind. */
  readonly kind: string;
}

export interface FeedListener {
  event(event: FeedEvent): void;
  /** The feed broke off: listen again from the last revision seen. */
  lost(error: unknown): void;
}

interface Subscription {
  cursor: bigint;
  readonly listener: FeedListener;
}

export class ChangeFeed {
  readonly #store: Store;
  readonly #decrypt: (change: StoreChange) => OpenedChange;
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  readonly #stop = new AbortController();
  #window: FeedEvent[] = [];
  #windowBytes = 0;
  /** Every change above this revision is in the window. */
  #windowStart = 0n;
  #revision = 0n;
  #waiting: { revision: bigint; resolve: () => void }[] = [];
  #running: Promise<void> = Promise.resolve();

  /** `decrypt` turns values that are encrypted at rest into plain ones. */
  constructor(store: Store, decrypt: (change: StoreChange) => OpenedChange) {
    this.#store = store;
    this.#decrypt = decrypt;
  }

  async start(onError: (error: unknown) => void): Promise<void> {
    this.#revision = await this.#store.revision();
    this.#windowStart = this.#revision;
    this.#running = this.#run(onError);
  }

  /** The newest revision that every live listener has been told of. */
  get revision(): bigint {
    return this.#revision;
  }

  /** Live listeners are told of a change when the feed has it. */
  told(): Promise<void> {
    return TOLD;
  }

  /** Resolves true when the feed has reached the revision, false when the signal aborted first. */
  async reached(revision: bigint, signal: AbortSignal): Promise<boolean> {
    if (this.#revision >= revision) return true;
    if (signal.aborted) return false;
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve(false);
      };
      const waiting = {
        revision,
        resolve: () => {
          signal.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /**
   * Tells the listener of every change behind `since`, past ones first, in order, each once. Resolves when it is live.
   * Throws CompactedError. Ends with the signal.
   */
  async follow(filter: FeedFilter, since: bigint, listener: FeedListener, signal: AbortSignal): Promise<void> {
    const subscription: Subscription = { cursor: since, listener };
    while (subscription.cursor < this.#windowStart) {
      await this.#replayHistory(filter, subscription, signal);
      if (signal.aborted) return;
    }
    for (const event of this.#window) if (concerns(filter, event)) deliver(subscription, event);
    const key = subscriptionKey(filter.workspace, filter.kind);
    const set = this.#subscriptions.get(key) ?? new Set();
    this.#subscriptions.set(key, set.add(subscription));
    const leave = () => {
      set.delete(subscription);
      if (set.size === 0 && this.#subscriptions.get(key) === set) this.#subscriptions.delete(key);
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  async #replayHistory(filter: FeedFilter, subscription: Subscription, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    for await (const changes of this.#store.watch(subscription.cursor, AbortSignal.any([stop.signal, signal]))) {
      for (const change of changes) {
        const event = this.#toEvent(change);
        if (concerns(filter, event)) deliver(subscription, event);
      }
      subscription.cursor = max(subscription.cursor, changes.at(-1)?.revision ?? 0n);
      if (subscription.cursor >= this.#windowStart) break;
    }
    stop.abort();
  }

  async #run(onError: (error: unknown) => void): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        for await (const changes of this.#store.watch(this.#revision, this.#stop.signal)) this.#dispatch(changes);
      } catch (error) {
        onError(error);
        this.#dropAll(error);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        this.#revision = await this.#store.revision();
        this.#windowStart = this.#revision;
      }
    }
  }

  /** All events of a batch, then the revision: a bookmark never runs ahead of an event. */
  #dispatch(changes: readonly StoreChange[]): void {
    const events = changes.map((change) => this.#toEvent(change));
    for (const event of events) {
      this.#remember(event);
      const { workspace } = event.place;
      const kind = kindKey(event.place);
      for (const key of [subscriptionKey(workspace, kind), subscriptionKey('*', kind), subscriptionKey('*', '*')]) {
        const set = this.#subscriptions.get(key);
        if (set !== undefined) for (const subscription of set) deliver(subscription, event);
      }
    }
    for (const event of events) event.slim();
    this.#revision = max(this.#revision, changes.at(-1)?.revision ?? 0n);
    const reached = this.#waiting.filter((one) => one.revision <= this.#revision);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => one.revision > this.#revision);
    for (const one of reached) one.resolve();
  }

  #remember(event: FeedEvent): void {
    this.#window.push(event);
    this.#windowBytes += sizeOf(event);
    if (this.#windowBytes <= WINDOW_BYTES) return;
    let drop = 0;
    for (; this.#windowBytes > WINDOW_BYTES / 2 && drop < this.#window.length - 1; drop++) {
      const dropped = this.#window[drop] as FeedEvent;
      this.#windowBytes -= sizeOf(dropped);
      this.#windowStart = dropped.revision;
    }
    this.#window = this.#window.slice(drop);
  }

  #dropAll(error: unknown): void {
    this.#window = [];
    this.#windowBytes = 0;
    const sets = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const set of sets) for (const { listener } of set) listener.lost(error);
  }

  #toEvent(change: StoreChange): FeedEvent {
    return new FeedEvent(this.#decrypt(change), parsePlace(change.key));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#subscriptions.clear();
  }
}

/** History and live stream may overlap by a batch; a commit's several changes share a revision, hence `<`, with the history's cursor moved per batch. */
function deliver(subscription: Subscription, event: FeedEvent): void {
  if (event.revision <= subscription.cursor) return;
  subscription.listener.event(event);
}

const concerns = (filter: FeedFilter, event: FeedEvent): boolean =>
  (filter.workspace === '*' || filter.workspace === event.place.workspace) &&
  (filter.kind === '*' || filter.kind === kindKey(event.place));

const subscriptionKey = (workspace: string, kind: string): string => `${workspace}|${kind}`;
const sizeOf = (event: FeedEvent): number => event.change.value.length + (event.change.previous?.length ?? 0) + 500;
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
