/**
 * The sources of one view of one resource, each ready to be read or named as a fault: a slow or broken cluster costs a
 * view at most its deadline.
 */
import type { Downstream } from '../clusters/downstream.ts';
import type { ApiRequest } from '../kube/api.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { unavailable } from '../kube/status.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { ClusterSource } from './cluster-source.ts';
import { foldingOwners } from './fold.ts';
import type { HubSource } from './hub-source.ts';
import { compareText } from './merge.ts';
import type { Moments } from './moments.ts';
import { projected } from './projected-source.ts';
import type { Projection } from './projection.ts';
import type { Projections } from './projections.ts';
import type { ClusterView } from './source.ts';
import type { Lease, SourcePool } from './source-pool.ts';
import type { ResolvedResource } from './view-discovery.ts';
import type { ViewStates } from './view-states.ts';
import { faultText, type SourceFault } from './warnings.ts';
import type { WriteMemory } from './write-memory.ts';

export interface GatherContext {
  readonly pool: SourcePool;
  readonly states: Pick<ViewStates, 'barriers' | 'moments'>;
  readonly projections: Projections;
  readonly writes: WriteMemory;
  readonly clock: Clock;
  /** How long a cluster may be silent before it is left out, milliseconds. */
  readonly sourceDeadlineMs: number;
  /** How long a cluster that keeps sending may take until its first list is in. */
  readonly firstListMs: number;
}

export interface Gathered {
  readonly resource: ResourceInfo;
  readonly hub: HubSource | undefined;
  /** Undefined: everything is shown as it is. */
  readonly projection: Projection | undefined;
  /** Place of the last barrier that concerns the workspace. */
  readonly barrier: () => number;
  readonly moments: Moments;
  /** Those whose state can be shown, by name, as the projection shows them. */
  readonly clusters: readonly ClusterView[];
  /** Kinds (`group/Kind`) that the clusters' objects name. */
  readonly referencedKinds: () => readonly string[];
  /** Clusters that would not fit into memory: to be read live. */
  readonly uncached: readonly Downstream[];
  readonly faults: readonly SourceFault[];
  release(): void;
}

/** @param wanted clusters whose state matters; of the others whatever is known is taken, without waiting */
export async function gather(
  context: GatherContext,
  resolved: ResolvedResource,
  request: Pick<ApiRequest, 'workspace' | 'onlyCluster' | 'signal' | 'info'>,
  selected: (clusterName: string) => boolean,
): Promise<Gathered> {
  const { info } = resolved;
  const { workspace, onlyCluster, signal } = request;
  const projection = context.projections.of(workspace, info);
  const wanted = mergesNames(info, projection) ? () => true : selected;
  const hub = resolved.hub ? context.pool.hub(info) : undefined;
  const leases: Lease<ClusterSource>[] = [];
  const uncached: Downstream[] = [];
  for (const downstream of [...resolved.clusters].sort((a, b) => compareText(a.clusterName, b.clusterName))) {
    const lease = context.pool.cluster(downstream, info, onlyCluster !== undefined);
    if (lease === undefined) uncached.push(downstream);
    else leases.push(lease);
  }
  const faults: SourceFault[] = resolved.unknown
    .filter(({ clusterName }) => wanted(clusterName))
    .map(({ clusterName }) => ({ clusterName, ageMs: undefined, reason: 'it has not answered yet' }));
  await Promise.all(
    leases.map(async ({ source }) => {
      if (!wanted(source.clusterName)) return;
      const fault = await settle(context, source, signal);
      if (fault !== undefined) faults.push(fault);
    }),
  );
  const clusters = leases.filter(({ source }) => source.started).map(({ source }) => projected(source, projection));
  if (projection !== undefined) await prepareAll(clusters, request);
  return {
    resource: info,
    hub: hub?.source,
    projection,
    barrier: () => context.states.barriers.of(workspace),
    moments: context.states.moments,
    clusters,
    referencedKinds: () => leases.flatMap(({ source }) => [...source.referencedKinds]),
    uncached,
    faults: faults.sort((a, b) => compareText(a.clusterName, b.clusterName)),
    release: () => {
      hub?.release();
      for (const lease of leases) lease.release();
    },
  };
}

/** Equal names are shown as one: every cluster has a part in it. */
export const mergesNames = (info: ResourceInfo, projection: Projection | undefined): boolean =>
  projection?.merges === true || foldingOwners(info) !== undefined;

async function prepareAll(
  clusters: readonly ClusterView[],
  { workspace, info }: Pick<ApiRequest, 'workspace' | 'info'>,
): Promise<void> {
  const namespace = info.namespace === '' ? undefined : info.namespace;
  for (const source of clusters) await source.prepare?.(workspace, namespace);
}

/** Waits until the source can be shown and has seen this gateway's writes; answers what is wrong with it, if anything. */
async function settle(
  context: GatherContext,
  source: ClusterSource,
  signal: AbortSignal,
): Promise<SourceFault | undefined> {
  if (!source.started) await firstState(context, source, signal);
  const { clusterName } = source;
  if (!source.started)
    return { clusterName, ageMs: undefined, reason: source.state().error ?? 'it has not answered in time' };
  const deadline = deadlineSignal(context, context.sourceDeadlineMs, signal);
  const seen = await context.writes.whenSeen(source, deadline.signal).then(
    () => true,
    () => false,
  );
  deadline.cancel();
  const { live, lastContact, error } = source.state();
  if (live && seen) return undefined;
  const now = context.clock.now();
  return { clusterName, ageMs: now - (lastContact ?? now), reason: error ?? 'it has not caught up yet' };
}

/** Bytes per second below which a first list is not waited for. */
const HEADWAY = 256 * 1024;

/** A cluster that sends its first list may take its time; one that is silent, or drips, may not. */
async function firstState(context: GatherContext, source: ClusterSource, signal: AbortSignal): Promise<void> {
  const { clock, sourceDeadlineMs, firstListMs } = context;
  const began = clock.now();
  const stop = new AbortController();
  let received = source.reflector.state().received;
  const check = (): void => {
    const state = source.reflector.state();
    const headway = state.received - received >= (HEADWAY * sourceDeadlineMs) / 1_000;
    received = state.received;
    if (headway && clock.now() - began < firstListMs) cancel = clock.after(sourceDeadlineMs, check);
    else stop.abort();
  };
  let cancel = clock.after(sourceDeadlineMs, check);
  await source.whenStarted(AbortSignal.any([stop.signal, signal])).catch(() => undefined);
  cancel();
}

function deadlineSignal(
  context: GatherContext,
  ms: number,
  signal: AbortSignal,
): { signal: AbortSignal; cancel: () => void } {
  const stop = new AbortController();
  const cancel = context.clock.after(ms, () => stop.abort());
  return { signal: AbortSignal.any([stop.signal, signal]), cancel };
}

/** Throws 503 where the request wants all or nothing, or where nothing at all is known. */
export function refuseFaults(
  gathered: Pick<Gathered, 'hub' | 'clusters' | 'faults' | 'uncached'>,
  strict: boolean,
): void {
  const { faults } = gathered;
  if (faults.length === 0) return;
  const nothing = gathered.hub === undefined && gathered.clusters.length === 0 && gathered.uncached.length === 0;
  if (!strict && !nothing) return;
  const causes = faults.map((fault) => ({
    reason: 'ClusterUnavailable',
    message: faultText(fault),
    field: fault.clusterName,
  }));
  throw unavailable(causes.map(({ message }) => message).join('; '), 1, causes);
}
