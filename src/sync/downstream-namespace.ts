/** Where a hub namespace stands in one cluster, and how that namespace is marked as ours. Pure. */
import type { Downstream } from '../clusters/downstream.ts';
import { COPY_LABEL } from '../hub/kinds/workload.ts';
import {
  downstreamNamespace,
  locatorJson,
  NAMESPACE_LOCATOR_ANNOTATION,
  type NamespaceLocator,
  TENANT_LABEL,
  tenantId,
} from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';

/** What the rules need of a cluster. */
export type TargetIdentity = Pick<Downstream, 'clusterName' | 'workspace' | 'uid' | 'key' | 'namespaceMapping'>;

export const locatorFor = (target: TargetIdentity, workspace: string, namespace: string): NamespaceLocator => ({
  syncTarget: { workspace: target.workspace, name: target.clusterName, uid: target.uid },
  workspace,
  namespace,
});

/** Name of the namespace in the cluster; '' for cluster-scoped objects. */
export const namespaceIn = (target: TargetIdentity, workspace: string, namespace: string): string =>
  namespace === '' || target.namespaceMapping === 'Identity'
    ? namespace
    : downstreamNamespace(locatorFor(target, workspace, namespace));

/** The namespace as the syncer applies it. */
export function namespaceObject(target: TargetIdentity, workspace: string, namespace: string): KubeObject {
  const locator = locatorFor(target, workspace, namespace);
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespaceIn(target, workspace, namespace),
      labels: { [COPY_LABEL]: target.key, [TENANT_LABEL]: tenantId(locator) },
      annotations: { [NAMESPACE_LOCATOR_ANNOTATION]: locatorJson(locator) },
    },
  };
}
