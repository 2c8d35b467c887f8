/** The syncer of one cluster: its own queue, rate and memory, so that a bad cluster slows nobody else. */
import { ClusterError, type Downstream } from '../clusters/downstream.ts';
import type { CachedObject, Reflector, ReflectorEvent, ReflectorLease, ReflectorPool } from '../clusters/reflector.ts';
import type { HubClient } from '../hub/client.ts';
import { COPY_LABEL, type SyncFilter } from '../hub/kinds/workload.ts';
import { formatObjectId, parseObjectId } from '../hub/object-id.ts';
import { recordEvent } from '../hub/record-event.ts';
import { NAMESPACE_LOCATOR_ANNOTATION, parseLocator } from '../kube/namespace-locator.ts';
import { apiVersionOf, type GroupResource, groupResourceName, type ResourceInfo } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { within } from '../kube/within.ts';
import { type Clock, rfc3339 } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type ReconcileResult, WorkQueue } from '../reconcile/queue.ts';
import { driftRule } from './drift-rule.ts';
import { annotate } from './hub-writer.ts';
import type { PlacedObjects } from './placed-objects.ts';
import type { RulesSource } from './rules-source.ts';
import { refusalOf } from './sync-filter.ts';
import type { SyncMetrics } from './sync-metrics.ts';
import { type AppliedCopy, problemAnnotations, type SyncContext, syncObject } from './sync-object.ts';
import { SyncConflict, SyncProblem, targetApi } from './target-api.ts';
import { TargetNamespaces, type UpstreamNamespace } from './target-namespaces.ts';
import { TokenBucket } from './token-bucket.ts';
import type { TransformSource } from './transform-source.ts';

export interface SyncLimits {
  /** Objects in work at the same time, per cluster. */
  readonly concurrency: number;
  /** Requests per second and burst, per cluster; qps 0: no limit. */
  readonly qps: number;
  readonly burst: number;
  /** Milliseconds after which an object without events is compared again; 0: never. */
  readonly resyncMs: number;
}

export interface TargetSyncerOptions {
  readonly downstream: Downstream;
  readonly hub: HubClient;
  readonly objects: PlacedObjects;
  readonly transforms: TransformSource;
  readonly rules: RulesSource;
  /** False: the object is left alone, whatever placement says. Default: all are handled. */
  readonly handles?: (id: string) => boolean;
  /** What the cluster takes; undefined: everything. */
  readonly filter: () => SyncFilter | undefined;
  readonly hubNamespaceExists: (workspace: string, namespace: string) => boolean;
  readonly reflectors: ReflectorPool;
  readonly limits: SyncLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: SyncMetrics;
  readonly signal: AbortSignal;
}

const NAMESPACES: ResourceInfo = {
  group: '',
  version: 'v1',
  resource: 'namespaces',
  kind: 'Namespace',
  singular: 'namespace',
  namespaced: false,
  verbs: [],
  shortNames: [],
  categories: [],
  subresources: [],
};
const NAMESPACE_KEY = 'namespace ';
/** Longer than a list of one kind takes; then the objects that wait for it say that the cluster does not answer. */
const FIRST_LIST_MS = 15_000;

export class TargetSyncer {
  readonly #options: TargetSyncerOptions;
  readonly #stop = new AbortController();
  readonly #queue: WorkQueue;
  readonly #applied = new Map<string, AppliedCopy>();
  readonly #leases = new Map<string, { lease: ReflectorLease; stop: () => void; ready: Promise<void> }>();
  readonly #namespaces: TargetNamespaces;
  readonly #namespaceReflector: Reflector;
  #namespacesRead = false;
  readonly #context: SyncContext;
  /** The refusal last told, by object: an Event is recorded when it changes. */
  readonly #problems = new Map<string, string>();

  constructor(options: TargetSyncerOptions) {
    this.#options = options;
    const { downstream, hub, objects, limits, clock, metrics } = options;
    const signal = AbortSignal.any([options.signal, this.#stop.signal]);
    const api = targetApi(downstream, new TokenBucket(limits.qps, limits.burst, clock), signal);
    this.#queue = new WorkQueue({
      process: (key) => this.#process(key),
      concurrency: limits.concurrency,
      signal,
      clock,
      random: options.random,
      metrics: metrics.queueOf(downstream.clusterName),
      onError: (key, error, retry) => this.#failed(key, error, retry),
    });
    const namespaces = options.reflectors.acquire(downstream, NAMESPACES);
    this.#namespaces = new TargetNamespaces(downstream, api, namespaces.reflector);
    const stop = namespaces.reflector.subscribe(({ cached, type }) => {
      const upstream = this.#namespaces.observe(cached, type === 'DELETED');
      if (upstream !== undefined) this.#namespaceSeen(upstream, type);
    });
    this.#leases.set('namespaces', { lease: namespaces, stop, ready: Promise.resolve() });
    this.#namespaceReflector = namespaces.reflector;
    this.#context = {
      target: downstream,
      hub,
      api,
      namespaces: this.#namespaces,
      applied: this.#applied,
      unexplained: new Map(),
      now: () => clock.now(),
      transformOf: (id, hubObject) => options.transforms.transformOf(downstream, id, hubObject),
      refusal: (id, hubObject) => refusalOf(options.filter(), id, hubObject),
      onDrift: (id, hubObject) => driftRule(options.rules.of(id), downstream.clusterName, hubObject),
      hubObject: (id) => objects.get(id),
      hubKnows: (id) => objects.knows(id),
      served: (resource, apiVersion) => this.#served(resource, apiVersion),
      reflector: (resource) => this.#reflector(resource),
      count: (operation, resource) => metrics.operation(downstream.clusterName, resource, operation),
    };
    for (const id of objects.heldBy(downstream.key)) this.add(id);
  }

  add(id: string): void {
    if (this.#options.handles?.(id) !== false) this.#queue.add(id);
  }

  /** A hub namespace changed: when it is gone, its namespace in the cluster is not needed any more. */
  namespaceChanged({ workspace, namespace }: UpstreamNamespace): void {
    this.#queue.add(`${NAMESPACE_KEY}${workspace}|${namespace}`);
  }

  /** The cluster is back, or serves other kinds: what failed is tried again at once. */
  wake(): void {
    this.#queue.wake();
  }

  whenIdle(): Promise<void> {
    return this.#queue.whenIdle();
  }

  close(): void {
    this.#stop.abort();
    for (const { lease, stop } of this.#leases.values()) {
      stop();
      lease.release();
    }
    this.#leases.clear();
  }

  async #process(key: string): Promise<ReconcileResult | undefined> {
    await this.#readNamespaces();
    if (key.startsWith(NAMESPACE_KEY)) return this.#cleanNamespace(key.slice(NAMESPACE_KEY.length));
    const result = await syncObject(this.#context, key);
    this.#problems.delete(key);
    const { resyncMs } = this.#options.limits;
    return result ?? (resyncMs > 0 && this.#applied.has(key) ? { requeueAfterMs: resyncMs } : undefined);
  }

  #failed(key: string, error: unknown, retry: { failures: number; delayMs: number }): void {
    const { downstream, log, metrics } = this.#options;
    metrics.error(downstream.clusterName, errorType(error));
    // An outage is one event, told when health changes, and not one per object.
    const level = error instanceof ClusterError ? 'debug' : 'warn';
    log[level]({ cluster: downstream.clusterName, key, err: error, ...retry }, 'sync failed');
    if (!key.startsWith(NAMESPACE_KEY) && retry.failures >= toldFrom(error))
      this.#tell(key, error).catch((err: unknown) => log.warn({ key, err }, 'sync failure could not be recorded'));
  }

  /** Puts the refusal on the object and, once per refusal, into an Event. An outage is told only where it holds up a removal. */
  async #tell(id: string, error: unknown): Promise<void> {
    const { hub, downstream, objects, clock } = this.#options;
    const hubObject = objects.get(id);
    if (hubObject === undefined || !(error instanceof Error) || error instanceof ApiError) return;
    const leaving = hubObject.metadata.deletionTimestamp !== undefined;
    if (error instanceof ClusterError && !leaving) return;
    await annotate(hub, id, hubObject, problemAnnotations(downstream.key, error));
    if (this.#problems.get(id) === error.message) return;
    this.#problems.set(id, error.message);
    const reason = error instanceof SyncProblem ? `Sync${error.reason}` : 'SyncFailed';
    await recordEvent(
      hub,
      parseObjectId(id).workspace,
      hubObject,
      { type: 'Warning', reason, message: error.message, component: 'syncer' },
      rfc3339(clock.now()),
    );
  }

  #served(resource: GroupResource, apiVersion?: string): ResourceInfo | undefined {
    const { downstream } = this.#options;
    const discovery = downstream.discovery();
    if (discovery === undefined)
      throw new ClusterError(
        downstream.clusterName,
        'unreachable',
        `the API of ${downstream.clusterName} is not known yet`,
      );
    return discovery.resources.find(
      (info) =>
        info.group === resource.group &&
        info.resource === resource.resource &&
        (apiVersion === undefined || apiVersionOf(info) === apiVersion),
    );
  }

  async #reflector(resource: ResourceInfo): Promise<Reflector> {
    const name = `${groupResourceName(resource)}/${resource.version}`;
    const present = this.#leases.get(name) ?? this.#follow(name, resource);
    await present.ready;
    return present.lease.reflector;
  }

  #follow(name: string, resource: ResourceInfo) {
    const lease = this.#options.reflectors.acquire(this.#options.downstream, resource);
    const stop = lease.reflector.subscribe(({ cached, type }) => this.#copySeen(resource, cached, type));
    const ready = this.#firstList(name, lease.reflector);
    // Waiters see the failure; without any, it is nobody's.
    ready.catch(() => {});
    const entry = { lease, stop, ready };
    this.#leases.set(name, entry);
    return entry;
  }

  /** A list that fails is tried again with the next object: its key comes back with backoff. */
  async #firstList(name: string, reflector: Reflector): Promise<void> {
    try {
      await this.#synced(reflector);
    } catch (error) {
      const entry = this.#leases.get(name);
      entry?.stop();
      entry?.lease.release();
      this.#leases.delete(name);
      throw error;
    }
    // After a restart this finds what changed meanwhile, and copies whose object is gone.
    for (const cached of reflector.list()) this.#copySeen(reflector.resource, cached, 'ADDED');
  }

  #synced(reflector: Reflector): Promise<void> {
    return within(FIRST_LIST_MS, this.#stop.signal, (end) => reflector.whenSynced(end));
  }

  #copySeen(resource: ResourceInfo, cached: CachedObject, type: ReflectorEvent['type']): void {
    if (cached.labels[COPY_LABEL] !== this.#options.downstream.key) return;
    const upstream = this.#upstreamOf(resource, cached);
    if (upstream === undefined) return;
    const { workspace, namespace } = upstream;
    const id = formatObjectId({ resource, workspace, namespace, name: cached.name });
    if (type === 'DELETED') this.#applied.delete(id);
    this.add(id);
  }

  async #readNamespaces(): Promise<void> {
    if (this.#namespacesRead) return;
    await this.#synced(this.#namespaceReflector);
    if (this.#namespacesRead) return;
    this.#namespacesRead = true;
    for (const cached of this.#namespaceReflector.list()) this.#namespaces.observe(cached, false);
    for (const upstream of this.#namespaces.ours()) this.namespaceChanged(upstream);
  }

  #upstreamOf({ namespaced }: ResourceInfo, cached: CachedObject): UpstreamNamespace | undefined {
    const { uid, namespaceMapping } = this.#options.downstream;
    if (namespaced && namespaceMapping === 'Hashed') return this.#namespaces.upstreamOf(cached.namespace);
    const locator = parseLocator(cached.object().metadata.annotations?.[NAMESPACE_LOCATOR_ANNOTATION]);
    return locator?.syncTarget.uid === uid ? locator : undefined;
  }

  #namespaceSeen(upstream: UpstreamNamespace, type: 'ADDED' | 'MODIFIED' | 'DELETED'): void {
    this.namespaceChanged(upstream);
    if (type !== 'DELETED') return;
    // Someone removed it in the cluster: whatever belongs there is made again.
    for (const id of this.#options.objects.heldBy(this.#options.downstream.key)) {
      const parsed = parseObjectId(id);
      if (parsed.workspace !== upstream.workspace || parsed.namespace !== upstream.namespace) continue;
      this.#applied.delete(id);
      this.add(id);
    }
  }

  async #cleanNamespace(key: string): Promise<ReconcileResult | undefined> {
    const [workspace = '', namespace = ''] = key.split('|');
    const { objects, downstream, hubNamespaceExists } = this.#options;
    if (hubNamespaceExists(workspace, namespace)) return undefined;
    if (objects.holdsIn(downstream.key, workspace, namespace)) return { requeueAfterMs: 1_000 };
    await this.#namespaces.remove(workspace, namespace);
    return undefined;
  }
}

/**
 * The failure in a row from which people are told. The first of any kind may be a race with what is being set up (a new
 * namespace has no service account yet); a cluster that is busy or restarting gets longer.
 */
const toldFrom = (error: unknown): number =>
  error instanceof SyncConflict ? 1 : error instanceof SyncProblem && (error.code === 429 || error.code >= 500) ? 5 : 2;

function errorType(error: unknown): string {
  if (error instanceof ClusterError) return error.kind;
  if (error instanceof SyncProblem) return error.reason;
  return error instanceof ApiError ? `hub-${error.reason}` : 'internal';
}
