/** DaemonSets: one pod on each node that takes pods. */
import { templateHash } from './deployment-plan.ts';
import {
  CLUSTER_WORKSPACE,
  DAEMON_SETS,
  type DaemonSet,
  isActive,
  isReady,
  NODES,
  type Node,
  PODS,
  type Pod,
} from './types.ts';
import { createPod, deletePod, listOwned, type WorkloadController, writeStatus } from './workload-controller.ts';

const REVISION_LABEL = 'controller-revision-hash';

export const daemonSetController: WorkloadController<DaemonSet> = {
  name: 'daemonset',
  kind: 'DaemonSet',
  resource: DAEMON_SETS,
  owns: [PODS],
  async reconcile(set, context) {
    const { items } = await context.cluster.list<Node>(CLUSTER_WORKSPACE, NODES);
    const nodes = items.map(({ object }) => object.metadata.name ?? '');
    const revision = templateHash(set.spec.template);
    const pods = (await listOwned<Pod>(context, PODS, set)).filter(isActive);
    const current = pods.filter((pod) => pod.metadata.labels?.[REVISION_LABEL] === revision);
    const stale = pods.filter((pod) => !current.includes(pod) || !nodes.includes(pod.spec.nodeName ?? ''));
    const covered = new Set(pods.map((pod) => pod.spec.nodeName));
    for (const nodeName of nodes.filter((name) => !covered.has(name))) {
      await createPod(context, set, set.spec.template, { nodeName, labels: { [REVISION_LABEL]: revision } });
    }
    // One at a time (maxUnavailable 1): the next goes when all others are ready.
    const victim = stale[0];
    if (victim && pods.every(isReady)) await deletePod(context, victim);

    const ready = pods.filter(isReady).length;
    await writeStatus(context, DAEMON_SETS, set, {
      currentNumberScheduled: pods.length,
      desiredNumberScheduled: nodes.length,
      numberMisscheduled: 0,
      numberReady: ready,
      ...(ready > 0 ? { numberAvailable: ready } : {}),
      ...(nodes.length - ready > 0 ? { numberUnavailable: nodes.length - ready } : {}),
      ...(current.length > 0 ? { updatedNumberScheduled: current.length } : {}),
      observedGeneration: set.metadata.generation ?? 1,
    });
    return undefined;
  },
};
