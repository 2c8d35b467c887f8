/** References in one answer: the kinds that its objects name are looked up, within a cluster's deadline. */
import type { ApiRequest } from '../kube/api.ts';
import type { MergedItem } from './merge.ts';
import type { ReferenceNames } from './reference-names.ts';
import type { ViewContext } from './view-context.ts';

export const deadlineOf = ({ sourceDeadlineMs }: ViewContext, { signal }: Pick<ApiRequest, 'signal'>): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(sourceDeadlineMs)]);

/** How references to these kinds are shown in one answer; undefined: as they are. */
export async function namesFor(
  context: ViewContext,
  request: Pick<ApiRequest, 'workspace' | 'onlyCluster' | 'signal'>,
  kinds: readonly string[],
): Promise<ReferenceNames | undefined> {
  if (kinds.length === 0 || request.onlyCluster !== undefined) return undefined;
  const references = context.states.references(request.workspace);
  try {
    await references.need(new Set(kinds), deadlineOf(context, request));
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
  const kinds = (merged.item.mark?.refs ?? []).map(({ target }) => target.kind);
  return (await namesFor(context, request, kinds))?.show(merged) ?? merged;
}
