/** Whose word stands where a copy in a cluster differs from what the workspace authored. Pure. */
import { DEFAULT_WEIGHT, type ProjectionRules } from '../hub/kinds/projection-rules.ts';
import { RESOLVE_CONFLICT_ANNOTATION } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';

export type DriftRule =
  /** The workspace's: what differs is written again. */
  | 'overwrite'
  /** The cluster's, until the workspace says something new. */
  | 'keep'
  /** Nobody's: nothing is written over what others hold. */
  | 'ask';

export function driftRule(
  { conflict, weight }: Pick<ProjectionRules, 'conflict' | 'weight'>,
  clusterName: string,
  { metadata }: KubeObject,
): DriftRule {
  if (conflict === 'LastWriter') return 'keep';
  if (conflict === 'ClusterWeight') return weight(clusterName) > DEFAULT_WEIGHT ? 'keep' : 'overwrite';
  if (conflict === 'FirstWriter') return 'overwrite';
  const decided = metadata.annotations?.[RESOLVE_CONFLICT_ANNOTATION];
  return decided === 'Workspace' ? 'overwrite' : decided === 'Cluster' ? 'keep' : 'ask';
}
