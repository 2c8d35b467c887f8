/** One request of one object to the one cluster where it lives, and its answer as the view shows it. */
import type { Downstream } from '../clusters/downstream.ts';
import { scanCanonical } from '../clusters/reflector-cache.ts';
import { encodeWith } from '../clusters/reflector-encode.ts';
import type { ApiRequest, ApiResponse } from '../kube/api.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import type { KubeObject } from '../kube/object.ts';
import { resourcePath } from '../kube/resource.ts';
import { notFound } from '../kube/status.ts';
import { toItem } from './encode-object.ts';
import { asPart } from './fold.ts';
import type { Item } from './item.ts';
import { ownNamespaceOf } from './locate.ts';
import { qualifiedName } from './names.ts';
import { objectResponse, readForm } from './read.ts';
import { encodeVersion, HUB_SLOT, toSourceVersion } from './resource-version.ts';
import { withNames } from './show-references.ts';
import { translateValue } from './translate-answer.ts';
import { type Destination, type StatedTerms, translateBody } from './translate-down.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';

/** Where in a cluster a request goes. */
export interface Place {
  readonly downstream: Downstream;
  readonly ownNamespace: string;
  readonly ownName: string;
  /** Set where it is the copy of what the hub holds, and `shown` is what the view shows for it. */
  readonly copy?: { readonly item: Item; readonly shown: Item | undefined };
}

export const pathIn = (
  { info: { group, version, resource, subresource, rest } }: ApiRequest,
  { ownNamespace, ownName }: Place,
): string => {
  const path = resourcePath({ group, version, resource }, ownNamespace, ownName, subresource);
  return [path, ...rest.map(encodeURIComponent)].join('/');
};

export const withQuery = (path: string, query: URLSearchParams): string => {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
};

export function destinationOf(
  context: ViewContext,
  { workspace }: ApiRequest,
  { downstream, copy }: Place,
): Destination {
  const shown = copy?.shown && String(encodeVersion(HUB_SLOT, copy.shown.resourceVersion));
  return {
    // Who knows the hub's object as it is now means the copy as it is now.
    version: (text) =>
      copy !== undefined && text === shown ? String(copy.item.resourceVersion) : toSourceVersion(text, downstream.slot),
    clusterName: downstream.clusterName,
    namespace: (namespace) => ownNamespaceOf(context.maps, downstream, workspace, namespace),
    uid: (uid) => context.copies.copyUid(downstream.uid, uid),
  };
}

/** The request as the cluster reads it, and the answer as the view shows it. */
export async function requestCluster(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  place: Place,
): Promise<ApiResponse> {
  return toAnswer(context, resolved, request, place, await sendToCluster(context, resolved, request, place));
}

/** What a cluster says of a request that it does not answer with the object, in the view's words. */
export function translateRefusal(
  context: ViewContext,
  { info: { name, namespace } }: ApiRequest,
  { downstream, ownNamespace, ownName, copy }: Place,
  { body, stated }: ClusterAnswer,
): Buffer {
  const { slot } = downstream;
  const uids = new Map(stated);
  if (copy?.shown !== undefined) {
    uids.set(copy.item.uid, copy.shown.uid);
    uids.set(String(copy.item.resourceVersion), String(encodeVersion(HUB_SLOT, copy.shown.resourceVersion)));
  }
  const hubUid = (uid: string): string | undefined => context.copies.hubUid(downstream.uid, uid);
  return translateValue(body, { slot, name, namespace, ownName, ownNamespace, stated: uids, hubUid });
}

export interface ClusterAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly stated: StatedTerms;
}

/** The same, with the answer as the cluster gave it. */
export async function sendToCluster(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  place: Place,
): Promise<ClusterAnswer> {
  const { downstream } = place;
  const { user, signal, auditId } = request;
  const { body, contentType, stated } = translateBody(request, resolved.info, destinationOf(context, request, place));
  const answer = await downstream.fetch({
    method: request.method,
    path: withQuery(pathIn(request, place), request.query),
    headers: { accept: 'application/json', ...(body.length === 0 ? {} : { 'content-type': contentType }) },
    ...(body.length === 0 ? {} : { body }),
    user,
    signal,
    auditId,
  });
  return { ...answer, stated };
}

async function toAnswer(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  place: Place,
  answer: ClusterAnswer,
): Promise<ApiResponse> {
  const { downstream } = place;
  const { status, headers, body } = answer;
  const { info } = request;
  const passed = {
    ...(headers.warning === undefined ? {} : { warning: headers.warning }),
    ...(headers['retry-after'] === undefined ? {} : { 'retry-after': headers['retry-after'] }),
  };
  const whole = info.subresource === '' || info.subresource === 'status' || isOfParentKind(body, resolved);
  const item =
    status < 300 && whole && !isStatus(body) ? toItem(context.encode, body, downstream, resolved.info) : undefined;
  noteWrite(context, resolved, request, place, { status, body }, item);
  const { clusterName } = downstream;
  if (item !== undefined) {
    const projection = context.projections.of(request.workspace, resolved.info)?.on(downstream);
    const qualified = info.name === qualifiedName(item.name, clusterName);
    const own = qualified ? asPart(item) : asShown(item, place, resolved);
    const shown = projection === undefined ? own : projection.present(own);
    if (shown === undefined) throw notFound(resolved.info, info.name);
    const { form } = await readForm(context, resolved, request, undefined);
    const merged = { item: shown, namespace: info.namespace, clusterName, qualified };
    return objectResponse(form, await withNames(context, request, merged), status, passed);
  }
  const contentType = headers['content-type'] ?? 'application/json';
  return {
    status,
    headers: { 'content-type': contentType, ...passed },
    body: translateRefusal(context, request, place, answer),
  };
}

/** A copy as the object that the view shows for it: by the hub's uid, at the hub's version. */
function asShown(item: Item, { copy }: Place, { info }: ResolvedResource): Item {
  if (copy?.shown === undefined) return item;
  const object = parseJson(item.bytes.toString('utf8')) as unknown as KubeObject;
  const { uid, resourceVersion } = copy.shown;
  object.metadata.uid = uid;
  object.metadata.resourceVersion = String(encodeVersion(HUB_SLOT, resourceVersion));
  const { bytes, nameAt } = encodeWith(scanCanonical(Buffer.from(stringifyJson(object))), info, []);
  return { name: item.name, uid, resourceVersion, labels: item.labels, bytes, nameAt };
}

/** Lists that come after see it. `item`: the object that was answered; undefined for anything else. */
export function noteWrite(
  { writes }: ViewContext,
  { info }: ResolvedResource,
  request: ApiRequest,
  { downstream, ownNamespace, ownName }: Place,
  { status, body }: Pick<ClusterAnswer, 'status' | 'body'>,
  item: Item | undefined,
): void {
  if (status >= 300 || request.query.get('dryRun') === 'All') return;
  if (item !== undefined) writes.wrote(downstream, info, item.resourceVersion);
  if (request.method !== 'DELETE') return;
  if (item === undefined) writes.deleted(downstream, info, ownNamespace, ownName, uidOf(body));
  else if (isFinal(body)) writes.deleted(downstream, info, ownNamespace, ownName, item.uid);
}

const STATUS_HEAD = /^\{"kind":"Status"/;
export const isStatus = (body: Buffer): boolean => STATUS_HEAD.test(body.toString('latin1', 0, 20));
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
