/** Who the syncer beside a cluster is, by what the hub says of its target. Pure. */
import type { ClusterIdentity } from '../clusters/connection.ts';
import { isSlot } from '../clusters/desired-connection.ts';
import type { ClusterRegistration, SyncFilter, SyncTarget } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';

export interface PulledIdentity {
  readonly cluster: ClusterIdentity;
  /** What the cluster takes of what is placed on it. */
  readonly filter: SyncFilter | undefined;
  /** Another fingerprint: the syncer begins anew. */
  readonly fingerprint: string;
}

/** A string says why nothing is synced here, for people. */
export function pulledIdentity(
  workspace: string,
  name: string,
  registration: ClusterRegistration | undefined,
  target: SyncTarget | undefined,
): PulledIdentity | string {
  if (registration === undefined) return `there is no ClusterRegistration "${name}" in ${workspace}`;
  if (registration.spec.mode !== 'Pull')
    return `ClusterRegistration "${name}" has mode Push: the gateway syncs this cluster, and nothing is done here`;
  const slot = registration.status?.slot;
  const uid = target?.metadata.uid;
  if (uid === undefined || !isSlot(slot)) return `the gateway has not made the SyncTarget of "${name}" yet`;
  const cluster: ClusterIdentity = {
    clusterName: name,
    workspace,
    uid,
    key: syncTargetKey(workspace, name),
    slot,
    namespaceMapping: registration.spec.namespaceMapping === 'Identity' ? 'Identity' : 'Hashed',
  };
  const filter = registration.spec.sync;
  return { cluster, filter, fingerprint: JSON.stringify([cluster, filter]) };
}
