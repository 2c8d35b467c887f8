/** ReplicaSets: as many active pods as asked for (k8s.io/kubernetes/pkg/controller/replicaset). */
import { isActive, isReady, PODS, type Pod, REPLICA_SETS, type ReplicaSet } from './types.ts';
import { createPod, deletePod, listOwned, type WorkloadController, writeStatus } from './workload-controller.ts';

export const replicaSetController: WorkloadController<ReplicaSet> = {
  name: 'replicaset',
  kind: 'ReplicaSet',
  resource: REPLICA_SETS,
  owns: [PODS],
  async reconcile(set, context) {
    const active = (await listOwned<Pod>(context, PODS, set)).filter(isActive);
    const wanted = set.spec.replicas ?? 1;
    for (let count = active.length; count < wanted; count++) await createPod(context, set, set.spec.template);
    for (const pod of chooseVictims(active, active.length - wanted)) await deletePod(context, pod);
    const ready = active.filter(isReady).length;
    await writeStatus(context, REPLICA_SETS, set, {
      replicas: active.length,
      ...(active.length > 0 ? { fullyLabeledReplicas: active.length } : {}),
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
      observedGeneration: set.metadata.generation ?? 1,
    });
    return undefined;
  },
};

/** Unassigned before assigned, unready before ready, younger before older (controller.ActivePods). */
export function chooseVictims(pods: readonly Pod[], count: number): Pod[] {
  if (count <= 0) return [];
  const rank = (pod: Pod): number => (pod.spec.nodeName ? 1 : 0) + (isReady(pod) ? 2 : 0);
  return [...pods]
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') ||
        (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''),
    )
    .slice(0, count);
}
