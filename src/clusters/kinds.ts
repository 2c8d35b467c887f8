/** The hub's resources that this folder reads and writes. */
import type { GroupResource } from '../kube/resource.ts';

export const CLUSTER_REGISTRATIONS: GroupResource = { group: 'tmc.kcp.io', resource: 'clusterregistrations' };
export const SYNC_TARGETS: GroupResource = { group: 'workload.kcp.io', resource: 'synctargets' };
export const SECRETS: GroupResource = { group: '', resource: 'secrets' };
export const LEASES: GroupResource = { group: 'coordination.k8s.io', resource: 'leases' };
export const NAMESPACES: GroupResource = { group: '', resource: 'namespaces' };
