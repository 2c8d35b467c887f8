/** Writes and streams of a view: each goes to the one place where its object lives, and the answer is the view's again. */
import { decodeBody } from '../hub/answer/body.ts';
import { CLUSTER_LABEL } from '../hub/kinds/workload.ts';
import type { ApiRequest, ApiResponse, ApiResult } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError, forbidden, invalid, notFound } from '../kube/status.ts';
import { isNamespaceKind } from './cluster-scope.ts';
import { answerHub, deleteInHub } from './hub-answer.ts';
import type { Item } from './item.ts';
import { findCopy, type Located, locate, ownNamespaceOf } from './locate.ts';
import { parseViewName } from './names.ts';
import { checkScope } from './read.ts';
import { type Place, pathIn, requestCluster, withQuery } from './request-cluster.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';
import { type FoldedPlace, requestFolded } from './write-folded.ts';

/** Update, patch, delete, and requests to subresources of one object. */
export async function requestObject(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResult> {
  checkScope(resolved, request);
  const place = await placeOf(context, resolved, request);
  if (place === undefined) return answerHub(context, request, resolved.info);
  refuseWritingBack(context, resolved, request);
  if ('parts' in place) return requestFolded(context, resolved, request, place);
  const answer = await requestCluster(context, resolved, request, place);
  if (place.copy && request.info.subresource === 'eviction') await evicted(context, resolved, request, answer.status);
  return answer;
}

/**
 * Of an object that is shown otherwise than it is, neither what is shown nor a patch may be written: the one would take
 * what is hidden for removed, the other can read it (`test`, `copy`).
 */
function refuseWritingBack({ projections }: ViewContext, { info }: ResolvedResource, request: ApiRequest): void {
  const writes = request.method === 'PUT' || request.method === 'PATCH';
  const { subresource, name } = request.info;
  if (!writes || subresource === 'scale') return;
  if (projections.of(request.workspace, info)?.changesFields !== true) return;
  throw forbidden(info, name, 'a ResourceProjection shows it with other fields than it has, so it can only be read');
}

/** A copy that was evicted would be made again: whoever authored a Pod has it evicted with its copy. */
async function evicted(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  status: number,
): Promise<void> {
  const { deleteOptions } = (decodeBody(request, EVICTION) ?? {}) as { deleteOptions?: { dryRun?: readonly string[] } };
  const dryRun = request.query.get('dryRun') === 'All' || deleteOptions?.dryRun?.includes('All');
  if (status >= 300 || dryRun) return;
  const { namespace, name } = request.info;
  await deleteInHub(
    context,
    resolved.info,
    { ...request, method: 'DELETE', query: new URLSearchParams(), body: NOTHING },
    { namespace, name: parseViewName(name).name },
  );
}

const EVICTION = { group: 'policy', version: 'v1', kind: 'Eviction' };
const NOTHING = new Uint8Array(0);

/** Undefined: the hub answers, also that there is no such object. */
async function placeOf(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<Place | FoldedPlace | undefined> {
  const { workspace, info, user, signal, onlyCluster } = request;
  const { name } = info;
  const namespace = isNamespaceKind(resolved.info) ? '' : info.namespace;
  const locating = { workspace, namespace, name, user, signal, onlyCluster };
  let located: Located;
  try {
    located = await locate(context, resolved, locating);
  } catch (error) {
    // An apply or an update may create it, and its own text for what is missing is the right one.
    const absent = error instanceof ApiError && error.code === 404 && resolved.hub;
    if (!absent) throw error;
    return parseViewName(name).clusterName === undefined ? undefined : copyOf(context, resolved, locating);
  }
  const { parts, ...merged } = located;
  if (parts !== undefined) return { parts, merged };
  if (located.downstream !== undefined) {
    return { downstream: located.downstream, ownNamespace: located.ownNamespace, ownName: located.item.name };
  }
  if (info.subresource === '') return undefined;
  // What only a running copy can answer: its cluster does.
  const hubAnswers = await hubServes(context, resolved, request);
  if (hubAnswers && !RUNNING.has(info.subresource)) return undefined;
  return copyOf(context, resolved, locating, located.item);
}

/** @param shown what the view shows for it; undefined where it was called by its cluster's name */
async function copyOf(
  context: ViewContext,
  resolved: ResolvedResource,
  locating: Parameters<typeof findCopy>[2],
  shown?: Item,
): Promise<Place | undefined> {
  const found = await findCopy(context, resolved, locating);
  return found && { ...found, copy: { item: found.item, shown } };
}

/** Subresources that the hub serves of what does not run yet. */
const RUNNING: ReadonlySet<string> = new Set(['ephemeralcontainers']);

async function hubServes({ hub }: ViewContext, { info }: ResolvedResource, request: ApiRequest): Promise<boolean> {
  const definition = await hub.definition(request.workspace, info);
  return definition.info.subresources.some(({ name }) => name === request.info.subresource);
}

/** A kind that nobody authors in the hub is created where the object says: by `name@cluster`, by the cluster's label, or where there is only one. */
export async function createInCluster(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResponse> {
  checkScope(resolved, request);
  const object = (decodeBody(request, resolved.info) ?? {}) as Partial<KubeObject>;
  const metadata = object.metadata ?? {};
  const named = parseViewName(metadata.name ?? '').clusterName ?? metadata.labels?.[CLUSTER_LABEL];
  const { clusters } = resolved;
  const chosen = clusters.find(({ clusterName }) => clusterName === (named ?? request.onlyCluster));
  const downstream = chosen ?? (named === undefined && clusters.length === 1 ? clusters[0] : undefined);
  if (downstream === undefined) {
    const known = clusters.map(({ clusterName }) => JSON.stringify(clusterName)).sort();
    const message = `Required value: objects of this kind live in one cluster: name it by this label or as name@cluster, one of ${known.join(', ')}`;
    throw invalid(resolved.info, metadata.name ?? '', [
      { reason: 'FieldValueRequired', message, field: `metadata.labels[${CLUSTER_LABEL}]` },
    ]);
  }
  const { namespace } = request.info;
  const ownNamespace = resolved.info.namespaced
    ? ownNamespaceOf(context.maps, downstream, request.workspace, namespace)
    : '';
  const inCluster = { ...request, info: { ...request.info, name: '' } };
  return requestCluster(context, resolved, inCluster, { downstream, ownNamespace, ownName: '' });
}

/** Logs, exec, attach, port-forward and proxies: the raw request goes on to the object's cluster. */
export async function streamObject(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResult> {
  checkScope(resolved, request);
  const { before, name, after } = proxiedName(request);
  const place = await placeOf(context, resolved, { ...request, info: { ...request.info, name } });
  if (place === undefined || 'parts' in place) {
    if (resolved.hub && (await hubServes(context, resolved, request))) return context.hub.handle(request);
    throw notFound(resolved.info, request.info.name);
  }
  const { origin, basePath = '', headers, tls } = await place.downstream.target(request.user);
  const own = { ...place, ownName: `${before}${place.ownName}${after}` };
  const path = withQuery(`${basePath}${pathIn(request, own)}`, request.query);
  return { proxy: { clusterName: place.downstream.clusterName, origin, path, headers, tls } };
}

/** Who is proxied to may be named with a scheme and a port: `https:web:443`, `web:http` (apimachinery SplitSchemeNamePort). */
function proxiedName({ info }: ApiRequest): { before: string; name: string; after: string } {
  const parts = info.subresource === 'proxy' ? info.name.split(':') : [info.name];
  const [first = '', second, third] = parts;
  if (second === undefined || parts.length > 3) return { before: '', name: info.name, after: '' };
  return third === undefined
    ? { before: '', name: first, after: `:${second}` }
    : { before: `${first}:`, name: second, after: `:${third}` };
}
