/**
 * The view: every cluster of a workspace and its hub as one Kubernetes API. Life of a request:
 * resolve the resource → choose the route (pure) → gather the sources, each within its deadline → list, watch, get; or
 * locate the one object → write or stream where it lives.
 */
import type { ClusterRegistry } from '../clusters/downstream.ts';
import type { ApiHandler, ApiRequest, ApiResult } from '../kube/api.ts';
import { ApiError, pathNotFound } from '../kube/status.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { answerAggregatedView, isAggregatedView } from './aggregated-view.ts';
import { forgetColumns } from './cluster-columns.ts';
import { deleteCollection } from './delete-collection.ts';
import { answerHub } from './hub-answer.ts';
import type { HubPort } from './hub-port.ts';
import { checkPathSegments } from './path-segments.ts';
import { NO_PROJECTIONS, type Projections } from './projections.ts';
import { answerGet, answerList, answerWatch } from './read.ts';
import { chooseRoute, type Route } from './route.ts';
import { SourcePool } from './source-pool.ts';
import type { ViewContext, ViewMetrics, ViewReflectors } from './view-context.ts';
import type { ViewDiscovery } from './view-discovery.ts';
import { ViewStates } from './view-states.ts';
import { tellsOfFault, warningHeader } from './warnings.ts';
import { createInCluster, requestObject, streamObject } from './write.ts';
import { WriteMemory } from './write-memory.ts';

export interface ViewOptions {
  readonly hub: HubPort;
  readonly registry: ClusterRegistry;
  /** Made by `createViewReflectors`, so that its objects are in the view's form. */
  readonly reflectors: ViewReflectors;
  readonly discovery: ViewDiscovery;
  /** Synced. Default: everything is shown as it is. */
  readonly projections?: Projections;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly metrics?: ViewMetrics;
  /** How long a silent cluster may hold up an answer; default 1 s. */
  readonly sourceDeadlineMs?: number;
  /** How long a cluster that keeps sending may take for its first list; default 30 s. */
  readonly firstListMs?: number;
}

export interface View {
  readonly handle: ApiHandler;
  close(): void;
}

export function createView(options: ViewOptions): View {
  const { hub, registry, reflectors, discovery, log, clock = systemClock, random = Math.random } = options;
  const { pool: reflectorPool, maps, copies, encode } = reflectors;
  const pool = new SourcePool({ hub, reflectors: reflectorPool, maps, copies, clock, log });
  const { projections = NO_PROJECTIONS } = options;
  const states = new ViewStates({ pool, clock, discovery, registry, copies, projections, random });
  const { sourceDeadlineMs = 1_000, firstListMs = 30_000 } = options;
  const context: ViewContext = {
    hub,
    registry,
    discovery,
    pool,
    states,
    projections,
    writes: new WriteMemory(),
    maps,
    copies,
    encode,
    clock,
    random,
    log,
    sourceDeadlineMs,
    firstListMs,
  };
  const stops = [followRegistry(context), projections.onChange((workspace) => void states.reproject(workspace))];
  return {
    handle: options.metrics === undefined ? (request) => handle(context, request) : measured(context, options.metrics),
    close() {
      for (const stop of stops) stop();
      states.close();
      pool.close();
      maps.close();
    },
  };
}

function measured(context: ViewContext, metrics: ViewMetrics): ApiHandler {
  return async (request) => {
    const began = performance.now();
    // What is refused before a route is chosen is the caller's fault.
    let route = 'unknown' as Route;
    const seconds = (): number => (performance.now() - began) / 1_000;
    try {
      const result = await handle(context, request, (chosen) => {
        route = chosen;
      });
      const partial =
        'status' in result && tellsOfFault(result.headers.warning) && (route === 'list' || route === 'watch');
      metrics.finished(route, partial ? 'partial' : 'complete', seconds());
      return result;
    } catch (error) {
      metrics.finished(route, 'error', seconds());
      metrics.failed(error instanceof ApiError ? error.reason : 'InternalError');
      throw error;
    }
  };
}

async function handle(
  context: ViewContext,
  request: ApiRequest,
  onRoute: (route: Route) => void = () => {},
): Promise<ApiResult> {
  const { info, workspace } = request;
  checkPathSegments(info);
  if (info.isResource && isAggregatedView(info) && request.onlyCluster === undefined)
    return answerAggregatedView(context, request);
  const resolved = info.isResource
    ? await context.discovery.resolveResource(workspace, info.group, info.version, info.resource, request.onlyCluster)
    : undefined;
  const route = chooseRoute(info, workspace, resolved);
  onRoute(route);
  if (route === 'discovery') return (await context.discovery.handle(request)) ?? context.hub.handle(request);
  if (route === 'wildcard') return answerWildcard(context, request);
  if (resolved === undefined) throw pathNotFound();
  if (route === 'hub') return answerHub(context, request, resolved.info);
  switch (route) {
    case 'list':
      return answerList(context, resolved, request);
    case 'watch':
      return answerWatch(context, resolved, request);
    case 'get':
      return answerGet(context, resolved, request);
    case 'deletecollection':
      return deleteCollection(context, resolved, request);
    case 'create-in-cluster':
      return createInCluster(context, resolved, request);
    case 'stream':
      return streamObject(context, resolved, request);
    default:
      return requestObject(context, resolved, request);
  }
}

/**
 * Over all workspaces: what was authored, each object with its workspace (kcp's annotation), in the hub's own versions.
 * Names of clusters' objects are unique in a workspace alone, so those are read through theirs; the answer says so.
 */
async function answerWildcard({ hub }: ViewContext, request: ApiRequest): Promise<ApiResult> {
  const answer = await hub.handle(request);
  if (!('status' in answer) || answer.status !== 200) return answer;
  return { ...answer, headers: { ...answer.headers, warning: [AUTHORED_ONLY] } };
}

const AUTHORED_ONLY = warningHeader(
  'this is what was authored in all workspaces; what lives in clusters alone is read through its workspace',
);

/** Watches follow the clusters that their workspaces have: who joins is ADDED, who leaves is DELETED. */
function followRegistry({ registry, states, pool, discovery, log }: ViewContext): () => void {
  let running = false;
  let again = false;
  const refresh = async (): Promise<void> => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await states
        .refresh((key, { group, version, resource }) =>
          discovery.resolveResource(key.workspace, group, version, resource, key.onlyCluster),
        )
        .catch((error: unknown) => log.error({ err: error }, 'cannot bring views up to date with the clusters'));
    }
    running = false;
  };
  return registry.onChange(({ type, downstream }) => {
    if (type === 'health') return;
    if (type === 'definitions') forgetColumns(downstream);
    void refresh().then(() => {
      const gone = type === 'left' && !registry.all().some(({ uid }) => uid === downstream.uid);
      if (gone) pool.forget(downstream);
    });
  });
}
