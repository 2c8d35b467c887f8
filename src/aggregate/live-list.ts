/**
 * LIST without caches: all clusters are asked at once and merged, for kinds that cannot be watched (metrics) and where
 * memory does not allow a cache. Pages are pinned to each cluster's own version.
 */
import type { Downstream } from '../clusters/downstream.ts';
import { canonical } from '../clusters/reflector-cache.ts';
import { expectJson, makeBreather, objectReader, reasonOf, UnexpectedAnswer } from '../clusters/reflector-fetch.ts';
import { ListScanner } from '../clusters/reflector-list-scan.ts';
import { CLUSTER_LABEL } from '../hub/kinds/workload.ts';
import type { ListQuery } from '../hub/read/list-options.ts';
import type { ApiRequest, ApiResponse } from '../kube/api.ts';
import type { ScannedObject } from '../kube/object-scan.ts';
import { resourcePath } from '../kube/resource.ts';
import { formatLabelSelector, parseLabelSelector } from '../kube/selector.ts';
import { within } from '../kube/within.ts';
import { decodeContinue } from './continue-token.ts';
import { type FormContext, listAnswer, readHeaders } from './forms.ts';
import { mergesNames, refuseFaults } from './gather.ts';
import type { HubSnapshot } from './hub-source.ts';
import { type Item, isFolded } from './item.ts';
import { equalNames, inconsistent, listPage } from './list.ts';
import { ownNamespaceOf } from './locate.ts';
import { compareText, type MergeInput } from './merge.ts';
import { encodeVersion, HUB_SLOT } from './resource-version.ts';
import type { ViewSelection } from './selection.ts';
import { namesFor } from './show-references.ts';
import type { Slice } from './source.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';
import type { SourceFault } from './warnings.ts';

interface LiveSource {
  readonly downstream: Downstream;
  readonly slices: readonly Slice[];
  readonly version: bigint;
  /** Kinds that its objects name. */
  readonly kinds: ReadonlySet<string>;
}

/** Throws ApiError 400, 410, 503. */
export async function liveList(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  query: ListQuery,
  selection: ViewSelection,
  form: FormContext,
): Promise<ApiResponse> {
  const token = query.continue === '' ? undefined : decodeContinue(query.continue);
  const pinned = token === undefined || token.listVersion === '' ? {} : token.versions;
  // Before anything is read: a watch of what is cached goes on from here.
  const place = context.pool.sequencer.last;
  const faults: SourceFault[] = resolved.unknown.map(({ clusterName }) => ({
    clusterName,
    ageMs: undefined,
    reason: 'it has not answered yet',
  }));
  const merges = mergesNames(resolved.info, context.projections.of(request.workspace, resolved.info));
  const wanted = resolved.clusters.filter(({ clusterName }) => merges || selection.wantsSource(clusterName));
  const answers = await Promise.all(
    wanted.map(async (downstream): Promise<LiveSource | undefined> => {
      try {
        return await readCluster(context, resolved, request, query, downstream, pinned[downstream.slot]);
      } catch (error) {
        if (request.signal.aborted) throw error;
        if (token !== undefined && error instanceof UnexpectedAnswer && error.code === 410) throw inconsistent(token);
        faults.push({ clusterName: downstream.clusterName, ageMs: undefined, reason: reasonOf(error) });
        return undefined;
      }
    }),
  );
  const sources = answers
    .filter((one) => one !== undefined)
    .sort((a, b) => compareText(a.downstream.clusterName, b.downstream.clusterName));
  const lease = resolved.hub ? context.pool.hub(resolved.info) : undefined;
  try {
    refuseFaults(
      { hub: lease?.source, clusters: [], uncached: sources.map(({ downstream }) => downstream), faults },
      request.headers['x-tmc-strict'] === 'true',
    );
    const namespace = request.info.namespace === '' ? undefined : request.info.namespace;
    const hub = await lease?.source.snapshot(request.workspace, namespace, request.signal);
    hub?.catchUp();
    const inputs = inputsOf(request.workspace, hub, sources);
    const versions = Object.fromEntries(sources.map(({ downstream, version }) => [downstream.slot, String(version)]));
    const ownVersion = resolved.info.verbs.includes('watch')
      ? context.states.moments.at(place)
      : versionOf(hub, sources);
    const listVersion = token?.listVersion || String(ownVersion);
    const projection = context.projections.of(request.workspace, resolved.info);
    const named = sources.flatMap(({ kinds }) => [...kinds]);
    const kind = {
      resource: resolved.info,
      equal: equalNames({ resource: resolved.info, projection }, sources),
      names: await namesFor(context, request, named),
    };
    const list = listPage(inputs, kind, { query, selection, after: token?.after, versions, listVersion });
    return {
      status: 200,
      headers: readHeaders(form, faults),
      body: listAnswer(form, list),
    };
  } finally {
    lease?.release();
  }
}

const inputsOf = (workspace: string, hub: HubSnapshot | undefined, sources: readonly LiveSource[]): MergeInput[] => [
  ...(hub === undefined ? [] : [{ clusterName: undefined, slices: hub.slices(workspace, undefined) }]),
  ...sources.map(({ downstream: { clusterName }, slices }) => ({ clusterName, slices })),
];

function versionOf(hub: HubSnapshot | undefined, sources: readonly LiveSource[]): bigint {
  const source = sources.find(({ version }) => version > 0n);
  if (source !== undefined) return encodeVersion(source.downstream.slot, source.version);
  return encodeVersion(HUB_SLOT, hub === undefined || hub.version === 0n ? 1n : hub.version);
}

/** One cluster's part of a list. Throws what the cluster answers instead (`reasonOf` names it). */
export async function readCluster(
  context: ViewContext,
  { info }: ResolvedResource,
  request: ApiRequest,
  query: Pick<ListQuery, 'labelSelector'>,
  downstream: Downstream,
  version: string | undefined,
): Promise<LiveSource> {
  const { sourceDeadlineMs, maps, encode } = context;
  const hashed = downstream.namespaceMapping === 'Hashed' && info.namespaced;
  if (hashed) await within(sourceDeadlineMs, request.signal, (end) => maps.of(downstream).whenSynced(end));
  const shown = request.info.namespace;
  const own = shown === '' ? '' : ownNamespaceOf(maps, downstream, request.workspace, shown);
  const projection = context.projections.of(request.workspace, info)?.on(downstream);
  // What a projection shows may have other labels than the cluster's object.
  const labelSelector = projection?.reads === true ? '' : query.labelSelector;
  const labels = formatLabelSelector(parseLabelSelector(labelSelector).filter(({ key }) => key !== CLUSTER_LABEL));
  const parameters = new URLSearchParams({
    ...(labels === '' ? {} : { labelSelector: labels }),
    ...(version === undefined || version === '0' ? {} : { resourceVersion: version, resourceVersionMatch: 'Exact' }),
  });
  const response = await downstream.request({
    method: 'GET',
    path: `${resourcePath(info, own)}?${parameters}`,
    headers: { accept: 'application/json' },
    deadlineMs: sourceDeadlineMs,
    signal: request.signal,
    user: request.user,
    auditId: request.auditId,
  });
  await expectJson(response);
  const byNamespace = new Map<string, Map<string, Item>>();
  const kinds = new Set<string>();
  const take = (object: ScannedObject): void => {
    const scanned = canonical(object);
    const namespace = namespaceShown(context, downstream, request.workspace, scanned.namespace);
    const encoded = namespace === undefined ? undefined : encode(scanned, downstream, info);
    if (encoded === undefined || namespace === undefined) return;
    const { name, uid, resourceVersion, labels: own } = scanned;
    const whole: Item = { name, uid, resourceVersion, labels: own, ...encoded };
    if (request.onlyCluster === undefined && isFolded(whole)) return;
    const item = projection === undefined ? whole : projection.show(whole, namespace);
    if (item === undefined) return;
    for (const { target } of item.mark?.refs ?? []) kinds.add(target.kind);
    const items = byNamespace.get(namespace) ?? new Map<string, Item>();
    byNamespace.set(namespace, items.set(name, item));
  };
  const scanner = new ListScanner(objectReader(take));
  const breathe = makeBreather();
  for await (const chunk of response.body) {
    scanner.push(chunk);
    await breathe();
  }
  const { metadata } = scanner.finish();
  const slices = [...byNamespace].map(([namespace, items]) => ({
    namespace,
    names: [...items.keys()].sort(),
    get: (name: string) => items.get(name),
  }));
  return {
    downstream,
    slices,
    kinds,
    version: /^[0-9]{1,19}$/.test(metadata.resourceVersion) ? BigInt(metadata.resourceVersion) : 0n,
  };
}

/** Undefined: not of this workspace. */
function namespaceShown(
  context: ViewContext,
  downstream: Downstream,
  workspace: string,
  own: string,
): string | undefined {
  if (own === '' || downstream.namespaceMapping === 'Identity') return own;
  const tenant = context.maps.of(downstream).tenant(own);
  return tenant?.workspace === workspace ? tenant.namespace : undefined;
}
