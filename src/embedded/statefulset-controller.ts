/** StatefulSets: pods `<name>-0…n`, made one after the other and removed from the top (OrderedReady). */

import { templateHash } from './deployment-plan.ts';
import { isReady, PODS, type Pod, STATEFUL_SETS, type StatefulSet } from './types.ts';
import { createPod, deletePod, listOwned, type WorkloadController, writeStatus } from './workload-controller.ts';

const REVISION_LABEL = 'controller-revision-hash';

export const statefulSetController: WorkloadController<StatefulSet> = {
  name: 'statefulset',
  kind: 'StatefulSet',
  resource: STATEFUL_SETS,
  owns: [PODS],
  async reconcile(set, context) {
    const wanted = set.spec.replicas ?? 1;
    const revision = `${set.metadata.name}-${templateHash(set.spec.template)}`;
    const pods = await listOwned<Pod>(context, PODS, set);
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
    const surplus = pods.filter((pod) => ordinalOf(pod) >= wanted && !pod.metadata.deletionTimestamp);
    const outdated = pods.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] !== revision);
    const missing = Array.from({ length: wanted }, (_, ordinal) => ordinal).find((ordinal) => !byOrdinal.has(ordinal));
    const settled = pods.every((pod) => isReady(pod) && !pod.metadata.deletionTimestamp);

    if (surplus.length > 0) await deletePod(context, highest(surplus));
    else if (missing !== undefined && belowIsReady(byOrdinal, missing)) {
      await createPod(context, set, set.spec.template, {
        name: `${set.metadata.name}-${missing}`,
        labels: {
          [REVISION_LABEL]: revision,
          'statefulset.kubernetes.io/pod-name': `${set.metadata.name}-${missing}`,
          'apps.kubernetes.io/pod-index': String(missing),
        },
      });
    } else if (settled && outdated.length > 0) await deletePod(context, highest(outdated));

    const ready = pods.filter(isReady).length;
    const updated = pods.length - outdated.length;
    await writeStatus(context, STATEFUL_SETS, set, {
      observedGeneration: set.metadata.generation ?? 1,
      replicas: pods.length,
      ...(ready > 0 ? { readyReplicas: ready } : {}),
      availableReplicas: ready,
      ...(updated > 0 ? { updatedReplicas: updated, currentReplicas: updated } : {}),
      currentRevision: revision,
      updateRevision: revision,
      collisionCount: 0,
    });
    return undefined;
  },
};

const ordinalOf = (pod: Pod): number => Number((pod.metadata.name ?? '').split('-').at(-1));
const highest = (pods: readonly Pod[]): Pod => pods.reduce((a, b) => (ordinalOf(a) > ordinalOf(b) ? a : b));
const belowIsReady = (pods: ReadonlyMap<number, Pod>, ordinal: number): boolean =>
  ordinal === 0 || isReady(pods.get(ordinal - 1) ?? ({ metadata: {} } as Pod));
