/** The live views, by workspace and resource: made for the first watcher, kept while clusters join and leave. */
import type { ResourceInfo } from '../kube/resource.ts';
import { apiVersionOf } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import { Barriers } from './barriers.ts';
import { isNamespaceKind } from './cluster-scope.ts';
import type { ClusterSource } from './cluster-source.ts';
import type { HubPort } from './hub-port.ts';
import type { HubSource } from './hub-source.ts';
import type { Projections } from './projections.ts';
import type { Lease, SourcePool } from './source-pool.ts';
import type { ResolvedResource } from './view-discovery.ts';
import { ViewState } from './view-state.ts';

export interface ViewKey {
  readonly workspace: string;
  readonly onlyCluster: string | undefined;
}

interface Held {
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
  readonly #pool: SourcePool;
  readonly #clock: Clock;
  readonly #projections: Projections;
  readonly #hub: Pick<HubPort, 'revision'>;
  readonly #held = new Map<string, Held>();
  readonly barriers = new Barriers();

  constructor(pool: SourcePool, clock: Clock, projections: Projections, hub: Pick<HubPort, 'revision'>) {
    this.#pool = pool;
    this.#clock = clock;
    this.#projections = projections;
    this.#hub = hub;
  }

  /** What a workspace's projections show is another thing from now on. */
  reproject(workspace: string): void {
    this.#raiseBarrier(workspace);
    for (const { key, resource, state } of this.#held.values()) {
      if (key.workspace !== workspace) continue;
      const projection = this.#projections.of(workspace, resource);
      if (projection !== state.projection) state.setProjection(projection);
    }
  }

  /** The view's state, with every source that can be shown now. Needs its release. */
  async acquire(key: ViewKey, resolved: ResolvedResource): Promise<{ state: ViewState; release: () => void }> {
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
      if (present.users === 0) present.cancelIdle = this.#clock.after(IDLE_MS, () => this.#drop(id, present));
    };
    try {
      await present.ready;
    } catch (error) {
      if (this.#held.get(id) === present) this.#drop(id, present);
      throw error;
    }
    return { state: present.state, release };
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
    const projection = this.#projections.of(key.workspace, info);
    const state = new ViewState(key.workspace, isNamespaceKind(info), projection);
    const stop = new AbortController();
    const lease = hub ? this.#pool.hub(info) : undefined;
    return {
      key,
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
      held.state.removeCluster(lease.source);
      this.#raiseBarrier(undefined);
      lease.release();
    }
    for (const downstream of clusters) {
      if (held.clusters.has(downstream.uid)) continue;
      const lease = this.#pool.cluster(downstream, held.resource, held.key.onlyCluster !== undefined);
      if (lease === undefined) continue;
      held.clusters.set(downstream.uid, lease);
      this.#join(held, lease.source, downstream.uid);
    }
  }

  #join(held: Held, source: ClusterSource, uid: string): void {
    const add = (): void => {
      if (!held.stop.signal.aborted && held.clusters.get(uid)?.source === source) held.state.addCluster(source);
    };
    if (source.started) add();
    else {
      source.onStarted(add);
      void source.whenStarted(held.stop.signal).catch(() => undefined);
    }
  }

  #raiseBarrier(workspace: string | undefined): void {
    this.barriers.raise(workspace, { sequence: this.#pool.sequencer.next(), version: this.#hub.revision });
  }

  #drop(id: string, held: Held): void {
    held.cancelIdle();
    if (this.#held.get(id) === held) this.#held.delete(id);
    held.stop.abort();
    held.state.close();
    held.hub?.release();
    for (const lease of held.clusters.values()) lease.release();
  }
}
