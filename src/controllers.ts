/**
 * The life of an object, and the only wiring of the controllers. In order:
 *
 *   register   a ClusterRegistration becomes a connection and a SyncTarget          src/clusters
 *   place      an authored object gets its targets, replicas and finalizers        src/placement
 *   sync       each target gets its copy, and its status comes back                src/sync
 *   fold       the targets' statuses become the object's own                       src/sync
 *
 * They meet in the hub's objects and never call each other.
 */
import { setMaxListeners } from 'node:events';
import type { ClusterRegistry } from './clusters/downstream.ts';
import { withPulledClusters } from './clusters/pulled-clusters.ts';
import type { ReflectorPool } from './clusters/reflector.ts';
import { startRegistrationController } from './clusters/registration-controller.ts';
import type { Hub } from './hub/hub.ts';
import { createHubInformers } from './hub/hub-informers.ts';
import type { Metrics } from './metrics/metrics.ts';
import { placedKind } from './placement/kinds.ts';
import { type PlacementController, startPlacement } from './placement/placement-controller.ts';
import { placementMetrics } from './placement/placement-metrics.ts';
import type { Strategy } from './placement/strategies.ts';
import { type Clock, systemClock } from './reconcile/clock.ts';
import type { Logger } from './reconcile/logger.ts';
import { PlacedObjects } from './sync/placed-objects.ts';
import { createRulesSource } from './sync/rules-source.ts';
import { startStatus } from './sync/status-controller.ts';
import { startSync } from './sync/sync-controller.ts';
import { syncMetrics } from './sync/sync-metrics.ts';
import type { SyncLimits } from './sync/target-syncer.ts';

export interface ControllersOptions {
  readonly hub: Pick<Hub, 'client' | 'informer' | 'catalog'>;
  readonly registry: ClusterRegistry;
  readonly reflectors: ReflectorPool;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly metrics?: Metrics;
  readonly syncLimits?: Partial<SyncLimits>;
  /** Placement strategies; default the built-in ones. */
  readonly strategies?: ReadonlyMap<string, Strategy>;
}

export interface Controllers {
  /** Explains decisions (`tmc explain`). */
  readonly placement: PlacementController;
  /** The hub serves other kinds than before. */
  refreshKinds(): void;
  /** Resolves when no controller has work left that it can do now. */
  whenIdle(): Promise<void>;
}

/** Resolves when all controllers run. They stop when the signal aborts. */
export async function startControllers(options: ControllersOptions): Promise<Controllers> {
  const { hub, registry, reflectors, signal, log, clock = systemClock, random = Math.random } = options;
  // Every queue, syncer and reflector lease ends with it.
  setMaxListeners(0, signal);
  // What a syncer beside its cluster reports counts here; this process syncs only what it can reach.
  const reported = withPulledClusters(registry, hub, clock);
  signal.addEventListener('abort', () => void reported.close(), { once: true });
  startRegistrationController({ hub, registry: reported, signal, log, clock });
  const informers = await createHubInformers(hub, signal, log);
  const unlisten = registry.onChange(({ type }) => {
    // Kinds that only clusters serve can be authored too.
    if (type === 'discovery' || type === 'joined' || type === 'left') informers.refresh();
  });
  signal.addEventListener('abort', unlisten, { once: true });

  const common = { hub: hub.client, informers, signal, log, clock, random };
  const placement = await startPlacement({
    ...common,
    registry: reported,
    ...(options.metrics === undefined ? {} : { metrics: placementMetrics(options.metrics) }),
    ...(options.strategies === undefined ? {} : { strategies: options.strategies }),
  });
  const rules = createRulesSource(informers, signal);
  await rules.whenSynced();
  const objects = new PlacedObjects({ informers, placeable: (resource) => placedKind(resource) !== undefined });
  await objects.start(signal);
  const sync = await startSync({
    ...common,
    registry,
    objects,
    rules,
    reflectors,
    ...(options.metrics === undefined ? {} : { metrics: syncMetrics(options.metrics) }),
    ...(options.syncLimits === undefined ? {} : { limits: options.syncLimits }),
  });
  const status = startStatus({ ...common, registry: reported, objects, rules });

  return {
    placement,
    refreshKinds: () => informers.refresh(),
    whenIdle: async () => {
      await placement.whenIdle();
      await sync.whenIdle();
      await status.whenIdle();
    },
  };
}
