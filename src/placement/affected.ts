/** Which objects an event can change: look-ups in the index, never a scan of everything. */
import { isDeepStrictEqual } from 'node:util';
import { DELETION_ANNOTATION_PREFIX, SPEC_DIFF_ANNOTATION_PREFIX } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { BaseFacts } from './cluster-facts.ts';
import type { PlacementIndex, TrackedObject } from './placement-index.ts';

/** Ids to decide again after one object changed: itself, and those that follow it. */
export function affectedByObject(
  index: PlacementIndex,
  before: TrackedObject | undefined,
  after: TrackedObject | undefined,
): ReadonlySet<string> {
  const ids = new Set<string>();
  const here = after ?? before;
  if (here === undefined) return ids;
  if (after === undefined || before === undefined || decidesAnew(before.object, after.object)) ids.add(here.id);
  if (before !== undefined && after !== undefined && sameForOthers(before, after)) return ids;
  for (const tracked of [before, after]) {
    if (tracked === undefined) continue;
    for (const need of tracked.needs) ids.add(need);
    for (const { id } of index.followers(tracked)) ids.add(id);
  }
  return ids;
}

/** Status, and annotations of others, do not matter; a generation stands for the spec where the kind has one. */
function decidesAnew(before: KubeObject, after: KubeObject): boolean {
  const [was, is] = [before.metadata, after.metadata];
  return (
    was.uid !== is.uid ||
    was.deletionTimestamp !== is.deletionTimestamp ||
    was.generation !== is.generation ||
    !isDeepStrictEqual(was.labels, is.labels) ||
    !isDeepStrictEqual(was.finalizers, is.finalizers) ||
    !isDeepStrictEqual(was.ownerReferences, is.ownerReferences) ||
    !isDeepStrictEqual(ours(was.annotations), ours(is.annotations)) ||
    (is.generation === undefined && !isDeepStrictEqual(before.spec, after.spec))
  );
}

const ours = (annotations: Readonly<Record<string, string>> = {}): [string, string][] =>
  Object.entries(annotations).filter(
    ([name]) => name.startsWith(SPEC_DIFF_ANNOTATION_PREFIX) || name.startsWith(DELETION_ANNOTATION_PREFIX),
  );

const sameForOthers = (before: TrackedObject, after: TrackedObject): boolean =>
  isDeepStrictEqual(before.held, after.held) &&
  isDeepStrictEqual(before.needs, after.needs) &&
  isDeepStrictEqual(before.podLabels, after.podLabels) &&
  isDeepStrictEqual(before.podSelector, after.podSelector) &&
  isDeepStrictEqual(before.backends, after.backends);

/**
 * Ids to decide again after a cluster changed. Turned bad: only what it holds. Turned better, or another in kind: all that
 * may use it. Room alone: only what has no place yet.
 * @param workspaces that may use the cluster
 */
export function affectedByCluster(
  index: PlacementIndex,
  before: BaseFacts | undefined,
  after: BaseFacts | undefined,
  workspaces: Iterable<string>,
  unplaced: Iterable<string>,
): Iterable<string> {
  const key = (after ?? before)?.key;
  if (key === undefined || isDeepStrictEqual(before, after)) return [];
  if (before !== undefined && after !== undefined) {
    if (isDeepStrictEqual(comparable(before), comparable(after)))
      return isDeepStrictEqual(before.allocatable, after.allocatable) ? [] : unplaced;
    if (isDeepStrictEqual(comparable({ ...before, ...illness(after) }), comparable(after)) && !usable(after))
      return index.onTarget(key);
  }
  return inWorkspaces(index, workspaces);
}

function* inWorkspaces(index: PlacementIndex, workspaces: Iterable<string>): Iterable<string> {
  for (const workspace of workspaces) yield* index.inWorkspace(workspace);
}

const comparable = ({ healthReason: _reason, allocatable: _allocatable, ...facts }: BaseFacts): object => ({
  ...facts,
  health: usable(facts) ? facts.health : 'Unusable',
});

const illness = ({ health, unhealthySince }: BaseFacts): Pick<BaseFacts, 'health' | 'unhealthySince'> => ({
  health,
  unhealthySince,
});

const usable = ({ health }: Pick<BaseFacts, 'health'>): boolean => health === 'Healthy' || health === 'Degraded';
