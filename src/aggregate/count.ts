/** How many objects of a kind a view holds: counted in the sources' caches and in the hub's keys, nothing is serialized. */
import { reasonOf } from '../clusters/reflector-fetch.ts';
import { WHOLE_LIST } from '../hub/read/list-options.ts';
import type { ApiRequest } from '../kube/api.ts';
import { type Gathered, gather } from './gather.ts';
import { listView } from './list.ts';
import { readCluster } from './live-list.ts';
import type { Slice } from './source.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';
import type { SourceFault } from './warnings.ts';

export interface ViewCount {
  readonly count: number;
  /** Clusters that are missing from the count, or counted as they were. */
  readonly faults: readonly SourceFault[];
}

/** Over all namespaces of the request's workspace. Waits no longer than a list would. */
export async function countObjects(
  context: ViewContext,
  resolved: ResolvedResource,
  request: ApiRequest,
): Promise<ViewCount> {
  const { workspace } = request;
  const gathered = await gather(context, resolved, request, () => true);
  try {
    if (gathered.projection?.merges === true && gathered.uncached.length === 0)
      return { count: await countMerged(gathered, request), faults: gathered.faults };
    const faults: SourceFault[] = [...gathered.faults];
    const live = gathered.uncached.map(async (downstream) => {
      try {
        const { slices } = await readCluster(context, resolved, request, WHOLE_LIST, downstream, undefined);
        return countSlices(slices);
      } catch (error) {
        if (request.signal.aborted) throw error;
        faults.push({ clusterName: downstream.clusterName, ageMs: undefined, reason: reasonOf(error) });
        return 0;
      }
    });
    const authored = resolved.hub ? await context.hub.count(workspace, resolved.info) : 0;
    const cached = gathered.clusters.map((source) => countSlices(source.slices(workspace, undefined)));
    return { count: sum([authored, ...cached, ...(await Promise.all(live))]), faults };
  } finally {
    gathered.release();
  }
}

const ALL = { everything: true, byCluster: false, wantsSource: () => true, matches: () => true };

/** Equal names count once, so they have to be put side by side. */
async function countMerged(gathered: Gathered, { workspace, signal }: ApiRequest): Promise<number> {
  const list = await listView(gathered, { workspace, namespace: undefined }, WHOLE_LIST, ALL, signal);
  let count = 0;
  for (const _one of list.items) count++;
  return count;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);

/** A name behind which nothing is shown is a placed copy: counted with the object that it copies. */
const countSlices = (slices: readonly Slice[]): number =>
  sum(slices.map(({ names, get }) => names.reduce((total, name) => (get(name) === undefined ? total : total + 1), 0)));
