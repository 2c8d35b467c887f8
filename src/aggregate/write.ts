/** Writes and streams of a view: each goes to the one place where its object lives, and the answer is the view's again. */
import type { Downstream } from '../clusters/downstream.ts';
import { decodeBody } from '../hub/answer/body.ts';
import { CLUSTER_LABEL, COPY_LABEL } from '../hub/kinds/workload.ts';
import { parseListQuery } from '../hub/read/list-options.ts';
import type { ApiRequest, ApiResponse, ApiResult } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import { groupResourceName, resourcePath } from '../kube/resource.ts';
import { formatLabelSelector, parseLabelSelector } from '../kube/selector.ts';
import { ApiError, forbidden, invalid, notFound } from '../kube/status.ts';
import { isNamespaceKind } from './cluster-scope.ts';
import { toItem } from './encode-object.ts';
import { listAnswer } from './forms.ts';
import { gather, refuseFaults } from './gather.ts';
import { answerHub } from './hub-answer.ts';
import { listView } from './list.ts';
import { findCopy, type Located, locate, ownNamespaceOf } from './locate.ts';
import type { MergedItem } from './merge.ts';
import { parseViewName, qualifiedName } from './names.ts';
import { checkScope, objectResponse, readForm } from './read.ts';
import { namesFor, withNames } from './show-references.ts';
import { translateValue, wholeBody } from './translate-answer.ts';
import { type Destination, translateBody } from './translate-down.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';

/** Where in a cluster a request goes. */
interface Place {
  readonly downstream: Downstream;
  readonly ownNamespace: string;
  readonly ownName: string;
  /** A copy of what the hub holds. */
  readonly copied?: true;
}

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
  const answer = await requestCluster(context, resolved, request, place);
  if (place.copied && request.info.subresource === 'eviction') await evicted(context, resolved, request, answer.status);
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
    resolved,
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
): Promise<Place | undefined> {
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
  if (located.downstream !== undefined) {
    return { downstream: located.downstream, ownNamespace: located.ownNamespace, ownName: located.item.name };
  }
  if (info.subresource === '') return undefined;
  // What only a running copy can answer: its cluster does.
  const hubAnswers = await hubServes(context, resolved, request);
  if (hubAnswers && !RUNNING.has(info.subresource)) return undefined;
  const copy = await copyOf(context, resolved, locating);
  return hubAnswers && copy === undefined ? undefined : copy;
}

async function copyOf(...found: Parameters<typeof findCopy>): Promise<Place | undefined> {
  const place = await findCopy(...found);
  return place && { ...place, copied: true };
}

/** Subresources that the hub serves of what does not run yet. */
const RUNNING: ReadonlySet<string> = new Set(['ephemeralcontainers']);

async function hubServes({ hub }: ViewContext, { info }: ResolvedResource, request: ApiRequest): Promise<boolean> {
  const definition = await hub.definition(request.workspace, info);
  return definition.info.subresources.some(({ name }) => name === request.info.subresource);
}

const pathIn = (
  { info: { group, version, resource, subresource, rest } }: ApiRequest,
  { ownNamespace, ownName }: Place,
): string => {
  const path = resourcePath({ group, version, resource }, ownNamespace, ownName, subresource);
  return [path, ...rest.map(encodeURIComponent)].join('/');
};

const withQuery = (path: string, query: URLSearchParams): string => {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
};

function destinationOf(context: ViewContext, { workspace }: ApiRequest, { downstream }: Place): Destination {
  return {
    slot: downstream.slot,
    clusterName: downstream.clusterName,
    namespace: (namespace) => ownNamespaceOf(context.maps, downstream, workspace, namespace),
    ownerUid: (uid) => context.copies.copyUid(downstream.uid, uid),
  };
}

async function requestCluster(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  place: Place,
): Promise<ApiResponse> {
  const { downstream } = place;
  const { user, signal, auditId } = request;
  const { body, contentType } = translateBody(request, resolved.info, destinationOf(context, request, place));
  const answer = await downstream.fetch({
    method: request.method,
    path: withQuery(pathIn(request, place), request.query),
    headers: { accept: 'application/json', ...(body.length === 0 ? {} : { 'content-type': contentType }) },
    ...(body.length === 0 ? {} : { body }),
    user,
    signal,
    auditId,
  });
  return toAnswer(context, resolved, request, place, answer);
}

async function toAnswer(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  { downstream, ownNamespace, ownName }: Place,
  { status, headers, body }: { status: number; headers: Readonly<Record<string, string>>; body: Buffer },
): Promise<ApiResponse> {
  const { info } = request;
  const dryRun = request.query.get('dryRun') === 'All';
  const passed = {
    ...(headers.warning === undefined ? {} : { warning: headers.warning }),
    ...(headers['retry-after'] === undefined ? {} : { 'retry-after': headers['retry-after'] }),
  };
  const whole = info.subresource === '' || info.subresource === 'status' || isOfParentKind(body, resolved);
  const item =
    status < 300 && whole && !isStatus(body) ? toItem(context.encode, body, downstream, resolved.info) : undefined;
  const { clusterName } = downstream;
  if (item !== undefined) {
    const projection = context.projections.of(request.workspace, resolved.info)?.on(downstream);
    const shown = projection === undefined ? item : projection.present(item);
    if (shown === undefined) throw notFound(resolved.info, info.name);
    if (!dryRun) context.writes.wrote(downstream, resolved.info, item.resourceVersion);
    if (request.method === 'DELETE' && !dryRun && isFinal(body)) {
      context.writes.deleted(downstream, resolved.info, ownNamespace, ownName, item.uid);
    }
    const { form } = await readForm(context, resolved, request, undefined);
    const qualified = info.name === qualifiedName(item.name, clusterName);
    const merged = { item: shown, namespace: info.namespace, clusterName, qualified };
    return objectResponse(form, await withNames(context, request, merged), status, passed);
  }
  if (status < 300 && !dryRun && request.method === 'DELETE') {
    context.writes.deleted(downstream, resolved.info, ownNamespace, ownName, uidOf(body));
  }
  const names = { slot: downstream.slot, name: info.name, namespace: info.namespace, ownName, ownNamespace };
  const contentType = headers['content-type'] ?? 'application/json';
  return { status, headers: { 'content-type': contentType, ...passed }, body: translateValue(body, names) };
}

const STATUS_HEAD = /^\{"kind":"Status"/;
const isStatus = (body: Buffer): boolean => STATUS_HEAD.test(body.toString('latin1', 0, 20));
const isOfParentKind = (body: Buffer, { info }: ResolvedResource): boolean =>
  body.toString('latin1', 0, 80).includes(`"kind":${JSON.stringify(info.kind)},`);

/** The object is gone with this answer: nothing holds it back. */
function isFinal(body: Buffer): boolean {
  const { metadata } = JSON.parse(body.toString('utf8')) as KubeObject;
  return (metadata.finalizers ?? []).length === 0 && (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function uidOf(body: Buffer): string {
  try {
    return (JSON.parse(body.toString('utf8')) as { details?: { uid?: string } }).details?.uid ?? '';
  } catch {
    return '';
  }
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
  if (place === undefined) {
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

/** Each source deletes what it holds of the selection; placed copies go with the hub's objects. */
export async function deleteCollection(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResult> {
  const query = parseListQuery(request.query, false);
  const { form, selection } = await readForm(context, resolved, request, query);
  const gathered = await gather(context, resolved, request, (name) => selection.wantsSource(name));
  try {
    refuseFaults(gathered, true);
    const { namespace } = request.info;
    const scope = { workspace: request.workspace, namespace: namespace === '' ? undefined : namespace };
    const names = await namesFor(context, request, gathered.referencedKinds());
    const list = await listView(
      { ...gathered, names },
      scope,
      { ...query, limit: 0, continue: '', resourceVersion: '' },
      selection,
      request.signal,
    );
    const items = [...list.items];
    const holders = new Set(items.map(({ clusterName }) => clusterName));
    const parts: Promise<unknown>[] = [];
    if (holders.has(undefined)) {
      const named = selection.byCluster ? items.filter(({ clusterName }) => clusterName === undefined) : undefined;
      parts.push(
        named === undefined
          ? answerHub(context, request, resolved.info)
          : Promise.all(
              named.map(({ namespace, item: { name } }) =>
                deleteInHub(context, resolved, request, { namespace, name }),
              ),
            ),
      );
    }
    for (const { downstream } of gathered.clusters) {
      if (!holders.has(downstream.clusterName)) continue;
      const own = items.filter(({ clusterName }) => clusterName === downstream.clusterName);
      if (gathered.projection !== undefined) parts.push(deleteEach(context, resolved, request, downstream, own));
      else parts.push(deleteInCluster(context, resolved, request, downstream, query.labelSelector));
    }
    const failed = (await Promise.allSettled(parts)).flatMap((part) =>
      part.status === 'rejected' ? [part.reason as Error] : [],
    );
    if (failed.length > 0) throw failed[0] as Error;
    return { status: 200, headers: { 'content-type': form.form.media }, body: listAnswer(form, { ...list, items }) };
  } finally {
    gathered.release();
  }
}

const withoutClusterLabel = (labelSelector: string): string =>
  formatLabelSelector(parseLabelSelector(labelSelector).filter(({ key }) => key !== CLUSTER_LABEL));

/** The hub knows nothing of the label of clusters: what was chosen by it is deleted one by one. */
async function deleteInHub(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const query = new URLSearchParams([...request.query].filter(([key]) => !key.endsWith('Selector')));
  const info = { ...request.info, verb: 'delete', namespace, name, subresource: '' };
  await answerHub(context, { ...request, query, info }, resolved.info).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
  });
}

/** Exactly what the projection shows: a selector could choose more. */
async function deleteEach(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  downstream: Downstream,
  items: readonly MergedItem[],
): Promise<void> {
  const query = new URLSearchParams(request.query);
  for (const option of ['labelSelector', 'fieldSelector']) query.delete(option);
  for (const { namespace, item } of items) {
    const ownNamespace = resolved.info.namespaced
      ? ownNamespaceOf(context.maps, downstream, request.workspace, namespace)
      : '';
    const place = { downstream, ownNamespace, ownName: item.name };
    const one: ApiRequest = {
      ...request,
      query,
      info: { ...request.info, verb: 'delete', name: item.name, namespace },
    };
    const answer = await requestCluster(context, resolved, one, place);
    // Somebody else was faster.
    if (answer.status >= 300 && answer.status !== 404)
      throw asError(
        answer.status,
        (await wholeBody(answer.body)) ?? Buffer.alloc(0),
        groupResourceName(resolved.info),
        downstream.clusterName,
      );
  }
}

async function deleteInCluster(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  downstream: Downstream,
  labelSelector: string,
): Promise<void> {
  const { workspace, info, user, signal, auditId } = request;
  const ownNamespace = resolved.info.namespaced
    ? ownNamespaceOf(context.maps, downstream, workspace, info.namespace)
    : '';
  const query = new URLSearchParams(request.query);
  const own = withoutClusterLabel(labelSelector);
  query.set('labelSelector', own === '' ? `!${COPY_LABEL}` : `${own},!${COPY_LABEL}`);
  const { body, contentType } = translateBody(
    request,
    resolved.info,
    destinationOf(context, request, { downstream, ownNamespace, ownName: '' }),
  );
  const answer = await downstream.fetch({
    method: 'DELETE',
    path: withQuery(resourcePath(resolved.info, ownNamespace), query),
    headers: { accept: 'application/json', ...(body.length === 0 ? {} : { 'content-type': contentType }) },
    ...(body.length === 0 ? {} : { body }),
    user,
    signal,
    auditId,
  });
  if (answer.status >= 300)
    throw asError(answer.status, answer.body, groupResourceName(resolved.info), downstream.clusterName);
}

function asError(code: number, body: Buffer, what: string, clusterName: string): ApiError {
  try {
    const { reason, message, details } = JSON.parse(body.toString('utf8')) as ApiError['status'];
    return new ApiError(code, reason ?? '', `cluster "${clusterName}": ${message ?? ''}`, details);
  } catch {
    return new ApiError(code, '', `cluster "${clusterName}" answered ${code} to the deletion of ${what}`);
  }
}
