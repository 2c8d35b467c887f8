/** pods/eviction: deletes the pod, as `kubectl drain` asks. Disruption budgets are not simulated: every eviction is allowed. */
import type { EmbeddedContext } from './context.ts';
import type { SubresourceHandler } from './pod-streams.ts';
import { CLUSTER_WORKSPACE, PODS } from './types.ts';

export const evictPod =
  (context: EmbeddedContext): SubresourceHandler =>
  async (request, pod) => {
    const { namespace = '', name = '' } = pod.metadata;
    if (request.query.getAll('dryRun').length === 0) {
      await context.cluster.delete({ ...PODS, workspace: CLUSTER_WORKSPACE, namespace, name });
    }
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
    return { status: 201, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(status)) };
  };
