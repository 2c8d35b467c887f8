/** Binds pending pods to the emptiest node that fits: selector, taints, cordon, and requests against what is free. */
import { parseQuantity, quantityToNumber } from '../kube/quantity.ts';
import { rfc3339 } from '../reconcile/clock.ts';
import { parseObjectKey, startController, watching } from '../reconcile/controller.ts';
import type { EmbeddedContext } from './context.ts';
import { CLUSTER_WORKSPACE, isActive, NODES, type Node, PODS, type Pod } from './types.ts';
import { ignoreStale, keyOf } from './workload-controller.ts';

const RETRY_MS = 2_000;

export function startScheduler(context: EmbeddedContext): void {
  const pods = context.informer<Pod>(PODS);
  const nodes = context.informer<Node>(NODES);
  startController({
    name: `${context.clusterName}/scheduler`,
    sources: [
      watching(pods, ({ object }) => (object && !object.spec.nodeName && isActive(object) ? [keyOf(object)] : [])),
    ],
    signal: context.signal,
    log: context.log,
    clock: context.clock,
    // One at a time: each decision must see the one before.
    concurrency: 1,
    reconcile: async (key) => {
      const { namespace, name } = parseObjectKey(key);
      const pod = await context.cluster.get<Pod>({ ...PODS, workspace: CLUSTER_WORKSPACE, namespace, name });
      if (!pod || pod.spec.nodeName || !isActive(pod)) return undefined;
      const { items } = await context.cluster.list<Pod>(CLUSTER_WORKSPACE, PODS);
      const placed = items.map(({ object }) => object).filter((other) => other.spec.nodeName && isActive(other));
      const choice = chooseNode(
        pod,
        [...nodes.list()].map(({ object }) => object),
        placed,
      );
      if (choice.node === undefined) {
        await markUnschedulable(context, pod, choice.message);
        return { requeueAfterMs: RETRY_MS };
      }
      const bound = { ...pod, spec: { ...pod.spec, nodeName: choice.node } };
      await ignoreStale(context.cluster.update(CLUSTER_WORKSPACE, PODS, bound, { fieldManager: 'kube-scheduler' }));
      return undefined;
    },
  });
}

/** Pure: the node's name, or why there is none (in kube-scheduler's words). */
export function chooseNode(
  pod: Pod,
  nodes: readonly Node[],
  placed: readonly Pod[],
): { node: string } | { node: undefined; message: string } {
  const reasons = new Map<string, number>();
  let best: { node: string; free: number } | undefined;
  for (const node of nodes) {
    const name = node.metadata.name ?? '';
    const onNode = placed.filter((other) => other.spec.nodeName === name);
    const problem = whyNot(pod, node, onNode);
    if (problem) {
      reasons.set(problem, (reasons.get(problem) ?? 0) + 1);
      continue;
    }
    const free = Number(node.status?.allocatable?.pods ?? 0) - onNode.length;
    if (!best || free > best.free) best = { node: name, free };
  }
  if (best) return { node: best.node };
  const why = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return { node: undefined, message: `0/${nodes.length} nodes are available: ${why || 'no nodes'}.` };
}

function whyNot(pod: Pod, node: Node, onNode: readonly Pod[]): string | undefined {
  if (node.spec.unschedulable) return 'node(s) were unschedulable';
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  if (!selector.every(([key, value]) => node.metadata.labels?.[key] === value)) {
    return "node(s) didn't match Pod's node affinity/selector";
  }
  const taint = node.spec.taints?.find(({ key, value, effect }) => {
    const tolerated = pod.spec.tolerations?.some(
      (toleration) =>
        (toleration.effect === undefined || toleration.effect === '' || toleration.effect === effect) &&
        (toleration.key === undefined || toleration.key === key) &&
        (toleration.operator === 'Exists' || (toleration.value ?? '') === (value ?? '')),
    );
    return effect !== 'PreferNoSchedule' && !tolerated;
  });
  if (taint) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  const allocatable = node.status?.allocatable ?? {};
  if (onNode.length >= Number(allocatable.pods ?? 110)) return 'Too many pods';
  for (const resource of ['cpu', 'memory'] as const) {
    const used = [...onNode, pod].reduce((sum, each) => sum + requested(each, resource), 0);
    if (used > asNumber(allocatable[resource] ?? '0')) return `Insufficient ${resource}`;
  }
  return undefined;
}

const requested = (pod: Pod, resource: string): number =>
  pod.spec.containers.reduce((sum, { resources }) => sum + asNumber(resources?.requests?.[resource] ?? 0), 0);

const asNumber = (quantity: string | number): number => quantityToNumber(parseQuantity(String(quantity)));

async function markUnschedulable(context: EmbeddedContext, pod: Pod, message: string): Promise<void> {
  const known = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (known?.message === message) return;
  const condition = {
    type: 'PodScheduled',
    status: 'False' as const,
    reason: 'Unschedulable',
    message,
    lastTransitionTime: rfc3339(context.clock.now()),
  };
  const others = pod.status?.conditions?.filter(({ type }) => type !== 'PodScheduled') ?? [];
  const draft = { ...pod, status: { ...pod.status, phase: 'Pending' as const, conditions: [...others, condition] } };
  await ignoreStale(context.cluster.update(CLUSTER_WORKSPACE, PODS, draft, { subresource: 'status' }));
}
