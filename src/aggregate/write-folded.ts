/**
 * Requests to one object that stands for several (`fold.ts`). It is deleted in each cluster; it is not written to: what a
 * write means for each cluster is not in it, and the controllers that keep the parts would undo it.
 */
import { decodeBody } from '../hub/answer/body.ts';
import { valueResponse } from '../hub/answer/respond.ts';
import { checkPreconditions } from '../hub/write/delete.ts';
import { toScale } from '../hub/write/scale-object.ts';
import type { ApiRequest, ApiResponse } from '../kube/api.ts';
import { stringifyJson } from '../kube/exact-json.ts';
import { record, text } from '../kube/fields.ts';
import { forbidden, notFound } from '../kube/status.ts';
import { toItem } from './encode-object.ts';
import { folderOf, type Part } from './fold.ts';
import { parseItem } from './forms.ts';
import type { LocatedPart } from './locate.ts';
import type { MergedItem } from './merge.ts';
import { qualifiedName } from './names.ts';
import { objectResponse, readForm } from './read.ts';
import {
  type ClusterAnswer,
  isStatus,
  noteWrite,
  type Place,
  sendToCluster,
  translateRefusal,
} from './request-cluster.ts';
import { encodeVersion, FOLD_SLOT } from './resource-version.ts';
import { withNames } from './show-references.ts';
import { expectedKind } from './translate-down.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';

export interface FoldedPlace {
  readonly merged: MergedItem;
  /** By cluster name. */
  readonly parts: readonly LocatedPart[];
}

/** Throws ApiError 403 for what would change it, 404 for subresources that it does not have, 409 for preconditions. */
export async function requestFolded(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  place: FoldedPlace,
): Promise<ApiResponse> {
  const { verb, subresource } = request.info;
  if (verb === 'delete' && subresource === '') return deleteParts(context, resolved, request, place);
  if (verb !== 'get') throw readOnly(resolved, request, place);
  const { form } = await readForm(context, resolved, request, undefined);
  if (subresource === 'status') return objectResponse(form, await withNames(context, request, place.merged), 200, {});
  const definition = await context.hub.definition(request.workspace, resolved.info);
  if (subresource !== 'scale' || definition.scale === undefined) throw notFound(resolved.info, request.info.name);
  return valueResponse(200, toScale({ definition }, parseItem(place.merged)), form.form.media);
}

function readOnly({ info }: ResolvedResource, { info: { name } }: ApiRequest, { merged, parts }: FoldedPlace): Error {
  const owner = parseItem(merged).metadata.ownerReferences?.[0];
  const each = parts.map(({ downstream }) => JSON.stringify(qualifiedName(name, downstream.clusterName)));
  return forbidden(
    info,
    name,
    `it stands for those that ${owner?.kind} "${owner?.name}" has in ${parts.length} clusters: change the ${owner?.kind}, or one of ${each.join(', ')}`,
  );
}

async function deleteParts(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  { merged, parts }: FoldedPlace,
): Promise<ApiResponse> {
  const { info } = resolved;
  const options = record(decodeBody(request, expectedKind(request, info))) ?? {};
  const wanted = record(options.preconditions);
  if (wanted !== undefined) {
    const version = String(encodeVersion(FOLD_SLOT, merged.item.resourceVersion));
    const [uid, resourceVersion] = [text(wanted.uid), text(wanted.resourceVersion)];
    const stated = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
    checkPreconditions(info, request.info.name, { uid: merged.item.uid, resourceVersion: version }, stated);
  }
  const answers = await Promise.all(
    parts.map(async (part): Promise<PartAnswer> => {
      const { downstream, ownNamespace, item } = part;
      const place: Place = { downstream, ownNamespace, ownName: item.name };
      const own =
        wanted === undefined ? request : withBody(request, { ...options, preconditions: ownTerms(wanted, part) });
      const answer = await sendToCluster(context, resolved, own, place);
      const left =
        answer.status < 300 && !isStatus(answer.body)
          ? toItem(context.encode, answer.body, downstream, info)
          : undefined;
      noteWrite(context, resolved, request, place, answer, left);
      return { part, answer, left };
    }),
  );
  return answerOf(context, resolved, request, merged, answers);
}

interface PartAnswer {
  readonly part: LocatedPart;
  readonly answer: ClusterAnswer;
  /** What is left of it, where something holds it back. */
  readonly left: Part['item'] | undefined;
}

/** What was asked of the whole, asked of one part: that it is the one, and as it was. */
const ownTerms = (wanted: object, { downstream, item }: LocatedPart): object => ({
  ...('uid' in wanted ? { uid: item.uid } : {}),
  ...('resourceVersion' in wanted
    ? { resourceVersion: String(encodeVersion(downstream.slot, item.resourceVersion)) }
    : {}),
});

const withBody = (request: ApiRequest, body: object): ApiRequest => ({
  ...request,
  body: Buffer.from(stringifyJson(body)),
  headers: { ...request.headers, 'content-type': 'application/json' },
});

/** A cluster's refusal counts for all; a part that is gone was deleted by somebody faster. */
async function answerOf(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  merged: MergedItem,
  answers: readonly PartAnswer[],
): Promise<ApiResponse> {
  const { name } = request.info;
  const refused = answers.find(({ answer: { status } }) => status >= 300 && status !== 404);
  if (refused !== undefined) {
    const { downstream, ownNamespace, item } = refused.part;
    const place: Place = { downstream, ownNamespace, ownName: item.name };
    const body = translateRefusal(context, request, place, refused.answer);
    return { status: refused.answer.status, headers: { 'content-type': 'application/json' }, body };
  }
  if (answers.every(({ answer: { status } }) => status === 404)) throw notFound(resolved.info, name);
  const left = answers.flatMap(({ part, left }) =>
    left === undefined ? [] : [{ clusterName: part.downstream.clusterName, item: left }],
  );
  const item = folderOf(resolved.info)?.(left);
  const { form } = await readForm(context, resolved, request, undefined);
  if (item !== undefined) return objectResponse(form, { ...merged, item }, 200, {});
  const { group, resource } = resolved.info;
  const details = { name, group, kind: resource, uid: merged.item.uid };
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return valueResponse(200, success, form.form.media);
}
