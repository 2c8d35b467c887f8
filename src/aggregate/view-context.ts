/** What the parts of a view work with. */
import type { ClusterRegistry } from '../clusters/downstream.ts';
import type { EncodeObject, ReflectorPool } from '../clusters/reflector.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { CopyIndex } from './copy-index.ts';
import type { HubPort } from './hub-port.ts';
import type { NamespaceMaps } from './namespace-map.ts';
import type { Projections } from './projections.ts';
import type { Route } from './route.ts';
import type { SourcePool } from './source-pool.ts';
import type { ViewDiscovery } from './view-discovery.ts';
import type { ViewStates } from './view-states.ts';
import type { WriteMemory } from './write-memory.ts';

/** Reflectors whose objects are stored as views show them, with what that needs. The syncer shares the pool. */
export interface ViewReflectors {
  readonly pool: ReflectorPool;
  readonly maps: NamespaceMaps;
  readonly copies: CopyIndex;
  readonly encode: EncodeObject;
}

export interface ViewContext {
  readonly hub: HubPort;
  readonly registry: ClusterRegistry;
  readonly discovery: ViewDiscovery;
  readonly pool: SourcePool;
  readonly states: ViewStates;
  readonly projections: Projections;
  readonly writes: WriteMemory;
  readonly maps: NamespaceMaps;
  readonly copies: CopyIndex;
  readonly encode: EncodeObject;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly sourceDeadlineMs: number;
  readonly firstListMs: number;
}

/** Numbers of a view; results are of the answer, watches end later. */
export interface ViewMetrics {
  /** `partial`: answered without a source, or with an old one. */
  finished(route: Route, result: 'complete' | 'partial' | 'error', seconds: number): void;
  failed(reason: string): void;
}
