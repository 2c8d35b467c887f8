/** Deletes what a selection holds, at each source. */
import type { Downstream } from '../clusters/downstream.ts';
import { CLUSTER_LABEL, COPY_LABEL } from '../hub/kinds/workload.ts';
import { parseListQuery } from '../hub/read/list-options.ts';
import type { ApiRequest, ApiResult } from '../kube/api.ts';
import { groupResourceName, resourcePath } from '../kube/resource.ts';
import { formatLabelSelector, parseLabelSelector } from '../kube/selector.ts';
import { ApiError, unavailable } from '../kube/status.ts';
import { listAnswer } from './forms.ts';
import { gather, refuseFaults } from './gather.ts';
import { answerHub, deleteInHub } from './hub-answer.ts';
import { listView } from './list.ts';
import { ownNamespaceOf } from './locate.ts';
import type { MergedItem } from './merge.ts';
import { readForm } from './read.ts';
import { destinationOf, requestCluster, withQuery } from './request-cluster.ts';
import { namesFor } from './show-references.ts';
import { wholeBody } from './translate-answer.ts';
import { translateBody } from './translate-down.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';

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
    // A field may hold a name, or a namespace, that clusters do not know, and a projection hides some.
    const byField = query.fieldSelector !== '';
    const oneByOne = byField || gathered.projection !== undefined;
    const uncached = gathered.uncached.filter(({ clusterName }) => selection.wantsSource(clusterName));
    if (oneByOne && uncached.length > 0) throw unavailable(notInMemory(uncached));
    const holders = new Set(items.flatMap(holdersOf));
    const parts: Promise<unknown>[] = [];
    if (holders.has(undefined)) {
      const chosen = items.filter((one) => holdersOf(one).includes(undefined));
      const named = selection.byCluster || byField ? chosen : undefined;
      parts.push(
        named === undefined
          ? answerHub(context, request, resolved.info)
          : // The hub knows nothing of the label of clusters, nor of what they gave an object.
            Promise.all(
              named.map(({ namespace, item: { name } }) =>
                deleteInHub(context, resolved.info, request, { namespace, name }),
              ),
            ),
      );
    }
    for (const { downstream } of gathered.clusters) {
      if (!holders.has(downstream.clusterName)) continue;
      const own = items.filter((one) => holdersOf(one).includes(downstream.clusterName));
      if (oneByOne) parts.push(deleteEach(context, resolved, request, downstream, own));
      else parts.push(deleteInCluster(context, resolved, request, downstream, query.labelSelector));
    }
    for (const downstream of uncached)
      parts.push(deleteInCluster(context, resolved, request, downstream, query.labelSelector));
    const failed = (await Promise.allSettled(parts)).flatMap((part) =>
      part.status === 'rejected' ? [part.reason as Error] : [],
    );
    if (failed.length > 0) throw failed[0] as Error;
    return { status: 200, headers: { 'content-type': form.form.media }, body: listAnswer(form, { ...list, items }) };
  } finally {
    gathered.release();
  }
}

/** Whose it is: the hub's (undefined), or of these clusters. */
const holdersOf = ({ clusterName, item }: MergedItem): readonly (string | undefined)[] => item.folded ?? [clusterName];

const withoutClusterLabel = (labelSelector: string): string =>
  formatLabelSelector(parseLabelSelector(labelSelector).filter(({ key }) => key !== CLUSTER_LABEL));

const notInMemory = (clusters: readonly Downstream[]): string =>
  `objects of ${clusters.map(({ clusterName }) => `"${clusterName}"`).join(', ')} do not fit into the gateway's memory: delete them by name or by label`;

/** Exactly what was chosen: a cluster's own answer to the selector could be more, or less. */
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
