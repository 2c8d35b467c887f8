/** Which Placement governs an object, as a policy that `choose` understands. */
import type { Placement } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { fromLabelSelector, matchesLabels } from '../kube/selector.ts';
import type { PlacementPolicy, Toleration } from './model.ts';

/** For objects that no Placement selects: every ready cluster that the workspace may use. */
export const DEFAULT_POLICY: PlacementPolicy = { name: 'default placement', strategy: 'Spread', tolerations: [] };

/**
 * The Placement that governs the object: it selects it, has the highest priority, is the oldest, is first by name.
 * @param namespaceLabels labels of the object's namespace; undefined for cluster-scoped objects
 */
export function governingPlacement(
  placements: Iterable<Placement>,
  resource: GroupResource,
  object: KubeObject,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): Placement | undefined {
  let best: Placement | undefined;
  for (const placement of placements) {
    if (placement.metadata.deletionTimestamp !== undefined) continue;
    if (!selects(placement, resource, object, namespaceLabels)) continue;
    if (best === undefined || precedes(placement, best)) best = placement;
  }
  return best;
}

function precedes(a: Placement, b: Placement): boolean {
  const priority = (b.spec?.priority ?? 0) - (a.spec?.priority ?? 0);
  if (priority !== 0) return priority < 0;
  const [older, newer] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  return older === newer ? (a.metadata.name ?? '') < (b.metadata.name ?? '') : older < newer;
}

function selects(
  { spec }: Placement,
  resource: GroupResource,
  object: KubeObject,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): boolean {
  const { workloadSelector, namespaceSelector } = spec ?? {};
  const kinds = workloadSelector?.resources;
  if (kinds && !kinds.some(({ group, resource: name }) => group === resource.group && name === resource.resource))
    return false;
  if (workloadSelector && !matchesLabels(fromLabelSelector(workloadSelector), object.metadata.labels)) return false;
  if (namespaceSelector === undefined) return true;
  return namespaceLabels !== undefined && matchesLabels(fromLabelSelector(namespaceSelector), namespaceLabels);
}

export function policyOf(placement: Placement): PlacementPolicy {
  const { syncTargetSelector, placementPolicy: policy = {} } = placement.spec ?? {};
  return {
    name: `Placement "${placement.metadata.name}"`,
    strategy: policy.strategy ?? 'Spread',
    tolerations: (policy.tolerations ?? []) as readonly Toleration[],
    ...(policy.minClusters === undefined ? {} : { minClusters: policy.minClusters }),
    ...(policy.maxClusters === undefined ? {} : { maxClusters: policy.maxClusters }),
    ...(syncTargetSelector === undefined ? {} : { clusterSelector: fromLabelSelector(syncTargetSelector) }),
  };
}
