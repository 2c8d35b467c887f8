/**
 * Placement as a controller: hub objects and clusters come in, decisions go out as labels, annotations and finalizers of
 * the hub objects. It never speaks to a cluster; the syncer reads what it wrote.
 */
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import { CLUSTER_REGISTRATIONS, NAMESPACES, SYNC_TARGETS } from '../clusters/kinds.ts';
import type { HubClient, HubInformer } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import { currentPlacement } from '../hub/kinds/placed-object.ts';
import type { ClusterRegistration, Placement, SyncTarget } from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { recordEvent } from '../hub/record-event.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { type Clock, rfc3339, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type QueueMetrics, type ReconcileResult, WorkQueue } from '../reconcile/queue.ts';
import { affectedByCluster, affectedByObject } from './affected.ts';
import { type BaseFacts, clusterFacts } from './cluster-facts.ts';
import { decide, type ObjectDecision, type PlacementInputs, policyKey } from './decide.ts';
import { unplaceableMessage } from './explain.ts';
import { placedKind } from './kinds.ts';
import { Ledger } from './ledger.ts';
import type { CurrentPlacement } from './model.ts';
import { neighbourhood, PlacementIndex } from './placement-index.ts';
import { noPlacementMetrics, type PlacementMetrics } from './placement-metrics.ts';
import { placementPatch } from './placement-patch.ts';
import { placementStatus } from './placement-status.ts';
import type { Strategy } from './strategies.ts';

const PLACEMENTS = { group: 'placement.kcp.io', resource: 'placements' };

const CONFLICT_RETRY_MS = 50;
/** Many decisions of one Placement become one write of its status. */
const STATUS_DELAY_MS = 200;

export interface PlacementOptions {
  readonly hub: HubClient;
  readonly informers: HubInformers;
  readonly registry: ClusterRegistry;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly strategies?: ReadonlyMap<string, Strategy>;
  readonly concurrency?: number;
  readonly metrics?: PlacementMetrics;
}

export interface PlacementController {
  /** The decision for an object as it would be taken now, without writing it; undefined for objects that are not known. */
  explain(id: string): ObjectDecision | undefined;
  /** Resolves when nothing waits to be decided. */
  whenIdle(): Promise<void>;
}

/** Starts once the hub's state has been read, so that nothing is decided on half of it. Works until the signal aborts. */
export async function startPlacement(options: PlacementOptions): Promise<PlacementController> {
  const controller = new Controller(options);
  await controller.start();
  return controller;
}

class Controller implements PlacementController {
  readonly #options: PlacementOptions;
  readonly #clock: Clock;
  readonly #metrics: PlacementMetrics;
  readonly #index = new PlacementIndex();
  readonly #ledger = new Ledger();
  readonly #inputs: PlacementInputs;
  readonly #objects: WorkQueue;
  readonly #statuses: WorkQueue;
  readonly #watched = new Map<string, () => void>();
  readonly #facts = new Map<string, BaseFacts>();
  /** When this process first saw a cluster unusable, by key. */
  readonly #unhealthySince = new Map<string, number>();
  readonly #unplaced = new Set<string>();
  /** Placements by workspace, and which objects each governs. */
  readonly #placements = new Map<string, Map<string, Placement>>();
  readonly #namespaces: HubInformer;
  readonly #syncTargets: HubInformer<SyncTarget>;
  readonly #registrations: HubInformer<ClusterRegistration>;

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics ?? noPlacementMetrics;
    this.#namespaces = options.informers.informer(NAMESPACES);
    this.#syncTargets = options.informers.informer<SyncTarget>(SYNC_TARGETS);
    this.#registrations = options.informers.informer<ClusterRegistration>(CLUSTER_REGISTRATIONS);
    this.#inputs = {
      index: this.#index,
      ledger: this.#ledger,
      placements: (workspace) => this.#placements.get(workspace)?.values() ?? [],
      namespaceLabels: (workspace, namespace) => this.#namespaces.get(workspace, '', namespace)?.metadata.labels,
      clusters: (workspace) => options.registry.visibleTo(workspace).map((downstream) => this.#factsOf(downstream)),
      now: () => this.#clock.now(),
      random: options.random ?? Math.random,
      ...(options.strategies === undefined ? {} : { strategies: options.strategies }),
    };
    this.#objects = this.#queue('placement', (id) => this.#place(id), options.concurrency ?? 8, this.#metrics.queue);
    this.#statuses = this.#queue('placement-status', (key) => this.#report(key), 2);
  }

  async start(): Promise<void> {
    const { informers, registry, signal } = this.#options;
    const placements = informers.informer<Placement>(PLACEMENTS);
    await Promise.all([
      registry.whenLoaded(),
      placements.whenSynced(),
      this.#namespaces.whenSynced(),
      this.#syncTargets.whenSynced(),
      this.#registrations.whenSynced(),
    ]);
    for (const downstream of registry.all()) this.#facts.set(downstream.key, this.#read(downstream));
    // Indexes are filled before anything is decided: a Secret must not leave because its Deployment was not read yet.
    await Promise.all(this.#kinds().map((resource) => informers.informer(resource).whenSynced()));
    const stops = [
      placements.subscribe(({ workspace, object, previous }) => this.#placementChanged(workspace, object, previous)),
      ...this.#watchKinds(),
      this.#namespaces.subscribe(({ workspace, object, previous }) => {
        const [was, is] = [previous?.metadata, object?.metadata];
        if (JSON.stringify(was?.labels) !== JSON.stringify(is?.labels))
          this.#decideAll(this.#index.inNamespace(workspace, (is ?? was)?.name ?? ''));
      }),
      this.#syncTargets.subscribe(({ workspace, object, previous }) =>
        this.#clusterChanged(registry.get(workspace, (object ?? previous)?.metadata.name ?? '')),
      ),
      this.#registrations.subscribe(({ workspace, object, previous }) =>
        this.#clusterChanged(registry.get(workspace, (object ?? previous)?.metadata.name ?? '')),
      ),
      registry.onChange(({ type, downstream }) => {
        if (type === 'left') this.#clusterLeft(downstream);
        else if (type === 'visibility') this.#visibilityChanged(downstream);
        else this.#clusterChanged(downstream);
      }),
    ];
    signal.addEventListener('abort', () => stops.forEach((stop) => void stop()), { once: true });
  }

  explain(id: string): ObjectDecision | undefined {
    const tracked = this.#index.get(id);
    return tracked && decide(tracked, this.#inputs);
  }

  whenIdle(): Promise<void> {
    return this.#objects.whenIdle();
  }

  #kinds(): GroupResource[] {
    return this.#options.informers.kinds().filter((resource) => placedKind(resource) !== undefined);
  }

  #watchKinds(): (() => void)[] {
    const { informers } = this.#options;
    const update = (): void => {
      const kinds = new Map(this.#kinds().map((resource) => [groupResourceName(resource), resource]));
      for (const [name, resource] of kinds)
        if (!this.#watched.has(name)) this.#watched.set(name, this.#watch(resource));
      for (const [name, stop] of [...this.#watched])
        if (!kinds.has(name)) {
          stop();
          this.#watched.delete(name);
        }
    };
    update();
    return [informers.onKindsChange(update), () => this.#watched.forEach((stop) => void stop())];
  }

  #watch(resource: GroupResource): () => void {
    return this.#options.informers.informer(resource).subscribe(({ workspace, object, previous }) => {
      const { namespace = '', name = '' } = (object ?? previous)?.metadata ?? {};
      const { before, after } = this.#index.set(resource, workspace, namespace, name, object);
      const id = (after ?? before)?.id;
      if (after === undefined && id !== undefined) this.#forget(id);
      else if (after !== undefined) this.#recount(after.id, currentPlacement(after.object));
      this.#decideAll(affectedByObject(this.#index, before, after));
    });
  }

  #decideAll(ids: Iterable<string>): void {
    for (const id of ids) this.#objects.add(id);
  }

  async #place(id: string): Promise<ReconcileResult | undefined> {
    const tracked = this.#index.get(id);
    if (tracked === undefined) return undefined;
    const started = performance.now();
    const decision = decide(tracked, this.#inputs);
    if (decision.rule === 'unmanaged') return undefined;
    const targets = decision.rule === 'policy' ? decision.decision.targets : decision.targets;
    if (decision.rule === 'policy') {
      this.#record(id, decision);
      this.#metrics.decided(decision.decision.strategy, (performance.now() - started) / 1_000, targets.length);
    }
    const now = rfc3339(this.#clock.now());
    const patch = placementPatch(tracked.object, targets, now);
    if (patch !== undefined && !(await this.#write(id, patch))) return { requeueAfterMs: CONFLICT_RETRY_MS };
    return decision.rule === 'policy' ? this.#conclude(id, decision) : undefined;
  }

  /** False when someone else wrote in between: decide again on what they wrote. */
  async #write(id: string, body: object): Promise<boolean> {
    const { resource, workspace, namespace, name } = parseObjectId(id);
    try {
      await this.#options.hub.patch(
        { ...resource, workspace, namespace, name },
        { type: 'merge', body },
        { fieldManager: 'tmc-placement' },
      );
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) throw error;
      return error.code === 404;
    }
  }

  async #conclude(
    id: string,
    { decision }: Extract<ObjectDecision, { rule: 'policy' }>,
  ): Promise<ReconcileResult | undefined> {
    if (decision.targets.length > 0) this.#unplaced.delete(id);
    else if (!this.#unplaced.has(id)) {
      this.#unplaced.add(id);
      await this.#complain(id, decision.reasons);
    }
    return decision.reconsiderAfterMs === undefined ? undefined : { requeueAfterMs: decision.reconsiderAfterMs };
  }

  async #complain(id: string, reasons: Parameters<typeof unplaceableMessage>[1]): Promise<void> {
    const tracked = this.#index.get(id);
    if (tracked === undefined) return;
    const event = {
      type: 'Warning',
      reason: 'FailedPlacement',
      message: unplaceableMessage(tracked.object.metadata.name ?? '', reasons),
      component: 'placement',
    } as const;
    await recordEvent(this.#options.hub, tracked.workspace, tracked.object, event, rfc3339(this.#clock.now()));
  }

  #record(id: string, { placement, decision, requests }: Extract<ObjectDecision, { rule: 'policy' }>): void {
    const tracked = this.#index.get(id);
    if (tracked === undefined) return;
    const policy = policyKey(tracked.workspace, placement);
    const before = this.#ledger.get(id);
    const targets = new Map(decision.targets.map(({ key, replicas }) => [key, replicas]));
    this.#ledger.set(id, { policy, neighbourhood: neighbourhood(tracked), requests, targets });
    for (const key of new Set([before?.policy, policy]))
      if (key !== undefined) this.#statuses.addAfter(key, STATUS_DELAY_MS);
  }

  /** The hub's word counts over what was decided: after a restart, and for other replicas' decisions. */
  #recount(id: string, targets: CurrentPlacement): void {
    const entry = this.#ledger.get(id);
    if (entry !== undefined) this.#ledger.set(id, { ...entry, targets });
  }

  #forget(id: string): void {
    const entry = this.#ledger.get(id);
    this.#ledger.set(id, undefined);
    this.#unplaced.delete(id);
    if (entry !== undefined) this.#statuses.addAfter(entry.policy, STATUS_DELAY_MS);
  }

  #placementChanged(workspace: string, object: Placement | undefined, previous: Placement | undefined): void {
    const name = (object ?? previous)?.metadata.name ?? '';
    const inWorkspace = this.#placements.get(workspace) ?? new Map<string, Placement>();
    this.#placements.set(workspace, inWorkspace);
    if (object === undefined) inWorkspace.delete(name);
    else inWorkspace.set(name, object);
    if (inWorkspace.size === 0) this.#placements.delete(workspace);
    if (JSON.stringify(object?.spec) === JSON.stringify(previous?.spec)) return;
    this.#decideAll(this.#index.inWorkspace(workspace));
    if (object !== undefined) this.#statuses.add(policyKey(workspace, object));
  }

  async #report(key: string): Promise<void> {
    const at = key.indexOf('|');
    const [workspace, name] = [key.slice(0, at), key.slice(at + 1)];
    const placement = this.#placements.get(workspace)?.get(name);
    if (placement === undefined) return;
    const status = placementStatus(
      placement,
      this.#inputs.clusters(workspace),
      this.#ledger.targetsOf(key),
      this.#clock.now(),
    );
    if (JSON.stringify(status) === JSON.stringify(placement.status)) return;
    await this.#options.hub.update(workspace, PLACEMENTS, { ...placement, status }, { subresource: 'status' });
  }

  #factsOf(downstream: Downstream): BaseFacts {
    const known = this.#facts.get(downstream.key);
    if (known !== undefined) return known;
    const facts = this.#read(downstream);
    this.#facts.set(downstream.key, facts);
    return facts;
  }

  #read(downstream: Downstream): BaseFacts {
    const { workspace, clusterName, key } = downstream;
    const { state } = downstream.health();
    if (state === 'Healthy' || state === 'Degraded') this.#unhealthySince.delete(key);
    else if (!this.#unhealthySince.has(key)) this.#unhealthySince.set(key, this.#clock.now());
    return clusterFacts(
      downstream,
      this.#syncTargets.get(workspace, '', clusterName),
      this.#registrations.get(workspace, '', clusterName),
      this.#unhealthySince.get(key),
    );
  }

  #clusterChanged(downstream: Downstream | undefined): void {
    if (downstream === undefined) return;
    const before = this.#facts.get(downstream.key);
    const after = this.#read(downstream);
    this.#facts.set(downstream.key, after);
    this.#decideAll(affectedByCluster(this.#index, before, after, this.#seeing(downstream), this.#unplaced));
  }

  #clusterLeft(downstream: Downstream): void {
    this.#facts.delete(downstream.key);
    this.#unhealthySince.delete(downstream.key);
    this.#decideAll([...this.#index.onTarget(downstream.key)]);
  }

  #visibilityChanged(downstream: Downstream): void {
    for (const workspace of this.#seeing(downstream)) this.#decideAll(this.#index.inWorkspace(workspace));
  }

  /** Workspaces that may use a cluster: its own and those below; the registration may narrow that, which `visibleTo` knows. */
  *#seeing({ workspace }: Downstream): Iterable<string> {
    for (const candidate of this.#index.workspaces())
      if (candidate === workspace || candidate.startsWith(`${workspace}:`)) yield candidate;
  }

  #queue(
    name: string,
    process: (key: string) => Promise<ReconcileResult | undefined> | Promise<void>,
    concurrency: number,
    metrics?: QueueMetrics,
  ): WorkQueue {
    const { signal, log } = this.#options;
    return new WorkQueue({
      process,
      concurrency,
      signal,
      clock: this.#clock,
      onError: (key, err, retry) => log.warn({ controller: name, key, err, ...retry }, 'reconcile failed'),
      ...(metrics === undefined ? {} : { metrics }),
    });
  }
}
