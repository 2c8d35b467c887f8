/** All clusters' syncers: they come and go with the registry; objects of targets that are no more are let go. */
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import { CLUSTER_REGISTRATIONS, NAMESPACES, SYNC_TARGETS } from '../clusters/kinds.ts';
import type { ReflectorPool } from '../clusters/reflector.ts';
import type { HubClient } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { WorkQueue } from '../reconcile/queue.ts';
import { release } from './hub-writer.ts';
import type { PlacedObjects } from './placed-objects.ts';
import type { RulesSource } from './rules-source.ts';
import { noSyncMetrics, type SyncMetrics } from './sync-metrics.ts';
import { type SyncLimits, TargetSyncer } from './target-syncer.ts';
import { createTransformSource } from './transform-source.ts';

/** What one kube-apiserver takes from one client without its fair queuing pushing back. */
export const DEFAULT_LIMITS: SyncLimits = { concurrency: 32, qps: 0, burst: 0, resyncMs: 0 };

export interface SyncOptions {
  readonly hub: HubClient;
  readonly informers: HubInformers;
  readonly registry: ClusterRegistry;
  readonly reflectors: ReflectorPool;
  /** Started. */
  readonly objects: PlacedObjects;
  /** Synced. */
  readonly rules: RulesSource;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly limits?: Partial<SyncLimits>;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly metrics?: SyncMetrics;
}

export interface SyncController {
  /** Resolves when no cluster's queue has work; objects that wait for a retry do not count. */
  whenIdle(): Promise<void>;
}

/** Resolves when the hub's state has been read and every cluster has its syncer. Works until the signal aborts. */
export async function startSync(options: SyncOptions): Promise<SyncController> {
  const { hub, informers, registry, objects, rules, signal, log } = options;
  const clock = options.clock ?? systemClock;
  const syncers = new Map<string, TargetSyncer>();
  const targets = informers.informer<SyncTarget>(SYNC_TARGETS);
  const registrations = informers.informer<ClusterRegistration>(CLUSTER_REGISTRATIONS);
  const namespaces = informers.informer(NAMESPACES);
  const transforms = createTransformSource(informers, signal);
  const released = new WorkQueue({
    process: async (entry) => {
      const at = entry.indexOf(' ');
      const key = entry.slice(0, at);
      if (isNoTarget(key)) await release(hub, entry.slice(at + 1), key);
    },
    concurrency: 8,
    signal,
    clock,
    onError: (key, err, retry) => log.warn({ controller: 'sync-release', key, err, ...retry }, 'reconcile failed'),
  });
  /** SyncTargets by key, as the hub has them. */
  const known = new Map<string, string>();
  const isNoTarget = (key: string): boolean => !known.has(key) && registry.byKey(key) === undefined;

  const join = (downstream: Downstream): void => {
    syncers.get(downstream.key)?.close();
    syncers.set(
      downstream.key,
      new TargetSyncer({
        downstream,
        hub,
        objects,
        transforms,
        rules,
        filter: () => registrations.get(downstream.workspace, '', downstream.clusterName)?.spec.sync,
        hubNamespaceExists: (workspace, namespace) => namespaces.get(workspace, '', namespace) !== undefined,
        reflectors: options.reflectors,
        limits: { ...DEFAULT_LIMITS, ...options.limits },
        clock,
        random: options.random ?? Math.random,
        log,
        metrics: options.metrics ?? noSyncMetrics,
        signal,
      }),
    );
  };
  const letGo = (key: string): void => {
    if (isNoTarget(key)) for (const id of [...objects.heldBy(key)]) released.add(`${key} ${id}`);
  };
  const leave = ({ key }: Downstream): void => {
    syncers.get(key)?.close();
    syncers.delete(key);
    letGo(key);
  };

  await Promise.all([
    registry.whenLoaded(),
    registrations.whenSynced(),
    targets.whenSynced(),
    namespaces.whenSynced(),
    transforms.whenSynced(),
  ]);
  for (const { workspace, object } of targets.list())
    known.set(syncTargetKey(workspace, object.metadata.name ?? ''), object.metadata.name ?? '');
  const stops = [
    objects.subscribe((key, id) => {
      const syncer = syncers.get(key);
      if (syncer !== undefined) syncer.add(id);
      else if (isNoTarget(key)) released.add(`${key} ${id}`);
    }),
    transforms.onChange((key, concerned) => {
      const queues = key === undefined ? [...syncers] : [...syncers].filter(([one]) => one === key);
      for (const [one, syncer] of queues) for (const id of objects.heldBy(one)) if (concerned(id)) syncer.add(id);
    }),
    rules.onChange((concerned) => {
      for (const [key, syncer] of syncers) for (const id of objects.heldBy(key)) if (concerned(id)) syncer.add(id);
    }),
    registrations.subscribe(({ workspace, object, previous }) => {
      if (JSON.stringify(object?.spec.sync) === JSON.stringify(previous?.spec.sync)) return;
      const key = syncTargetKey(workspace, (object ?? previous)?.metadata.name ?? '');
      for (const id of objects.heldBy(key)) syncers.get(key)?.add(id);
    }),
    targets.subscribe(({ workspace, object, previous }) => {
      const name = (object ?? previous)?.metadata.name ?? '';
      const key = syncTargetKey(workspace, name);
      if (object !== undefined) known.set(key, name);
      else if (known.delete(key)) letGo(key);
    }),
    namespaces.subscribe(({ workspace, object, previous }) => {
      const namespace = previous?.metadata.name;
      if (object !== undefined || namespace === undefined) return;
      for (const syncer of syncers.values()) syncer.namespaceChanged({ workspace, namespace });
    }),
    registry.onChange(({ type, downstream }) => {
      if (type === 'joined') join(downstream);
      else if (type === 'left') leave(downstream);
      else if (type === 'discovery' || downstream.health().state === 'Healthy') syncers.get(downstream.key)?.wake();
    }),
  ];
  for (const downstream of registry.all()) join(downstream);
  signal.addEventListener(
    'abort',
    () => {
      for (const stop of stops) stop();
      for (const syncer of syncers.values()) syncer.close();
    },
    { once: true },
  );
  return {
    whenIdle: async () => {
      await Promise.all([...syncers.values()].map((syncer) => syncer.whenIdle()));
    },
  };
}
