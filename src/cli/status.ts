/** `tmc status`: the clusters that a workspace may use, and the workloads it has. */
import type { HubItem } from '../hub/client.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { STATE_LABEL_PREFIX } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import { connectGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { printTable } from './print-table.ts';

interface Workload extends KubeObject {
  spec?: { replicas?: number };
  status?: { readyReplicas?: number };
}

const SYNC_TARGETS = { group: 'workload.kcp.io', resource: 'synctargets' };
const REGISTRATIONS = { group: 'tmc.kcp.io', resource: 'clusterregistrations' };
const DEPLOYMENTS = { group: 'apps', resource: 'deployments' };

export async function status(options: GatewayOptions): Promise<void> {
  const gateway = await connectGateway(options);
  try {
    const targets = await visibleTargets(gateway);
    process.stdout.write(`Gateway ${gateway.origin}, workspace ${gateway.workspace}\n\n`);
    if (targets.length === 0) process.stdout.write('no clusters: join one with: tmc join NAME --kubeconfig FILE\n');
    else {
      printTable(
        ['CLUSTER', 'WORKSPACE', 'HEALTH', 'VERSION', 'CPU', 'MEMORY', 'PODS', 'LAST HEARTBEAT'],
        targets.map(({ workspace, target, registration }) => [
          target.metadata.name ?? '',
          workspace,
          target.spec.unschedulable ? `${healthOf(target, registration)},Cordoned` : healthOf(target, registration),
          registration?.status?.kubernetesVersion ?? '',
          target.status?.allocatable?.cpu ?? '',
          target.status?.allocatable?.memory ?? '',
          target.status?.allocatable?.pods ?? '',
          target.status?.lastSyncerHeartbeatTime ?? '',
        ]),
      );
    }
    const { items } = await gateway.hub.list<Workload>(gateway.workspace, DEPLOYMENTS);
    if (items.length === 0) return;
    const names = new Map(
      targets.map(({ workspace, target }) => [
        syncTargetKey(workspace, target.metadata.name ?? ''),
        target.metadata.name,
      ]),
    );
    process.stdout.write('\n');
    printTable(
      ['NAMESPACE', 'DEPLOYMENT', 'READY', 'CLUSTERS'],
      items.map(({ object }) => [
        object.metadata.namespace ?? '',
        object.metadata.name ?? '',
        `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 1}`,
        placedOn(object)
          .map((key) => names.get(key) ?? key)
          .sort()
          .join(','),
      ]),
    );
  } finally {
    await gateway.close();
  }
}

const placedOn = (object: KubeObject): string[] =>
  Object.keys(object.metadata.labels ?? {})
    .filter((label) => label.startsWith(STATE_LABEL_PREFIX))
    .map((label) => label.slice(STATE_LABEL_PREFIX.length));

function healthOf(target: SyncTarget, registration: ClusterRegistration | undefined): string {
  const ready = target.status?.conditions?.find(({ type }) => type === 'Ready');
  return registration?.status?.health ?? (ready?.status === 'True' ? 'Healthy' : (ready?.reason ?? 'Unknown'));
}

/** SyncTargets of the workspace and of those above it; the nearer one of two equal names. */
async function visibleTargets({ hub, workspace }: Gateway) {
  const segments = workspace.split(':');
  const paths = segments.map((_, index) => segments.slice(0, segments.length - index).join(':'));
  const found = new Map<
    string,
    { workspace: string; target: SyncTarget; registration: ClusterRegistration | undefined }
  >();
  for (const path of paths) {
    const targets = await readable(hub.list<SyncTarget>(path, SYNC_TARGETS));
    const registrations = await readable(hub.list<ClusterRegistration>(path, REGISTRATIONS));
    for (const { object } of targets) {
      const name = object.metadata.name ?? '';
      if (found.has(name)) continue;
      const registration = registrations.find((item) => item.object.metadata.name === name)?.object;
      found.set(name, { workspace: path, target: object, registration });
    }
  }
  return [...found.values()];
}

/** Whoever works in a workspace need not be allowed to read the ones above it: their clusters are then not listed. */
async function readable<T extends KubeObject>(
  list: Promise<{ items: readonly HubItem<T>[] }>,
): Promise<readonly HubItem<T>[]> {
  try {
    return (await list).items;
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return [];
    throw error;
  }
}
