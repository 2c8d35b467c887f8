/** What connection a registration asks for. Pure. */
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import type { ClusterIdentity } from './connection.ts';
import { type ClusterEndpoint, parseEndpoint } from './endpoint.ts';

export const MAX_SLOT = 16_381;

export interface DesiredConnection {
  readonly identity: ClusterIdentity;
  readonly endpoint: ClusterEndpoint;
  readonly impersonateUsers: boolean;
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly workspaces: readonly string[] | undefined;
  /** Another fingerprint is another connection; credentials and narrowing are not part of it. */
  readonly fingerprint: string;
}

/** Undefined until the registration has its slot and its SyncTarget, and while its endpoint is unusable. */
export function desiredConnection(
  workspace: string,
  registration: ClusterRegistration,
  syncTarget: SyncTarget | undefined,
): DesiredConnection | undefined {
  const { spec, status } = registration;
  const uid = syncTarget?.metadata.uid;
  const clusterName = registration.metadata.name;
  const slot = status?.slot;
  if (uid === undefined || clusterName === undefined || !isSlot(slot)) return undefined;
  // A pull-mode cluster is reached through what its syncer dials, not from here.
  if (spec.mode === 'Pull') return undefined;
  const endpoint = endpointOf(spec.endpoint);
  if (endpoint === undefined) return undefined;
  const identity: ClusterIdentity = {
    clusterName,
    workspace,
    uid,
    key: syncTargetKey(workspace, clusterName),
    slot,
    namespaceMapping: spec.namespaceMapping === 'Identity' ? 'Identity' : 'Hashed',
  };
  const impersonateUsers = spec.impersonateUsers === true;
  return {
    identity,
    endpoint,
    impersonateUsers,
    secret: spec.credentials.secretRef,
    workspaces: spec.workspaces,
    fingerprint: JSON.stringify([identity, endpoint, impersonateUsers]),
  };
}

export const isSlot = (slot: unknown): slot is number =>
  typeof slot === 'number' && Number.isInteger(slot) && slot >= 1 && slot <= MAX_SLOT;

/** The registration controller's Ready condition says what is wrong with it. */
function endpointOf(spec: ClusterRegistration['spec']['endpoint']): ClusterEndpoint | undefined {
  try {
    return parseEndpoint(spec);
  } catch {
    return undefined;
  }
}
