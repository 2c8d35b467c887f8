/** Every node's kubelet at once: bound pods run, pods that may end do end, deleted pods go. */
import { rfc3339 } from '../reconcile/clock.ts';
import { parseObjectKey, startController, watching } from '../reconcile/controller.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import type { EmbeddedContext } from './context.ts';
import { finishedStatus, runningStatus, withEphemeralContainers } from './pod-status.ts';
import { CLUSTER_WORKSPACE, PODS, type Pod } from './types.ts';
import { ignoreStale, keyOf } from './workload-controller.ts';

export function startKubelet(context: EmbeddedContext, runtime: ContainerRuntime): void {
  const now = (): string => rfc3339(context.clock.now());
  const report = (pod: Pod, status: NonNullable<Pod['status']>): Promise<unknown> =>
    ignoreStale(
      context.cluster.update(
        CLUSTER_WORKSPACE,
        PODS,
        { ...pod, status },
        { subresource: 'status', fieldManager: 'kubelet' },
      ),
    );
  startController({
    name: `${context.clusterName}/kubelet`,
    sources: [
      watching(context.informer<Pod>(PODS), ({ object, previous }) => {
        if (object === undefined) runtime.forget(previous?.metadata.uid ?? '');
        return object?.spec.nodeName || object?.metadata.deletionTimestamp ? [keyOf(object)] : [];
      }),
    ],
    signal: context.signal,
    log: context.log,
    clock: context.clock,
    concurrency: 8,
    reconcile: async (key) => {
      const { namespace, name } = parseObjectKey(key);
      const ref = { ...PODS, workspace: CLUSTER_WORKSPACE, namespace, name };
      const pod = await context.cluster.get<Pod>(ref);
      if (pod === undefined) return undefined;
      if (pod.metadata.deletionTimestamp !== undefined) {
        await context.cluster.delete(ref, {
          gracePeriodSeconds: 0,
          ...(pod.metadata.uid ? { uid: pod.metadata.uid } : {}),
        });
        return undefined;
      }
      if (pod.status?.phase === undefined || pod.status.phase === 'Pending') {
        await report(pod, runningStatus(pod, now()));
        return undefined;
      }
      if (pod.status.phase !== 'Running') return undefined;
      const debugged = withEphemeralContainers(pod, now());
      if (debugged) {
        await report(pod, debugged);
        return undefined;
      }
      if ((pod.spec.restartPolicy ?? 'Always') === 'Always') return undefined;
      const results = pod.spec.containers.map((container) => runtime.completion(pod, container));
      const endsAt = Date.parse(pod.status.startTime ?? '') + Math.max(...results.map(({ afterMs }) => afterMs));
      if (endsAt > context.clock.now()) return { requeueAfterMs: endsAt - context.clock.now() };
      await report(
        pod,
        finishedStatus(
          pod,
          results.map(({ exitCode }) => exitCode),
          now(),
        ),
      );
      return undefined;
    },
  });
}
