/**
 * AggregatedView (MISSION A8): one object per workspace that says what its view holds. Counted anew for every request,
 * from that workspace's own sources, so nothing of one workspace can be shown in another and nothing grows old.
 */
import type { ClusterHealth, Downstream } from '../clusters/downstream.ts';
import { negotiate } from '../hub/answer/negotiate.ts';
import { valueResponse } from '../hub/answer/respond.ts';
import { AGGREGATED_VIEW, AGGREGATED_VIEW_NAME, type AggregatedView } from '../hub/kinds/aggregated-view.ts';
import { verdictOf } from '../hub/kinds/health-rule.ts';
import type { ProjectionRules } from '../hub/kinds/projection-rules.ts';
import { printerFor } from '../hub/printing/printer-for.ts';
import { listToTable, objectToTable, tableOptionsOf } from '../hub/printing/to-table.ts';
import { parseListQuery } from '../hub/read/list-options.ts';
import { compileSelection } from '../hub/read/selection.ts';
import type { ApiRequest, ApiResponse } from '../kube/api.ts';
import { apiVersionOf, type GroupResource } from '../kube/resource.ts';
import { ApiError, notFound, pathNotFound } from '../kube/status.ts';
import { toPartialObjectMetadata } from '../kube/table.ts';
import { rfc3339 } from '../reconcile/clock.ts';
import { countObjects, type ViewCount } from './count.ts';
import { refuseFaults } from './gather.ts';
import { compareText } from './merge.ts';
import { isStrict } from './read.ts';
import type { ViewContext } from './view-context.ts';
import { type SourceFault, warningHeaders } from './warnings.ts';

const { info } = AGGREGATED_VIEW;

/** What is counted, under which name. A kind that nothing serves here is left out. */
const COUNTED: readonly { readonly as: string; readonly group: string; readonly resource: string }[] = [
  { as: 'deployments', group: 'apps', resource: 'deployments' },
  { as: 'statefulSets', group: 'apps', resource: 'statefulsets' },
  { as: 'daemonSets', group: 'apps', resource: 'daemonsets' },
  { as: 'jobs', group: 'batch', resource: 'jobs' },
  { as: 'cronJobs', group: 'batch', resource: 'cronjobs' },
  { as: 'pods', group: '', resource: 'pods' },
  { as: 'services', group: '', resource: 'services' },
  { as: 'ingresses', group: 'networking.k8s.io', resource: 'ingresses' },
  { as: 'configMaps', group: '', resource: 'configmaps' },
  { as: 'secrets', group: '', resource: 'secrets' },
  { as: 'persistentVolumeClaims', group: '', resource: 'persistentvolumeclaims' },
  { as: 'nodes', group: '', resource: 'nodes' },
];

export const isAggregatedView = ({ group, resource }: GroupResource): boolean =>
  group === info.group && resource === info.resource;

/** Throws ApiError 404 for another name, 405 for writes, watches and reads over all workspaces, 503 where strict. */
export async function answerAggregatedView(context: ViewContext, request: ApiRequest): Promise<ApiResponse> {
  const { verb, name, subresource, namespace, version } = request.info;
  if (version !== info.version || subresource !== '' || namespace !== '') throw pathNotFound();
  if (!info.verbs.includes(verb) || request.workspace === '*') throw notAllowed();
  if (verb === 'get' && name !== AGGREGATED_VIEW_NAME) throw notFound(info, name);
  const form = negotiate(request.headers.accept ?? '', true, verb === 'list');
  const query = verb === 'list' ? parseListQuery(request.query, false) : undefined;
  const selection = compileSelection(AGGREGATED_VIEW, query?.labelSelector ?? '', query?.fieldSelector ?? '');
  const now = context.clock.now();
  const options = { ...tableOptionsOf(request.query), version: form.version, now };
  const { view, faults } = await computeView(context, request, now);
  if (isStrict(request)) refuseFaults({ hub: undefined, clusters: [], uncached: [], faults }, true);

  const printer = printerFor(info);
  const shown = selection.matches(view) ? [view] : [];
  const listed = (kind: string, apiVersion: string, items: readonly object[]) => ({
    kind,
    apiVersion,
    metadata: { resourceVersion: '' },
    items,
  });
  const partial = (one: AggregatedView) => toPartialObjectMetadata(one, form.version);
  const ofObject = {
    object: () => view,
    table: () => objectToTable(printer, view, options),
    partial: () => partial(view),
  };
  const ofList = {
    object: () => listed(`${info.kind}List`, apiVersionOf(info), shown),
    table: () => listToTable(printer, shown, {}, options),
    partial: () => listed('PartialObjectMetadataList', `meta.k8s.io/${form.version}`, shown.map(partial)),
  };
  const answer = valueResponse(200, (verb === 'list' ? ofList : ofObject)[form.as](), form.media);
  return { ...answer, headers: { ...answer.headers, ...warningHeaders(faults) } };
}

const notAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

async function computeView(
  context: ViewContext,
  request: ApiRequest,
  now: number,
): Promise<{ view: AggregatedView; faults: readonly SourceFault[] }> {
  const clusters = context.registry.visibleTo(request.workspace);
  const counts = await Promise.all(
    COUNTED.map(async ({ as, ...kind }) => ({ as, ...(await countKind(context, request, kind)) })),
  );
  const view: AggregatedView = {
    apiVersion: apiVersionOf(info),
    kind: info.kind,
    metadata: { name: AGGREGATED_VIEW_NAME },
    status: {
      workspaceName: request.workspace,
      syncTargets: clusters.map(({ clusterName }) => clusterName).sort(compareText),
      resourceCount: Object.fromEntries(
        counts.filter(({ served }) => served).map(({ as, count }): [string, number] => [as, count]),
      ),
      healthStatus: healthOf(clusters),
      health: overallHealth(clusters, context.projections.rules(request.workspace, info)),
      lastUpdated: rfc3339(now),
    },
  };
  return { view, faults: worstByCluster(counts.flatMap(({ faults }) => faults)) };
}

async function countKind(
  context: ViewContext,
  request: ApiRequest,
  { group, resource }: GroupResource,
): Promise<ViewCount & { readonly served: boolean }> {
  const resolved = await context.discovery.resolveResource(request.workspace, group, 'v1', resource);
  if (resolved === undefined) return { served: false, count: 0, faults: [] };
  return { served: true, ...(await countObjects(context, resolved, request)) };
}

function healthOf(clusters: readonly Downstream[]): AggregatedView['status']['healthStatus'] {
  const having = (state: ClusterHealth): number => clusters.filter((one) => one.health().state === state).length;
  return {
    healthy: having('Healthy'),
    degraded: having('Degraded'),
    unhealthy: having('Unhealthy'),
    unknown: having('Unknown'),
  };
}

/** A cluster that is degraded still serves: enough of those make a view that is degraded, and not one that is down. */
export function overallHealth(
  clusters: readonly Pick<Downstream, 'clusterName' | 'health'>[],
  { health, weight }: Pick<ProjectionRules, 'health' | 'weight'>,
): AggregatedView['status']['health'] {
  const verdict = (...well: readonly ClusterHealth[]): ReturnType<typeof verdictOf> =>
    verdictOf(
      health,
      clusters.map((one) => {
        const { state } = one.health();
        return { well: state === 'Unknown' ? undefined : well.includes(state), weight: weight(one.clusterName) };
      }),
    );
  if (verdict('Healthy') === 'True') return 'Healthy';
  return ({ True: 'Degraded', False: 'Unhealthy', Unknown: 'Unknown' } as const)[verdict('Healthy', 'Degraded')];
}

/** A cluster that fails does so for every kind: it is named once, by what is missing before what is old. */
function worstByCluster(faults: readonly SourceFault[]): SourceFault[] {
  const worst = new Map<string, SourceFault>();
  for (const fault of faults) {
    const known = worst.get(fault.clusterName);
    if (known === undefined || ageOf(fault) > ageOf(known)) worst.set(fault.clusterName, fault);
  }
  return [...worst.values()].sort((a, b) => compareText(a.clusterName, b.clusterName));
}

const ageOf = ({ ageMs }: SourceFault): number => ageMs ?? Number.POSITIVE_INFINITY;
