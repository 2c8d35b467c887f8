/** The live views, by workspace and resource: made for the first watcher, kept while clusters join and leave. */
import type { ClusterRegistry } from '../clusters/downstream.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { apiVersionOf } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import { Barriers } from './barriers.ts';
import type { ClusterSource } from './cluster-source.ts';
import type { CopyIndex } from './copy-index.ts';
import type { HubSource } from './hub-source.ts';
import { Moments } from './moments.ts';
import type { Projections } from './projections.ts';
import { ReferenceKinds } from './reference-kinds.ts';
import type { Lease, SourcePool } from './source-pool.ts';
import type { ResolvedResource, ViewDiscovery } from './view-discovery.ts';
import { ViewState } from './view-state.ts';

export interface ViewKey {
  readonly workspace: string;
  readonly onlyCluster: string | undefined;
}

export interface ViewStatesOptions {
  readonly pool: SourcePool;
  readonly clock: Clock;
  readonly discovery: Pick<ViewDiscovery, 'resolveKind'>;
  readonly registry: Pick<ClusterRegistry, 'get'>;
  readonly copies: CopyIndex;
  readonly projections: Projections;
  readonly random: () => number;
}

/** Needs its release. */
export interface AcquiredState {
  readonly state: ViewState;
  /** Resolves when every source can be shown, or the signal aborts. */
  settled(signal: AbortSignal): Promise<void>;
  release(): void;
}

interface Held {
  /** What its objects name, once somebody watches. */
  references: ReferenceKinds | undefined;
  readonly key: ViewKey;
  readonly resource: ResourceInfo;
  readonly state: ViewState;
  readonly hub: Lease<HubSource> | undefined;
  readonly clusters: Map<string, Lease<ClusterSource>>;
  readonly stop: AbortController;
  readonly ready: Promise<void>;
  users: number;
  cancelIdle: () => void;
}

/** A view without watchers is forgotten soon: it holds nothing that cannot be made anew. */
const IDLE_MS = 30_000;

export class ViewStates {
  readonly #options: ViewStatesOptions;
  readonly #held = new Map<string, Held>();
  readonly barriers = new Barriers();
  readonly moments: Moments;

  constructor(options: ViewStatesOptions) {
    this.#options = options;
    this.moments = new Moments(options.clock.now(), options.random());
  }

  /** What a workspace's projections show is another thing from now on: watchers are told. */
  async reproject(workspace: string): Promise<void> {
    this.raiseBarrier(workspace);
    const concerned = [...this.#held.values()].filter(({ key }) => key.workspace === workspace);
    await Promise.all(concerned.map((held) => this.#reproject(held)));
  }

  async #reproject({ key: { workspace }, resource, state }: Held): Promise<void> {
    const { projections } = this.#options;
    const next = projections.of(workspace, resource);
    if (next === state.projection) return;
    if (next?.reads === true) await state.prepare(next);
    // It may have changed again meanwhile: then that change tells.
    if (next !== projections.of(workspace, resource) || next === state.projection) return;
    state.setProjection(next);
    // Whoever was told by the former one until now must not resume past what was told here.
    if (next?.reads === true) this.raiseBarrier(workspace);
  }

  /** The view's state, with every source that can be shown now. */
  async acquire(key: ViewKey, resolved: ResolvedResource): Promise<AcquiredState> {
    const id = `${key.workspace}|${key.onlyCluster ?? ''}|${apiVersionOf(resolved.info)}/${resolved.info.resource}`;
    let held = this.#held.get(id);
    if (held === undefined) {
      held = this.#make(key, resolved);
      this.#held.set(id, held);
    }
    const present = held;
    present.users++;
    present.cancelIdle();
    this.#update(present, resolved);
    let open = true;
    const release = (): void => {
      if (!open) return;
      open = false;
      present.users--;
      if (present.users === 0) present.cancelIdle = this.#options.clock.after(IDLE_MS, () => this.#drop(id, present));
    };
    try {
      await present.ready;
    } catch (error) {
      if (this.#held.get(id) === present) this.#drop(id, present);
      throw error;
    }
    const settled = async (signal: AbortSignal): Promise<void> => {
      await Promise.allSettled([...present.clusters.values()].map(({ source }) => source.whenStarted(signal)));
    };
    return { state: present.state, settled, release };
  }

  /** The same for watchers, who are told too when a reference comes to be shown otherwise. */
  async acquireWatched(key: ViewKey, resolved: ResolvedResource, deadline: AbortSignal): Promise<AcquiredState> {
    const acquired = await this.acquire(key, resolved);
    const held = [...this.#held.values()].find(({ state }) => state === acquired.state);
    // In the slice of one cluster names never clash.
    if (held === undefined || key.onlyCluster !== undefined) return acquired;
    if (held.references === undefined) {
      held.references = this.references(key.workspace, () => held.state.watchers > 0);
      held.state.showReferences(held.references, this.#options.pool.sequencer.last);
      for (const { source } of held.clusters.values()) if (source.started) held.references.follow(source);
    }
    const kinds = [...held.clusters.values()].flatMap(({ source }) => [...source.referencedKinds]);
    await held.references.need(kinds, deadline);
    return acquired;
  }

  /** The kinds that objects of a workspace's view name. Needs its close. */
  references(workspace: string, isWatched?: () => boolean): ReferenceKinds {
    const { registry, copies, discovery } = this.#options;
    return new ReferenceKinds({
      workspace,
      ...(isWatched === undefined ? {} : { isWatched }),
      isCopy: (clusterName, uid) => {
        const cluster = registry.get(workspace, clusterName);
        return cluster !== undefined && copies.hubUid(cluster.uid, uid) !== undefined;
      },
      acquire: async (kind) => {
        const slash = kind.lastIndexOf('/');
        const resolved = await discovery.resolveKind(workspace, kind.slice(0, slash), kind.slice(slash + 1));
        const verbs = resolved?.info.verbs ?? [];
        if (resolved === undefined || !verbs.includes('list') || !verbs.includes('watch')) return undefined;
        if (!resolved.hub && resolved.clusters.length < 2) return undefined;
        const acquired = await this.acquire({ workspace, onlyCluster: undefined }, resolved);
        return { namespaced: resolved.info.namespaced, ...acquired };
      },
    });
  }

  /** What clusters a view has may have changed: `resolve` says what they are now. */
  async refresh(
    resolve: (key: ViewKey, resource: ResourceInfo) => Promise<ResolvedResource | undefined>,
  ): Promise<void> {
    for (const held of [...this.#held.values()]) {
      const resolved = await resolve(held.key, held.resource);
      if (resolved !== undefined) this.#update(held, resolved);
      else this.#update(held, { info: held.resource, hub: false, clusters: [], unknown: [] });
    }
  }

  close(): void {
    for (const [id, held] of this.#held) this.#drop(id, held);
  }

  #make(key: ViewKey, { info, hub }: ResolvedResource): Held {
    const projection = this.#options.projections.of(key.workspace, info);
    const state = new ViewState(key.workspace, info, projection);
    const stop = new AbortController();
    const lease = hub ? this.#options.pool.hub(info) : undefined;
    return {
      key,
      references: undefined,
      resource: info,
      state,
      hub: lease,
      clusters: new Map(),
      stop,
      ready: lease === undefined ? Promise.resolve() : state.addHub(lease.source, stop.signal),
      users: 0,
      cancelIdle: () => {},
    };
  }

  #update(held: Held, { clusters }: ResolvedResource): void {
    const wanted = new Set(clusters.map(({ uid }) => uid));
    for (const [uid, lease] of held.clusters) {
      if (wanted.has(uid)) continue;
      held.clusters.delete(uid);
      held.references?.unfollow(lease.source);
      held.state.removeCluster(lease.source);
      this.raiseBarrier(undefined);
      lease.release();
    }
    for (const downstream of clusters) {
      if (held.clusters.has(downstream.uid)) continue;
      const lease = this.#options.pool.cluster(downstream, held.resource, held.key.onlyCluster !== undefined);
      if (lease === undefined) continue;
      held.clusters.set(downstream.uid, lease);
      this.#join(held, lease.source, downstream.uid);
    }
  }

  #join(held: Held, source: ClusterSource, uid: string): void {
    const add = (): void => {
      if (held.stop.signal.aborted || held.clusters.get(uid)?.source !== source) return;
      held.state.addCluster(source);
      held.references?.follow(source);
    };
    if (source.started) add();
    else {
      source.onStarted(add);
      void source.whenStarted(held.stop.signal).catch(() => undefined);
    }
  }

  /** From now on no watch of the workspace (undefined: of any) is resumed from before. */
  raiseBarrier(workspace: string | undefined): void {
    this.barriers.raise(workspace, this.#options.pool.sequencer.next());
  }

  #drop(id: string, held: Held): void {
    held.cancelIdle();
    if (this.#held.get(id) === held) this.#held.delete(id);
    held.stop.abort();
    held.references?.close();
    held.state.close();
    held.hub?.release();
    for (const lease of held.clusters.values()) lease.release();
  }
}
