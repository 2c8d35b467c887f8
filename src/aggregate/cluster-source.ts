/**
 * One resource of one cluster as a source of views: a reflector's cache seen through the namespace map, and the log of
 * its changes. Shared by all workspaces; kept while in use and a while longer.
 */
import type { Downstream } from '../clusters/downstream.ts';
import type {
  CachedObject,
  ReferenceTarget,
  Reflector,
  ReflectorEvent,
  ReflectorLease,
  ReflectorState,
} from '../clusters/reflector.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import { isSharedKind } from './cluster-scope.ts';
import type { Copy, CopyIndex } from './copy-index.ts';
import { replaceUid } from './encode-object.ts';
import { type Item, isFolded } from './item.ts';
import type { NamespaceMap } from './namespace-map.ts';
import { Referrers } from './referrers.ts';
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
  readonly #referrers = new Referrers();
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
      options.copies.onLearned((copy) => this.#onCopy(copy)),
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

  /** What else the cluster holds under a name: an object of the view, the copy of a hub object, or nothing. */
  holds(workspace: string, namespace: string, name: string): 'own' | 'copy' | undefined {
    if (!this.#started) return undefined;
    const own = this.resource.namespaced ? this.ownNamespace(workspace, namespace) : '';
    const cached = own === undefined ? undefined : this.reflector.get(own, name);
    if (cached === undefined || !cached.encoded) return undefined;
    return isFolded(cached) ? 'copy' : 'own';
  }

  /** Kinds (`group/Kind`) that its objects name. */
  get referencedKinds(): Iterable<string> {
    return this.#referrers.kinds;
  }

  /** Called with each kind that its objects begin to name. Returns unsubscribe. */
  onReferencedKind(listener: (kind: string) => void): () => void {
    return this.#referrers.onKind(listener);
  }

  /** The workspace's objects that name one; `namespace` undefined: of a cluster-scoped kind. */
  *referrers(workspace: string, kind: string, namespace: string | undefined, name: string): Generator<CachedObject> {
    for (const cached of this.#referrers.of(kind, name)) {
      const place = this.#placeOf(cached);
      if (place?.workspace !== workspace && place?.workspace !== EVERYWHERE) continue;
      const { refs = [] } = cached.mark ?? {};
      const names = refs.some(
        ({ target }) =>
          target.kind === kind && target.name === name && (namespace === undefined || target.namespace === namespace),
      );
      if (names) yield cached;
    }
  }

  /** The same of any name, of whatever workspace. */
  referrersOf(kind: string): Iterable<CachedObject> {
    return this.#referrers.ofKind(kind);
  }

  /** The namespace in which its workspace sees an object; undefined: it is nobody's. */
  shownNamespace(cached: CachedObject): string | undefined {
    return this.#placeOf(cached)?.namespace;
  }

  /** Tells the workspace's watchers of an object whose references are shown otherwise than in `previous`. */
  tellAgain(workspace: string, cached: CachedObject, previous: Item): void {
    const place = this.#placeOf(cached);
    const isIts = place?.workspace === workspace || place?.workspace === EVERYWHERE;
    if (isIts) this.#tellAgain(cached, { ...place, workspace }, previous);
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
    for (const cached of this.reflector.list()) this.#referrers.add(cached);
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
    if (previous !== undefined) this.#referrers.delete(previous);
    if (type !== 'DELETED') this.#referrers.add(cached);
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
      this.#referrers.add(cached);
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

  /** An object that others name turned out to be a copy: they mean the hub's. Rare: owners usually come first. */
  #onCopy({ clusterUid, copyUid, hubUid, kind, name }: Copy): void {
    if (clusterUid !== this.downstream.uid) return;
    const isNamed = ({ uid, ...target }: ReferenceTarget): boolean =>
      uid === '' && target.kind === kind && target.name === name;
    for (const cached of this.#referrers.of(kind, name)) {
      const refs = cached.mark?.refs?.filter(({ target }) => target.uid === copyUid || isNamed(target)) ?? [];
      if (!cached.encoded || refs.length === 0) continue;
      for (const reference of refs) replaceUid(cached.bytes, reference, hubUid);
      const place = this.#placeOf(cached);
      if (this.#started && place !== undefined) this.#tellAgain(cached, place, cached);
    }
  }

  /** What is shown of an object changed, though the object did not. */
  #tellAgain(cached: CachedObject, place: Place, previous: Item): void {
    if (this.#visible(cached) === undefined) return;
    this.log.append({
      ...place,
      version: cached.resourceVersion,
      name: cached.name,
      item: cached,
      previous,
      size: ENTRY_BYTES,
      at: this.#options.clock.now(),
    });
  }
}
