/** The syncer of one SyncTarget beside its cluster: connection, the hub's objects with its label, heartbeat. */
import { setMaxListeners } from 'node:events';
import { type ClusterConnection, createConnection, DEFAULT_TIMINGS } from '../clusters/connection.ts';
import type { ClusterChange } from '../clusters/downstream.ts';
import { NAMESPACES, SYNC_TARGETS } from '../clusters/kinds.ts';
import { type ClusterCapacity, readCapacity } from '../clusters/node-capacity.ts';
import { createReflectorPool } from '../clusters/reflector-pool.ts';
import { conditionsOf, syncTargetStatus } from '../clusters/registration-status.ts';
import { SYNCER_FIELD_MANAGER, type SyncTarget } from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { rfc3339 } from '../reconcile/clock.ts';
import { hubKinds } from './hub-kinds.ts';
import { PlacedObjects } from './placed-objects.ts';
import type { PullSyncerOptions } from './pull-syncer.ts';
import type { PulledIdentity } from './pulled-identity.ts';
import { RemoteInformers } from './remote-informers.ts';
import { createRulesSource } from './rules-source.ts';
import { TargetSyncer } from './target-syncer.ts';
import { createTransformSource } from './transform-source.ts';

const KINDS_MS = 30_000;
const CAPACITY_MS = 60_000;

/** The syncer of one SyncTarget, from its first contact until that is another one. */
export class PullSession {
  readonly identity: PulledIdentity;
  readonly #options: PullSyncerOptions;
  readonly #syncTarget: () => SyncTarget | undefined;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #connection: ClusterConnection;
  readonly #listeners = new Set<(change: ClusterChange) => void>();
  readonly #pool;
  #syncer: TargetSyncer | undefined;
  #capacity: { at: number; found: ClusterCapacity | undefined } | undefined;
  #reading = true;
  #beatProblem: string | undefined = 'the cluster has not been asked yet';
  #kinds = 0;

  constructor(options: PullSyncerOptions, identity: PulledIdentity, syncTarget: () => SyncTarget | undefined) {
    const { cluster, clock, log } = options;
    this.#options = options;
    this.identity = identity;
    this.#syncTarget = syncTarget;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    // Every informer, reflector and queue ends with it.
    setMaxListeners(0, this.#signal);
    this.#connection = createConnection({
      identity: identity.cluster,
      endpoint: cluster.endpoint,
      impersonateUsers: false,
      timings: DEFAULT_TIMINGS,
      now: () => clock.now(),
      onHealth: () => this.#changed('health'),
      onDiscovery: () => this.#changed('discovery'),
      onDefinitions: () => {},
    });
    this.#pool = createReflectorPool({
      log,
      clock,
      registry: { all: () => [this.#connection], onChange: (listener) => this.#listen(listener) },
    });
  }

  /** Undefined when objects are synced and the hub took the last heartbeat. */
  get problem(): string | undefined {
    return this.#beatProblem ?? (this.#reading ? 'the kinds and objects of the hub have not been read yet' : undefined);
  }

  async run(): Promise<void> {
    const { log, name } = this.#options;
    this.#connection.setCredentials(this.#options.cluster.credentials);
    void this.#every(this.#options.heartbeatMs, () => this.#beat());
    const readKinds = this.#kindsReader();
    let informers: RemoteInformers | undefined;
    await this.#every(KINDS_MS, async () => {
      try {
        const kinds = await readKinds(this.#signal);
        this.#kinds = kinds.length;
        if (informers !== undefined) return informers.setKinds(kinds);
        informers = new RemoteInformers({
          ...this.#options,
          target: this.identity.cluster,
          kinds,
          signal: this.#signal,
        });
        await this.#begin(informers);
      } catch (err) {
        if (!this.#signal.aborted) log.warn({ syncTarget: name, err }, 'the kinds of the hub could not be read');
      }
    });
  }

  close(): void {
    this.#stop.abort();
    this.#syncer?.close();
    void this.#pool.close();
    this.#connection.close();
  }

  async #begin(informers: RemoteInformers): Promise<void> {
    const { hub, placeable, selects, limits, clock, log, metrics, name } = this.#options;
    const { key, workspace } = this.identity.cluster;
    const objects = new PlacedObjects({ informers, placeable });
    const namespaces = informers.informer(NAMESPACES);
    const transforms = createTransformSource(informers, this.#signal);
    const rules = createRulesSource(informers, this.#signal);
    await Promise.all([
      objects.start(this.#signal),
      namespaces.whenSynced(),
      transforms.whenSynced(),
      rules.whenSynced(),
    ]);
    if (this.#signal.aborted) return;
    const syncer = new TargetSyncer({
      downstream: this.#connection,
      hub,
      objects,
      transforms,
      rules,
      filter: () => this.identity.filter,
      handles: (id) => {
        const { resource, namespace } = parseObjectId(id);
        return selects(resource, namespace);
      },
      hubNamespaceExists: (inWorkspace, namespace) => namespaces.get(inWorkspace, '', namespace) !== undefined,
      reflectors: this.#pool,
      limits,
      clock,
      random: Math.random,
      log,
      metrics,
      signal: this.#signal,
    });
    this.#syncer = syncer;
    const stops = [
      objects.subscribe((held, id) => {
        if (held === key) syncer.add(id);
      }),
      rules.onChange((concerned) => {
        for (const id of objects.heldBy(key)) if (concerned(id)) syncer.add(id);
      }),
      transforms.onChange((changed, concerned) => {
        if (changed !== undefined && changed !== key) return;
        for (const id of objects.heldBy(key)) if (concerned(id)) syncer.add(id);
      }),
      namespaces.subscribe(({ workspace: inWorkspace, object, previous }) => {
        const namespace = previous?.metadata.name;
        if (object === undefined && namespace !== undefined)
          syncer.namespaceChanged({ workspace: inWorkspace, namespace });
      }),
    ];
    this.#signal.addEventListener('abort', () => stops.forEach((stop) => void stop()), { once: true });
    this.#reading = false;
    log.info({ syncTarget: name, workspace, kinds: informers.kinds().length }, 'syncing');
  }

  #kindsReader(): (signal: AbortSignal) => Promise<ReturnType<RemoteInformers['kinds']>> {
    const read = hubKinds(this.#options.hubDiscovery);
    const { placeable, selects } = this.#options;
    return async (signal) => (await read(signal)).filter((kind) => placeable(kind) && selects(kind, ANY_NAMESPACE));
  }

  async #beat(): Promise<void> {
    const { hub, workspace, name, clock, log, onHeartbeat } = this.#options;
    const health = this.#connection.health();
    // A restart is no news: what was said before stands until the cluster has been asked.
    if (health.state === 'Unknown') return;
    const healthy = health.state === 'Healthy' || health.state === 'Degraded';
    const observed = {
      health,
      discovery: this.#connection.discovery(),
      capacity: healthy ? await this.#readCapacity() : undefined,
    };
    const now = rfc3339(clock.now());
    const status = syncTargetStatus(this.#syncTarget()?.status, conditionsOf(undefined, observed), observed, now);
    const body = { metadata: { uid: this.identity.cluster.uid }, status: { ...status, lastSyncerHeartbeatTime: now } };
    let ok = true;
    try {
      await hub.patch(
        { ...SYNC_TARGETS, workspace, name },
        { type: 'merge', body },
        { subresource: 'status', fieldManager: SYNCER_FIELD_MANAGER },
      );
      this.#beatProblem = undefined;
    } catch (err) {
      if (this.#signal.aborted) return;
      ok = false;
      this.#beatProblem = `the hub does not take the heartbeat: ${err instanceof Error ? err.message : String(err)}`;
      log.warn({ syncTarget: name, err }, 'the heartbeat failed');
    }
    onHeartbeat({ ok, healthy, kinds: this.#kinds });
  }

  /** Of the last minute; without it the report stands as it was. */
  async #readCapacity(): Promise<ClusterCapacity | undefined> {
    const now = this.#options.clock.now();
    if (this.#capacity !== undefined && now - this.#capacity.at < CAPACITY_MS) return this.#capacity.found;
    const found = await readCapacity(this.#connection, this.#signal).catch(() => this.#capacity?.found);
    this.#capacity = { at: now, found };
    return found;
  }

  #changed(type: ClusterChange['type']): void {
    if (this.#signal.aborted) return;
    for (const listener of this.#listeners) listener({ type, downstream: this.#connection });
    if (type === 'discovery' || this.#connection.health().state === 'Healthy') this.#syncer?.wake();
    void this.#beat();
  }

  #listen(listener: (change: ClusterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #every(ms: number, task: () => Promise<void>): Promise<void> {
    while (!this.#signal.aborted) {
      await task();
      await this.#pause(ms);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, end);
      this.#signal.addEventListener('abort', end, { once: true });
    });
  }
}

/** Stands for some namespace that passes: whether the kind as such is wanted. */
const ANY_NAMESPACE = '';
