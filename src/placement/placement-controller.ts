/**
 * Placement as a controller: hub objects and clusters come in, decisions go out as labels, annotations and finalizers of
 * the hub objects. It never speaks to a cluster; the syncer reads what it wrote.
 */
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import { NAMESPACES } from '../clusters/kinds.ts';
import type { HubClient, HubInformer } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import { currentPlacement } from '../hub/kinds/placed-object.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { recordEvent } from '../hub/record-event.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { type Clock, rfc3339, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type ReconcileResult, WorkQueue } from '../reconcile/queue.ts';
import { affectedByCluster, affectedByObject } from './affected.ts';
import { ClusterFactsCache, type FactsChange } from './cluster-facts-cache.ts';
import { decide, type ObjectDecision, type PlacementInputs } from './decide.ts';
import { unplaceableMessage } from './explain.ts';
import { holdUntilReady } from './hold.ts';
import { placedKind } from './kinds.ts';
import { Ledger } from './ledger.ts';
import type { ClusterReason, CurrentPlacement, PlacementTarget } from './model.ts';
import { neighbourhood, PlacementIndex } from './placement-index.ts';
import { noPlacementMetrics, type PlacementMetrics } from './placement-metrics.ts';
import { placementPatch } from './placement-patch.ts';
import { type PolicySource, policyId } from './policy-source.ts';
import { startPolicyStatus } from './policy-status-controller.ts';
import { PolicyStore } from './policy-store.ts';
import { type Rehearsal, rehearse, withPolicy } from './rehearse.ts';
import type { Strategy } from './strategies.ts';

const CONFLICT_RETRY_MS = 50;
/** How often a move is looked at while the old place waits for the new one. */
const HOLD_CHECK_MS = 1_000;

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
  /**
   * The decision for an object as it would be taken now (with the policy, were it there), without writing it; undefined for
   * objects that are not known.
   */
  explain(id: string, policy?: PolicySource): ObjectDecision | undefined;
  /** What would change in its workspace, were the policy there. Nothing is written. */
  rehearse(policy: PolicySource): Promise<Rehearsal>;
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
  readonly #index: PlacementIndex;
  readonly #ledger = new Ledger();
  readonly #inputs: PlacementInputs;
  readonly #objects: WorkQueue;
  readonly #watched = new Map<string, () => void>();
  readonly #facts: ClusterFactsCache;
  readonly #policies: PolicyStore;
  readonly #namespaces: HubInformer;
  readonly #unplaced = new Set<string>();
  readonly #held = new Map<string, ReadonlySet<string>>();
  /** Tells that the status of a policy may have changed. */
  readonly #policyTouched: (id: string) => void;

  constructor(options: PlacementOptions) {
    const { hub, informers, registry, signal, log, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#metrics = options.metrics ?? noPlacementMetrics;
    this.#namespaces = informers.informer(NAMESPACES);
    // A kind that is not followed must not be begun by a look at it.
    this.#index = new PlacementIndex(({ resource, workspace, namespace, name }) =>
      this.#watched.has(groupResourceName(resource))
        ? informers.informer(resource).get(workspace, namespace, name)
        : undefined,
    );
    this.#facts = new ClusterFactsCache(registry, informers, clock);
    this.#policies = new PolicyStore(informers, log);
    const clusters = (workspace: string) => this.#facts.visibleTo(workspace);
    const strategies = options.strategies === undefined ? {} : { strategies: options.strategies };
    this.#inputs = {
      index: this.#index,
      ledger: this.#ledger,
      policies: (workspace) => this.#policies.in(workspace),
      namespaceLabels: (workspace, namespace) => this.#namespaces.get(workspace, '', namespace)?.metadata.labels,
      clusters,
      held: (id) => this.#held.get(id),
      now: () => clock.now(),
      random: options.random ?? Math.random,
      ...strategies,
    };
    this.#objects = new WorkQueue({
      process: (id) => this.#place(id),
      concurrency: options.concurrency ?? 8,
      signal,
      clock,
      metrics: this.#metrics.queue,
      onError: (key, err, retry) => log.warn({ controller: 'placement', key, err, ...retry }, 'reconcile failed'),
    });
    const shared = { policies: this.#policies, ledger: this.#ledger, clusters };
    this.#policyTouched = startPolicyStatus({ ...shared, ...strategies, hub, signal, log, clock });
  }

  async start(): Promise<void> {
    const { informers, signal } = this.#options;
    await Promise.all([this.#facts.whenSynced(), this.#policies.whenSynced(), this.#namespaces.whenSynced()]);
    await Promise.all(this.#kinds().map((resource) => informers.informer(resource).whenSynced()));
    // All in one turn: nothing is decided before every index is full. A Secret must not leave a cluster because the
    // Deployment that names it was not read yet.
    const stops = [
      this.#policies.start((workspace, source) => {
        this.#decideAll(this.#index.inWorkspace(workspace));
        if (source !== undefined) this.#policyTouched(source.id);
      }),
      ...this.#watchKinds(),
      this.#namespaces.subscribe(({ workspace, object, previous }) => {
        const [was, is] = [previous?.metadata, object?.metadata];
        if (JSON.stringify(was?.labels) !== JSON.stringify(is?.labels))
          this.#decideAll(this.#index.inNamespace(workspace, (is ?? was)?.name ?? ''));
      }),
      this.#facts.start((change) => this.#clusterChanged(change)),
    ];
    signal.addEventListener('abort', () => stops.forEach((stop) => void stop()), { once: true });
  }

  explain(id: string, policy?: PolicySource): ObjectDecision | undefined {
    const tracked = this.#index.get(id);
    return tracked && decide(tracked, policy === undefined ? this.#inputs : withPolicy(this.#inputs, policy));
  }

  rehearse(policy: PolicySource): Promise<Rehearsal> {
    return rehearse(this.#inputs, policy, () => new Promise((resolve) => setImmediate(resolve)));
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
      const { before, after } = this.#index.set(resource, workspace, namespace, name, object, previous);
      const id = (after ?? before)?.id;
      if (after === undefined && id !== undefined) this.#forget(id);
      // A PUT of a manifest strips our labels: where it was is remembered until it is decided again.
      else if (after !== undefined && after.held.size > 0) this.#recount(after.id, currentPlacement(after.object));
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
    const kept = holdUntilReady(tracked.object, targets, this.#facts.visibleTo(tracked.workspace));
    this.#rememberHeld(id, kept);
    const rebalances = decision.rule === 'policy' && decision.source?.policy.rebalanceMs !== undefined;
    const patch = placementPatch(tracked.object, kept, rfc3339(this.#clock.now()), rebalances);
    if (patch !== undefined && !(await this.#write(id, patch))) return { requeueAfterMs: CONFLICT_RETRY_MS };
    const result = decision.rule === 'policy' ? await this.#conclude(id, decision) : undefined;
    return kept.length > targets.length ? { requeueAfterMs: HOLD_CHECK_MS } : result;
  }

  #rememberHeld(id: string, kept: readonly PlacementTarget[]): void {
    const held = kept.filter((target) => target.held).map(({ key }) => key);
    if (held.length === 0) this.#held.delete(id);
    else this.#held.set(id, new Set(held));
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

  async #complain(id: string, reasons: readonly ClusterReason[]): Promise<void> {
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

  #record(id: string, { source, decision, requests }: Extract<ObjectDecision, { rule: 'policy' }>): void {
    const tracked = this.#index.get(id);
    if (tracked === undefined) return;
    const policy = policyId(tracked.workspace, source);
    const before = this.#ledger.get(id);
    const targets = new Map(decision.targets.map(({ key, replicas }) => [key, replicas]));
    this.#ledger.set(id, { policy, neighbourhood: neighbourhood(tracked), requests, targets });
    if (before !== undefined && before.policy !== policy) this.#policyTouched(before.policy);
    this.#policyTouched(policy);
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
    this.#held.delete(id);
    if (entry !== undefined) this.#policyTouched(entry.policy);
  }

  #clusterChanged({ downstream, before, after, visibility }: FactsChange): void {
    const workspaces = this.#seeing(downstream);
    if (visibility) for (const workspace of workspaces) this.#decideAll(this.#index.inWorkspace(workspace));
    else if (after === undefined) this.#decideAll([...this.#index.onTarget(downstream.key)]);
    else this.#decideAll(affectedByCluster(this.#index, before, after, workspaces, this.#unplaced));
  }

  /** Workspaces that may use a cluster: its own and those below; the registration may narrow that, which `visibleTo` knows. */
  *#seeing({ workspace }: Downstream): Iterable<string> {
    for (const candidate of this.#index.workspaces())
      if (candidate === workspace || candidate.startsWith(`${workspace}:`)) yield candidate;
  }
}
