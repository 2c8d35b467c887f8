/** Deployments: carries out `planDeployment`. */
import { rfc3339 } from '../reconcile/clock.ts';
import type { EmbeddedContext } from './context.ts';
import { planDeployment, REVISION_ANNOTATION } from './deployment-plan.ts';
import { CLUSTER_WORKSPACE, DEPLOYMENTS, type Deployment, REPLICA_SETS, type ReplicaSet } from './types.ts';
import { ignoreStale, listOwned, type WorkloadController, writeStatus } from './workload-controller.ts';

const MANAGER = { fieldManager: 'kube-controller-manager' };

export const deploymentController: WorkloadController<Deployment> = {
  name: 'deployment',
  kind: 'Deployment',
  resource: DEPLOYMENTS,
  owns: [REPLICA_SETS],
  async reconcile(deployment, context) {
    const owned = await listOwned<ReplicaSet>(context, REPLICA_SETS, deployment);
    const plan = planDeployment(deployment, owned, rfc3339(context.clock.now()));
    const stored = await annotateRevision(deployment, plan.revision, context);
    if (plan.create) {
      await ignoreStale(context.cluster.create(CLUSTER_WORKSPACE, REPLICA_SETS, plan.create, MANAGER));
    }
    for (const set of owned) {
      const name = set.metadata.name ?? '';
      const revision = plan.annotate?.name === name ? plan.annotate.revision : undefined;
      const replicas = plan.scale.get(name);
      if (revision === undefined && replicas === undefined) continue;
      await ignoreStale(
        context.cluster.update(
          CLUSTER_WORKSPACE,
          REPLICA_SETS,
          {
            ...set,
            metadata: revision
              ? { ...set.metadata, annotations: { ...set.metadata.annotations, [REVISION_ANNOTATION]: revision } }
              : set.metadata,
            spec: replicas === undefined ? set.spec : { ...set.spec, replicas },
          },
          MANAGER,
        ),
      );
    }
    for (const set of plan.remove) await context.cluster.delete(refOf(set));
    if (stored) await writeStatus(context, DEPLOYMENTS, stored, plan.status);
    return undefined;
  },
};

async function annotateRevision(
  deployment: Deployment,
  revision: string,
  context: EmbeddedContext,
): Promise<Deployment | undefined> {
  if (deployment.metadata.annotations?.[REVISION_ANNOTATION] === revision) return deployment;
  const annotations = { ...deployment.metadata.annotations, [REVISION_ANNOTATION]: revision };
  const draft = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  // Through status, as kube-controller-manager does: elsewhere an annotation counts as a new generation.
  const options = { ...MANAGER, subresource: 'status' };
  return ignoreStale(context.cluster.update(CLUSTER_WORKSPACE, DEPLOYMENTS, draft, options));
}

const refOf = (set: ReplicaSet) => ({
  ...REPLICA_SETS,
  workspace: CLUSTER_WORKSPACE,
  namespace: set.metadata.namespace ?? '',
  name: set.metadata.name ?? '',
});
