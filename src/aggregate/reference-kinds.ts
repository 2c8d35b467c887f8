/**
 * The kinds that a view's objects name, each as the workspace's view of it: for one answer, or for as long as somebody
 * watches. A kind can clash, and its objects can be copies of the hub's, only where several sources have it.
 */
import type { CachedObject } from '../clusters/reflector.ts';
import type { ClusterSource } from './cluster-source.ts';
import { type Membership, type NamedKind, ReferenceNames, RememberedNames } from './reference-names.ts';

export interface KindLease extends NamedKind {
  /** Resolves when its sources can be shown, or the signal aborts. */
  settled(signal: AbortSignal): Promise<void>;
  release(): void;
}

export interface ReferenceKindsOptions {
  readonly workspace: string;
  /** Takes `group/Kind`; undefined for kinds that nobody serves, or one source alone. */
  readonly acquire: (kind: string) => Promise<KindLease | undefined>;
  /** Whether a uid of the cluster is that of a placed copy. */
  readonly isCopy: (clusterName: string, uid: string) => boolean;
  /** Whether anybody has been shown the objects that are followed. */
  readonly isWatched?: () => boolean;
}

export class ReferenceKinds {
  /** As of now, whenever it is asked. */
  readonly names: ReferenceNames;
  readonly #options: ReferenceKindsOptions;
  readonly #leases = new Map<string, KindLease>();
  readonly #begun = new Map<string, Promise<void>>();
  readonly #followed = new Map<string, ClusterSource>();
  readonly #ends: (() => void)[] = [];
  #closed = false;

  constructor(options: ReferenceKindsOptions) {
    this.#options = options;
    this.names = new ReferenceNames(this.#leases, options.isCopy);
  }

  /** Resolves when the kinds' names are known, or the signal aborts: what is not known by then is shown as it is. */
  async need(kinds: Iterable<string>, signal: AbortSignal): Promise<void> {
    await Promise.all([...kinds].map((kind) => this.#begin(kind)));
    await Promise.all([...this.#leases.values()].map((lease) => lease.settled(signal)));
  }

  get kinds(): ReadonlyMap<string, KindLease> {
    return this.#leases;
  }

  /** Names for one list, whose objects are of one moment. */
  remembered(): ReferenceNames {
    return new RememberedNames(new Map(this.#leases), this.#options.isCopy);
  }

  /** From now on what the source's objects name is looked up, and its watchers are told when it is shown otherwise. */
  follow(source: ClusterSource): void {
    this.#followed.set(source.clusterName, source);
    const need = (kind: string): void => void this.#begin(kind).then(() => this.#tellAll(kind, source.clusterName));
    this.#ends.push(source.onReferencedKind(need));
    for (const kind of source.referencedKinds) need(kind);
  }

  unfollow(source: ClusterSource): void {
    this.#followed.delete(source.clusterName);
  }

  /** Objects of the followed sources that name one, with the namespace in which they are shown. */
  *referrers(
    kind: string,
    namespace: string | undefined,
    name: string,
  ): Generator<{ source: ClusterSource; cached: CachedObject; own: string }> {
    for (const source of this.#followed.values()) {
      for (const cached of source.referrers(this.#options.workspace, kind, namespace, name)) {
        const own = source.shownNamespace(cached);
        if (own !== undefined) yield { source, cached, own };
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
    this.#followed.clear();
  }

  #begin(kind: string): Promise<void> {
    const running = this.#begun.get(kind);
    if (running !== undefined) return running;
    // Tried again when it is needed again.
    const begun = this.#take(kind).catch(() => void this.#begun.delete(kind));
    this.#begun.set(kind, begun);
    return begun;
  }

  async #take(kind: string): Promise<void> {
    const lease = await this.#options.acquire(kind);
    if (lease === undefined) return;
    if (this.#closed) {
      lease.release();
      return;
    }
    this.#leases.set(kind, lease);
    this.#ends.push(
      lease.state.onMembership((membership) => this.#onMembership(kind, lease, membership)),
      lease.state.onJoined((clusterName) => this.#tellAll(kind, clusterName)),
    );
  }

  /** A name was taken, or came free: other clusters' objects of the name are shown otherwise, and so are references to them. */
  #onMembership(kind: string, { namespaced, state }: KindLease, { namespace, name, holder }: Membership): void {
    for (const [clusterName, source] of this.#followed) {
      if (clusterName === holder || !state.clashesOnlyBy(holder, clusterName, namespace, name)) continue;
      const { workspace } = this.#options;
      for (const cached of source.referrers(workspace, kind, namespaced ? namespace : undefined, name)) {
        source.tellAgain(workspace, cached, this.names.showOtherwise(cached, clusterName, kind, name));
      }
    }
  }

  /** What a cluster has of the kind became known when objects that name it had been shown already. */
  #tellAll(kind: string, clusterName: string): void {
    const source = this.#followed.get(clusterName);
    if (source === undefined || !this.#leases.has(kind) || this.#options.isWatched?.() !== true) return;
    for (const cached of source.referrersOf(kind)) {
      const target = cached.mark?.refs?.find(
        (one) => one.target.kind === kind && this.names.isQualified(one.target, clusterName),
      )?.target;
      if (target === undefined) continue;
      source.tellAgain(
        this.#options.workspace,
        cached,
        this.names.showOtherwise(cached, clusterName, kind, target.name),
      );
    }
  }
}
