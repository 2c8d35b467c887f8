/** GET, LIST and WATCH of a view: options checked, sources gathered, the answer in the form that was asked for. */

import type { Downstream } from '../clusters/downstream.ts';
import { negotiate } from '../hub/answer/negotiate.ts';
import { valueResponse } from '../hub/answer/respond.ts';
import { CLUSTER_LABEL, STATE_LABEL_PREFIX } from '../hub/kinds/workload.ts';
import { type ListQuery, parseListQuery, parseWatchQuery } from '../hub/read/list-options.ts';
import type { ApiRequest, ApiResponse } from '../kube/api.ts';
import { invalid, pathNotFound } from '../kube/status.ts';
import { within } from '../kube/within.ts';
import { columnsOf } from './cluster-columns.ts';
import { isNamespaceKind } from './cluster-scope.ts';
import { type FormContext, listAnswer, objectValue, readHeaders, watchForm } from './forms.ts';
import { type Gathered, gather, refuseFaults } from './gather.ts';
import { listView } from './list.ts';
import { itemBytes } from './list-body.ts';
import { liveList } from './live-list.ts';
import { locate } from './locate.ts';
import type { MergedItem } from './merge.ts';
import { compileSelection, type ViewSelection } from './selection.ts';
import { beginUsual, namesFor, withNames } from './show-references.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';
import { type SourceFault, warningHeaders } from './warnings.ts';
import { UNCACHED_MS, watchView } from './watch.ts';

export const isStrict = (request: ApiRequest): boolean => request.headers['x-tmc-strict']?.toLowerCase() === 'true';

export async function answerList(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResponse> {
  const query = parseListQuery(request.query, false);
  const { form, selection } = await readForm(context, resolved, request, query);
  if (!isWatchable(resolved)) return liveList(context, resolved, request, query, selection, form);
  beginUsual(context, resolved, request);
  const gathered = await gather(context, resolved, request, (name) => selection.wantsSource(name));
  try {
    if (gathered.uncached.length > 0) return await liveList(context, resolved, request, query, selection, form);
    refuseFaults(gathered, isStrict(request));
    const names = await namesFor(context, request, gathered.referencedKinds());
    const list = await listView({ ...gathered, names }, scopeOf(resolved, request), query, selection, request.signal);
    return {
      status: 200,
      headers: readHeaders(form, gathered.faults),
      body: listAnswer(form, list),
    };
  } finally {
    gathered.release();
  }
}

export async function answerWatch(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResponse> {
  const query = parseWatchQuery(request.query, request.info.name);
  const { form, selection } = await readForm(context, resolved, request, query);
  const gathered = await gather(context, resolved, request, (name) => selection.wantsSource(name));
  let acquired: Awaited<ReturnType<typeof context.states.acquire>> | undefined;
  const release = (): void => {
    acquired?.release();
    gathered.release();
  };
  try {
    const faults = [...gathered.faults, ...gathered.uncached.map(notWatched)];
    refuseFaults({ ...gathered, faults }, isStrict(request));
    // client-go then lists, and watches from there.
    if (gathered.uncached.length > 0 && query.sendInitialEvents !== undefined) throw noInitialEvents(resolved);
    const { workspace, onlyCluster } = request;
    acquired = await within(context.sourceDeadlineMs, request.signal, (end) =>
      context.states.acquireWatched({ workspace, onlyCluster }, resolved, end),
    );
    const body = await watchView(
      watchContext(context, resolved, request, { query, form, selection, gathered, release, state: acquired.state }),
      request.signal,
    );
    return { status: 200, headers: readHeaders(form, faults), body };
  } catch (error) {
    release();
    throw error;
  }
}

const notWatched = ({ clusterName }: Downstream): SourceFault => ({
  clusterName,
  ageMs: undefined,
  reason: `its objects do not fit into the gateway's memory; they are listed, and the watch ends every ${UNCACHED_MS / 1_000} s so that they are listed anew`,
});

const noInitialEvents = ({ info }: ResolvedResource): Error =>
  invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, info.resource, [
    {
      reason: 'FieldValueForbidden',
      message: 'Forbidden: sendInitialEvents is forbidden for watch while clusters do not fit into memory',
      field: 'sendInitialEvents',
    },
  ]);

interface WatchParts {
  readonly query: ListQuery;
  readonly form: FormContext;
  readonly selection: ViewSelection;
  readonly gathered: Gathered;
  readonly release: () => void;
  readonly state: Awaited<ReturnType<ViewContext['states']['acquire']>>['state'];
}

const watchContext = (context: ViewContext, resolved: ResolvedResource, request: ApiRequest, parts: WatchParts) => ({
  state: parts.state,
  gathered: parts.gathered,
  ...scopeOf(resolved, request),
  query: parts.query,
  selection: parts.selection,
  form: watchForm(parts.form, context.clock),
  clock: context.clock,
  random: context.random,
  access: request.access,
  raiseBarrier: () => context.states.raiseBarrier(request.workspace),
  onEnd: parts.release,
});

export async function answerGet(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { form } = await readForm(context, resolved, request, undefined);
  const { info } = request;
  checkScope(resolved, request);
  const located = await locate(context, resolved, {
    workspace: request.workspace,
    namespace: isNamespaceKind(resolved.info) ? '' : info.namespace,
    name: info.name,
    onlyCluster: request.onlyCluster,
    user: request.user,
    signal: request.signal,
  });
  return objectResponse(
    form,
    await withNames(context, request, located),
    200,
    warningHeaders(located.faults, form.definition.deprecated),
  );
}

export function objectResponse(
  form: FormContext,
  merged: MergedItem,
  status: number,
  headers: Readonly<Record<string, string | readonly string[]>>,
): ApiResponse {
  if (form.form.as === 'object' && form.form.media === 'application/json') {
    return { status, headers: { 'content-type': 'application/json', ...headers }, body: itemBytes(merged) };
  }
  const answer = valueResponse(status, objectValue(form, merged), form.form.media);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** A kind without watch cannot be cached: it is asked for each time. */
const isWatchable = ({ info }: ResolvedResource): boolean =>
  info.verbs.includes('watch') && info.verbs.includes('list');

const scopeOf = ({ info }: ResolvedResource, { workspace, info: { namespace } }: ApiRequest) => ({
  workspace,
  namespace: info.namespaced && namespace !== '' ? namespace : undefined,
});

/** A path with a namespace where the kind has none, or without where it needs one, leads nowhere. */
export function checkScope({ info }: ResolvedResource, request: ApiRequest): void {
  const { namespace } = request.info;
  if (info.namespaced ? namespace === '' : namespace !== '' && !isNamespaceKind(info)) throw pathNotFound();
}

/** Throws ApiError 400 and 406. `query` undefined: no selectors to compile. */
export async function readForm(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
  query: ListQuery | undefined,
): Promise<{ form: FormContext; selection: ViewSelection }> {
  const { info, clusters } = resolved;
  const form = negotiate(request.headers.accept ?? '', true);
  const definition = await context.hub.definition(request.workspace, info);
  const selection = compileSelection(definition, query?.labelSelector ?? '', query?.fieldSelector ?? '');
  const columns =
    form.as === 'table' && definition.custom && definition.printerColumns === undefined
      ? await columnsOf(resolved, request.signal)
      : undefined;
  const shownWhere = clusters.length > 0 && !isNamespaceKind(info);
  return {
    selection,
    form: {
      form,
      resource: info,
      definition,
      columns,
      clusterCell: shownWhere ? (merged) => clusterCell(context, merged) : undefined,
      query: request.query,
      now: context.clock.now(),
    },
  };
}

/** The object's cluster; for an authored object those on which it is placed. */
function clusterCell({ registry }: ViewContext, { item, clusterName }: MergedItem): string {
  if (clusterName !== undefined) return clusterName;
  if (item.folded !== undefined) return item.folded.join(',');
  const own = item.labels[CLUSTER_LABEL];
  if (own !== undefined) return own;
  const placed = Object.keys(item.labels)
    .filter((label) => label.startsWith(STATE_LABEL_PREFIX))
    .map((label) => registry.byKey(label.slice(STATE_LABEL_PREFIX.length))?.clusterName ?? '?')
    .sort();
  return placed.length === 0 ? '<none>' : placed.join(',');
}
