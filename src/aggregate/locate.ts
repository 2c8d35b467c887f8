/** Where the object behind a name of a view lives: in the hub, or in one cluster. */

import type { Downstream } from '../clusters/downstream.ts';
import type { EncodeObject } from '../clusters/reflector.ts';
import type { UserInfo } from '../kube/api.ts';
import { type ResourceInfo, resourcePath } from '../kube/resource.ts';
import { notFound, unavailable } from '../kube/status.ts';
import { within } from '../kube/within.ts';
import type { Clock } from '../reconcile/clock.ts';
import { isNamespaceKind, isSharedKind } from './cluster-scope.ts';
import { toItem } from './encode-object.ts';
import { asPart, folderOf, type Part } from './fold.ts';
import type { HubPort } from './hub-port.ts';
import { type Item, isFolded } from './item.ts';
import { compareText, type MergedItem } from './merge.ts';
import { ambiguousName, parseViewName } from './names.ts';
import type { NamespaceMaps } from './namespace-map.ts';
import type { Projection } from './projection.ts';
import type { Projections } from './projections.ts';
import type { SourcePool } from './source-pool.ts';
import type { ResolvedResource } from './view-discovery.ts';
import { faultText, type SourceFault } from './warnings.ts';

export interface LocateContext {
  readonly hub: HubPort;
  readonly pool: SourcePool;
  readonly projections: Projections;
  readonly maps: NamespaceMaps;
  readonly encode: EncodeObject;
  readonly clock: Clock;
  /** Milliseconds that one cluster may take to answer. */
  readonly sourceDeadlineMs: number;
}

export interface LocateRequest {
  readonly workspace: string;
  readonly namespace: string;
  /** As the client wrote it: plain or qualified. */
  readonly name: string;
  /** Set in the slice of one cluster, where placed copies are objects like others. */
  readonly onlyCluster?: string | undefined;
  readonly user: UserInfo;
  readonly signal: AbortSignal;
}

/** One of the objects for which what is shown stands. */
export interface LocatedPart {
  readonly downstream: Downstream;
  readonly ownNamespace: string;
  readonly item: Item;
}

export interface Located extends MergedItem {
  /** Undefined: the hub, or several (`parts`). */
  readonly downstream: Downstream | undefined;
  /** By cluster name, where it stands for several. */
  readonly parts?: readonly LocatedPart[];
  /** The downstream's own namespace. */
  readonly ownNamespace: string;
  readonly faults: readonly SourceFault[];
}

/**
 * Throws ApiError 404, 409 where a plain name stands in several clusters, 503 where only clusters can hold it, one does
 * not answer and nothing is known of it: a false 404 makes controllers create things anew.
 */
export async function locate(
  context: LocateContext,
  resolved: ResolvedResource,
  request: LocateRequest,
): Promise<Located> {
  const { info, clusters } = resolved;
  const asked = parseViewName(request.name);
  const named = clusters.find(({ clusterName }) => clusterName === asked.clusterName);
  const name = named === undefined ? request.name : asked.name;
  const { workspace, namespace } = request;
  const projection = context.projections.of(workspace, info);
  const merges = projection?.merges === true && !isNamespaceKind(info);
  if ((named === undefined || merges) && resolved.hub) {
    const item = await context.hub.get(workspace, info, namespace, name);
    // It stands for all of its name.
    if (item !== undefined && named !== undefined) throw notFound(info, request.name);
    if (item !== undefined) {
      return {
        item,
        namespace,
        clusterName: undefined,
        qualified: false,
        downstream: undefined,
        ownNamespace: namespace,
        faults: [],
      };
    }
  }
  // Where one of equal names is chosen, those that it is chosen of must be known.
  const candidates = named === undefined || merges ? clusters : [named];
  const found = (await lookUpAll(context, candidates, info, { ...request, name })).map((one) =>
    projection === undefined || one.item === undefined
      ? one
      : { ...one, item: projection.on(one.downstream).show(one.item, namespace) },
  );
  const holders = shownOf(projection, resolved, found, named);
  const faults = found.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  const first = holders[0];
  if (first?.item === undefined) {
    // Where the hub authors the kind, its word decides: one silent cluster must not keep people from applying anew.
    const hubDecides = resolved.hub && named === undefined;
    if (!hubDecides && faults.some(({ ageMs }) => ageMs === undefined)) throw missing(faults);
    throw notFound(info, request.name);
  }
  const parts = holders.length > 1 ? partsOf(holders) : [];
  const folded = folderOf(info)?.(parts);
  if (folded !== undefined) {
    const where = { clusterName: undefined, downstream: undefined, ownNamespace: namespace };
    return { item: folded, namespace, qualified: false, ...where, parts, faults };
  }
  if (holders.length > 1 && !isNamespaceKind(info)) {
    throw ambiguousName(
      info,
      name,
      holders.map(({ downstream }) => downstream.clusterName),
    );
  }
  const { downstream, item, ownNamespace } = first;
  return {
    item: named === undefined ? item : asPart(item),
    namespace,
    clusterName: downstream.clusterName,
    qualified: named !== undefined,
    downstream,
    ownNamespace,
    faults,
  };
}

const partsOf = (holders: readonly LookUp[]): (LocatedPart & Part)[] =>
  holders
    .flatMap(({ downstream, ownNamespace, item }) =>
      item === undefined ? [] : [{ clusterName: downstream.clusterName, downstream, ownNamespace, item }],
    )
    .sort((a, b) => compareText(a.clusterName, b.clusterName));

/** Those of the clusters that hold the name whose objects are shown. */
function shownOf(
  projection: Projection | undefined,
  { info }: ResolvedResource,
  found: readonly LookUp[],
  named: Downstream | undefined,
): readonly LookUp[] {
  const holders = found.filter((one) => one.item !== undefined);
  const known = found.filter(({ fault }) => fault === undefined || fault.ageMs !== undefined);
  const choose = isNamespaceKind(info) ? undefined : projection?.chooser(known.map(({ downstream }) => downstream));
  if (choose === undefined) return holders;
  const byName = [...holders].sort((a, b) => compareText(a.downstream.clusterName, b.downstream.clusterName));
  const one = choose(
    byName.map(({ downstream: { clusterName }, item }, index) => ({ clusterName, item: item as Item, index })),
  );
  const chosen = one === undefined ? undefined : byName[one.index];
  return chosen === undefined || (named !== undefined && chosen.downstream !== named) ? [] : [chosen];
}

const missing = (faults: readonly SourceFault[]): Error => {
  const causes = faults.map((fault) => ({
    reason: 'ClusterUnavailable',
    message: faultText(fault),
    field: fault.clusterName,
  }));
  return unavailable(causes.map(({ message }) => message).join('; '), 1, causes);
};

interface LookUp {
  readonly downstream: Downstream;
  readonly item: Item | undefined;
  readonly ownNamespace: string;
  readonly fault: SourceFault | undefined;
}

/** The placed copy of a hub object, by plain or qualified name: where it runs. Undefined where no cluster that answers has one. */
export async function findCopy(
  context: LocateContext,
  { info, clusters }: ResolvedResource,
  request: LocateRequest,
): Promise<(LocatedPart & { ownName: string }) | undefined> {
  const asked = parseViewName(request.name);
  const named = clusters.find(({ clusterName }) => clusterName === asked.clusterName);
  const ownName = named === undefined ? request.name : asked.name;
  const found = await Promise.all(
    (named === undefined ? clusters : [named]).map(async (downstream) => {
      const ownNamespace = info.namespaced
        ? ownNamespaceOf(context.maps, downstream, request.workspace, request.namespace)
        : '';
      const item = await readLive(context, downstream, info, ownNamespace, { ...request, name: ownName }).catch(
        () => undefined,
      );
      if (item === undefined) return undefined;
      const shown = isFolded(item) || isShown(context, request, info, downstream, item);
      return shown ? { downstream, ownNamespace, ownName, item } : undefined;
    }),
  );
  return found.find((one) => one !== undefined);
}

function isShown(
  { projections }: LocateContext,
  { workspace, namespace }: LocateRequest,
  info: ResourceInfo,
  downstream: Downstream,
  item: Item,
): boolean {
  const projection = projections.of(workspace, info);
  return projection === undefined || projection.on(downstream).show(item, namespace) !== undefined;
}

/**
 * What live caches hold is taken from them, and then only clusters without a live cache are asked. What no cache holds is
 * asked for everywhere: it may have come a moment ago.
 */
async function lookUpAll(
  context: LocateContext,
  candidates: readonly Downstream[],
  info: ResourceInfo,
  request: LocateRequest,
): Promise<LookUp[]> {
  const cached = candidates.map((downstream) => fromCache(context, downstream, info, request));
  const held = cached.some((one) => one.live && one.item !== undefined);
  return Promise.all(cached.map((one) => (one.live && held ? one : fromCluster(context, one, info, request))));
}

interface Cached extends LookUp {
  /** The cache is up to date. */
  readonly live: boolean;
  /** Age of what it knows; undefined: it knows nothing. */
  readonly ageMs: number | undefined;
}

function fromCache(context: LocateContext, downstream: Downstream, info: ResourceInfo, request: LocateRequest): Cached {
  const { workspace, namespace, name } = request;
  const source = context.pool.present(downstream, info, request.onlyCluster !== undefined);
  const state = source?.started === true ? source.state() : undefined;
  return {
    downstream,
    ownNamespace: info.namespaced ? ownNamespaceOf(context.maps, downstream, workspace, namespace) : '',
    item: source?.get(workspace, namespace, name),
    live: state?.live === true,
    ageMs: state?.lastContact === undefined ? undefined : context.clock.now() - state.lastContact,
    fault: undefined,
  };
}

/** From the cluster itself, else what was last known of it. */
async function fromCluster(
  context: LocateContext,
  cached: Cached,
  info: ResourceInfo,
  request: LocateRequest,
): Promise<LookUp> {
  const { downstream, ownNamespace, ageMs } = cached;
  const hidden = !info.namespaced && downstream.namespaceMapping === 'Hashed' && !isSharedKind(info);
  if (hidden) return { ...cached, item: undefined };
  try {
    const item = await readLive(context, downstream, info, ownNamespace, request);
    return {
      ...cached,
      item: item !== undefined && (request.onlyCluster !== undefined || !isFolded(item)) ? item : undefined,
    };
  } catch (error) {
    if (request.signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return { ...cached, fault: { clusterName: downstream.clusterName, ageMs, reason } };
  }
}

export function ownNamespaceOf(
  maps: NamespaceMaps,
  downstream: Downstream,
  workspace: string,
  namespace: string,
): string {
  return downstream.namespaceMapping === 'Identity'
    ? namespace
    : maps.of(downstream).downstreamName(workspace, namespace);
}

async function readLive(
  context: LocateContext,
  downstream: Downstream,
  info: ResourceInfo,
  ownNamespace: string,
  { name, user, signal }: LocateRequest,
): Promise<Item | undefined> {
  const answer = await within(context.sourceDeadlineMs, signal, async (deadline) => {
    if (downstream.namespaceMapping === 'Hashed' && info.namespaced) {
      const map = context.maps.of(downstream);
      await map.whenSynced(deadline);
      if (map.tenant(ownNamespace) === undefined) return undefined;
    }
    return downstream.fetch({
      method: 'GET',
      path: resourcePath(info, ownNamespace, name),
      headers: { accept: 'application/json' },
      deadlineMs: context.sourceDeadlineMs,
      signal: deadline,
      user,
    });
  });
  if (answer === undefined) return undefined;
  const { status, body } = answer;
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`answered ${status}`);
  return toItem(context.encode, body, downstream, info);
}
