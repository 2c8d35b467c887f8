/**
 * One resource of one cluster as a source of views: a reflector's cache seen through the namespace map, and the log of
 * its changes. Shared by all workspaces; kept while in use and a while longer.
 */
import type { Downstream } from '../clusters/downstream.ts';
import type { CachedObject, Reflector, ReflectorEvent, ReflectorLease, ReflectorState } from '../clusters/reflector.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import { isSharedKind } from './cluster-scope.ts';
import type { CopyIndex } from './copy-index.ts';
import { replaceUid } from './encode-object.ts';
import { type Item, isFolded } from './item.ts';
import type { NamespaceMap } from './namespace-map.ts';
import type { ClusterView, Slice } from './source.ts';
import { type Sequencer, SourceLog } from './source-log.ts';

export interface ClusterSourceOptions {
  readonly lease: ReflectorLease;
  /** Undefined where the cluster's own namespaces are shown. */
  readonly namespaces: NamespaceMap | undefined;
  readonly copies: CopyIndex;
  /** Placed copies are objects like others: in the slice of one cluster, where the hub's are not shown. */
  readonly showCopies: boolean;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
}

interface Place {
  readonly workspace: string;
  readonly namespace: string;
}

const EVERYWHERE = '*';
/** What a log entry costs beside the bytes that it keeps alive. */
const ENTRY_BYTES = 200;

export class ClusterSource implements ClusterView {
  readonly log: SourceLog;
  readonly #options: ClusterSourceOptions;
  readonly #ends: (() => void)[] = [];
  readonly #joined = new Set<() => void>();
  /** Objects by the uid of an owner that may yet turn out to be a copy. */
  readonly #byOwner = new Map<string, Set<CachedObject>>();
  #started = false;
  #epoch = 0;

  constructor(options: ClusterSourceOptions) {
    this.#options = options;
    this.log = new SourceLog(options.sequencer);
    const { reflector } = options.lease;
    this.#ends.push(
      reflector.subscribe((event) => this.#onEvent(event)),
      reflector.onProgress(() => this.#onProgress()),
      options.namespaces?.onMapped((namespace) => this.#onMapped(namespace)) ?? (() => {}),
      options.copies.onLearned((clusterUid, copyUid, hubUid) => this.#onCopy(clusterUid, copyUid, hubUid)),
    );
  }

  get downstream(): Downstream {
    return this.reflector.downstream;
  }
  get clusterName(): string {
    return this.downstream.clusterName;
  }
  get slot(): number {
    return this.downstream.slot;
  }
  get resource(): ResourceInfo {
    return this.reflector.resource;
  }
  get reflector(): Reflector {
    return this.#options.lease.reflector;
  }
  get version(): bigint {
    return this.reflector.resourceVersion;
  }
  /** True once its state may be shown. */
  get started(): boolean {
    return this.#started;
  }

  state(): ReflectorState {
    const state = this.reflector.state();
    return { ...state, synced: this.#started };
  }

  /** Resolves when the state may be shown; rejects when the signal aborts first. */
  async whenStarted(signal?: AbortSignal): Promise<void> {
    if (this.#started) return;
    await this.#options.namespaces?.whenSynced(signal);
    await this.reflector.whenSynced(signal);
    this.#start();
  }

  /** Called once, when the source's state may be shown for the first time. */
  onStarted(listener: () => void): () => void {
    this.#joined.add(listener);
    return () => this.#joined.delete(listener);
  }

  slices(workspace: string, namespace: string | undefined): Slice[] {
    if (!this.#started) return [];
    if (!this.resource.namespaced) return this.#showsClusterScoped() ? [this.#slice('', '')] : [];
    return this.#places(workspace, namespace).map(([shown, own]) => this.#slice(shown, own));
  }

  get(workspace: string, namespace: string, name: string): Item | undefined {
    if (!this.#started) return undefined;
    if (!this.resource.namespaced)
      return this.#showsClusterScoped() ? this.#visible(this.reflector.get('', name)) : undefined;
    const own = this.ownNamespace(workspace, namespace);
    return own === undefined ? undefined : this.#visible(this.reflector.get(own, name));
  }

  /** The downstream namespace that is the workspace's; undefined where it is not there. */
  ownNamespace(workspace: string, namespace: string): string | undefined {
    const map = this.#options.namespaces;
    return map === undefined ? namespace : map.of(workspace).get(namespace);
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#joined.clear();
    this.#options.lease.release();
  }

  #places(workspace: string, namespace: string | undefined): [shown: string, own: string][] {
    const map = this.#options.namespaces;
    if (map === undefined) {
      const all = namespace === undefined ? [...this.reflector.namespaces()] : [namespace];
      return all.map((one) => [one, one]);
    }
    const own = map.of(workspace);
    if (namespace === undefined) return [...own];
    const found = own.get(namespace);
    return found === undefined ? [] : [[namespace, found]];
  }

  #slice(shown: string, own: string): Slice {
    const { reflector } = this;
    return { namespace: shown, names: reflector.names(own), get: (name) => this.#visible(reflector.get(own, name)) };
  }

  #showsClusterScoped(): boolean {
    return this.#options.namespaces === undefined || isSharedKind(this.resource);
  }

  #start(): void {
    if (this.#started) return;
    const { namespaces } = this.#options;
    if (namespaces !== undefined && this.resource.namespaced) {
      for (const namespace of this.reflector.namespaces()) {
        if (namespaces.tenant(namespace) !== undefined) this.reflector.encodePending(namespace);
      }
    }
    for (const cached of this.reflector.list()) this.#track(cached);
    this.#started = true;
    this.#epoch = this.reflector.epoch;
    this.log.reset(this.version);
    for (const listener of this.#joined) listener();
    this.#joined.clear();
  }

  #onProgress(): void {
    if (!this.#started || this.reflector.epoch === this.#epoch) return;
    this.#epoch = this.reflector.epoch;
    // Older versions now mean something else: whoever resumes from one must list again.
    this.log.reset(this.version);
  }

  #onEvent({ type, cached, previous, resourceVersion }: ReflectorEvent): void {
    if (!this.#started) return;
    if (previous !== undefined) this.#untrack(previous);
    if (type !== 'DELETED') this.#track(cached);
    const place = this.#placeOf(cached);
    if (place === undefined) return;
    const before = this.#visible(previous);
    const item = type === 'DELETED' ? undefined : this.#visible(cached);
    if (before === undefined && item === undefined) return;
    this.log.append({
      ...place,
      version: resourceVersion,
      name: cached.name,
      item,
      previous: before,
      // With the deletion's version, where the cluster sent it.
      last: type === 'DELETED' ? this.#visible(cached) : undefined,
      size: cached.bytes.length + ENTRY_BYTES,
      at: this.#options.clock.now(),
    });
  }

  /** Undefined: nobody's (a namespace of no workspace), or not yet known whose. */
  #placeOf(cached: CachedObject): Place | undefined {
    if (cached.namespace === '')
      return this.#showsClusterScoped() ? { workspace: EVERYWHERE, namespace: '' } : undefined;
    const map = this.#options.namespaces;
    return map === undefined ? { workspace: EVERYWHERE, namespace: cached.namespace } : map.tenant(cached.namespace);
  }

  /** A namespace became known after objects in it had come: they are shown from now on. */
  #onMapped(namespace: string): void {
    if (!this.#started) return;
    for (const cached of this.reflector.encodePending(namespace)) {
      const place = this.#placeOf(cached);
      this.#track(cached);
      if (place === undefined || this.#visible(cached) === undefined) continue;
      this.log.append({
        ...place,
        version: cached.resourceVersion,
        name: cached.name,
        item: cached,
        previous: undefined,
        size: ENTRY_BYTES,
        at: this.#options.clock.now(),
      });
    }
  }

  #visible(cached: CachedObject | undefined): CachedObject | undefined {
    if (cached === undefined || !cached.encoded) return undefined;
    return this.#options.showCopies || !isFolded(cached) ? cached : undefined;
  }

  #track(cached: CachedObject): void {
    for (const { uid } of cached.mark?.owners ?? []) {
      const set = this.#byOwner.get(uid);
      if (set === undefined) this.#byOwner.set(uid, new Set([cached]));
      else set.add(cached);
    }
  }

  #untrack(cached: CachedObject): void {
    for (const { uid } of cached.mark?.owners ?? []) {
      const set = this.#byOwner.get(uid);
      set?.delete(cached);
      if (set?.size === 0) this.#byOwner.delete(uid);
    }
  }

  /** An owner turned out to be a copy: what it owns is the hub object's. Rare: owners usually come first. */
  #onCopy(clusterUid: string, copyUid: string, hubUid: string): void {
    if (clusterUid !== this.downstream.uid) return;
    for (const cached of this.#byOwner.get(copyUid) ?? []) {
      if (!cached.encoded) continue;
      replaceUid(cached.bytes, copyUid, hubUid);
      const place = this.#placeOf(cached);
      if (!this.#started || place === undefined || this.#visible(cached) === undefined) continue;
      this.log.append({
        ...place,
        version: cached.resourceVersion,
        name: cached.name,
        item: cached,
        previous: cached,
        size: ENTRY_BYTES,
        at: this.#options.clock.now(),
      });
    }
  }
}
