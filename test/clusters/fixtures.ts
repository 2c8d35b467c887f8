/** Registrations, targets and Secrets as tests write them into a hub. */
import { CLUSTER_REGISTRATIONS, SECRETS, SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import type { ClusterRegistration, SyncTarget } from '../../src/hub/kinds/workload.ts';
import type { MemoryHub } from '../support/memory-hub.ts';

export const registration = (
  name: string,
  serverURL: string,
  spec: Partial<ClusterRegistration['spec']> = {},
): ClusterRegistration => ({
  apiVersion: 'tmc.kcp.io/v1alpha1',
  kind: 'ClusterRegistration',
  metadata: { name },
  spec: { endpoint: { serverURL }, credentials: { secretRef: { namespace: 'default', name } }, ...spec },
});

export const syncTarget = (name: string): SyncTarget => ({
  apiVersion: 'workload.kcp.io/v1alpha1',
  kind: 'SyncTarget',
  metadata: { name },
  spec: {},
});

export const secretWith = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'default' },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
});

/** Everything that a joined cluster has in the hub. */
export async function register(
  hub: MemoryHub,
  workspace: string,
  name: string,
  serverURL: string,
  options: { slot: number; token?: string; spec?: Partial<ClusterRegistration['spec']> },
): Promise<void> {
  await hub.client.create(workspace, SECRETS, secretWith(name, { token: options.token ?? 'token' }));
  const created = await hub.client.create(
    workspace,
    CLUSTER_REGISTRATIONS,
    registration(name, serverURL, options.spec),
  );
  await hub.client.update(
    workspace,
    CLUSTER_REGISTRATIONS,
    { ...created, status: { slot: options.slot } },
    { subresource: 'status' },
  );
  await hub.client.create(workspace, SYNC_TARGETS, syncTarget(name));
}
