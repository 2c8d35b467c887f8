/**
 * What of a cluster a workspace may see, where the cluster is shared by hashed namespaces: objects of its own namespaces,
 * and those cluster-scoped kinds that describe the cluster itself and name no tenant.
 */
import { type GroupResource, groupResourceName } from '../kube/resource.ts';

const SHARED_KINDS: ReadonlySet<string> = new Set([
  'nodes',
  'nodes.metrics.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'deviceclasses.resource.k8s.io',
  'gatewayclasses.gateway.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'resourceslices.resource.k8s.io',
  'runtimeclasses.node.k8s.io',
  'storageclasses.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
  'volumesnapshotclasses.snapshot.storage.k8s.io',
]);

export const isSharedKind = (gr: GroupResource): boolean => SHARED_KINDS.has(groupResourceName(gr));

/** Namespaces are one per name in a view, whichever sources have them. */
export const isNamespaceKind = (gr: GroupResource): boolean => gr.group === '' && gr.resource === 'namespaces';
