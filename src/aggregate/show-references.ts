/** References in one answer: the kinds that its objects name are looked up, within a cluster's deadline. */
import type { ApiRequest } from '../kube/api.ts';
import { within } from '../kube/within.ts';
import { replaceUid } from './encode-object.ts';
import type { MergedItem } from './merge.ts';
import type { ReferenceNames } from './reference-names.ts';
import { usuallyNamed } from './reference-paths.ts';
import type { ViewContext } from './view-context.ts';
import type { ResolvedResource } from './view-discovery.ts';

/**
 * A first list of a kind: what its objects will name begins to be listed along with them, not after them. Costs nothing
 * where the kind is cached already.
 */
export function beginUsual(
  context: ViewContext,
  { info, clusters }: ResolvedResource,
  request: Pick<ApiRequest, 'workspace' | 'onlyCluster' | 'signal'>,
): void {
  const kinds = usuallyNamed(info);
  if (kinds.length === 0 || request.onlyCluster !== undefined) return;
  if (clusters.every((cluster) => context.pool.present(cluster, info, false)?.started === true)) return;
  // Whoever needs them asks again, and hears of failures then.
  void namesFor(context, request, kinds).catch(() => undefined);
}

/** How references to these kinds are shown in one answer; undefined: as they are. */
export async function namesFor(
  context: ViewContext,
  request: Pick<ApiRequest, 'workspace' | 'onlyCluster' | 'signal'>,
  kinds: readonly string[],
): Promise<ReferenceNames | undefined> {
  if (kinds.length === 0 || request.onlyCluster !== undefined) return undefined;
  const references = context.states.references(request.workspace);
  try {
    await within(context.sourceDeadlineMs, request.signal, (end) => references.need(new Set(kinds), end));
    return references.remembered();
  } finally {
    // The views of kinds outlive their last user by far more than an answer takes.
    references.close();
  }
}

/** One object with its references as they are shown. */
export async function withNames<T extends MergedItem>(
  context: ViewContext,
  request: Pick<ApiRequest, 'workspace' | 'onlyCluster' | 'signal'>,
  merged: T,
): Promise<T> {
  const refs = merged.item.mark?.refs ?? [];
  const names = await namesFor(
    context,
    request,
    refs.map(({ target }) => target.kind),
  );
  // What it names may have come to be known only now: in a cache the object would have been told of it.
  const clusterUid = merged.clusterName && context.registry.get(request.workspace, merged.clusterName)?.uid;
  if (clusterUid)
    for (const one of refs) replaceUid(merged.item.bytes, one, context.copies.hubUid(clusterUid, one.target.uid));
  return names?.show(merged) ?? merged;
}
