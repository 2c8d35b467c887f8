/** One cluster of mode Pull, by what its syncer wrote into its SyncTarget. */
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import { type ClusterDiscovery, ClusterError, type Downstream } from './downstream.ts';

/** A syncer that has not reported for so long is held to be gone (kube-controller-manager's node-monitor-grace-period). */
export const HEARTBEAT_STALE_MS = 40_000;

export interface Pulled extends Downstream {
  readonly report: { target: SyncTarget; workspaces: readonly string[] | undefined };
  readonly gone: AbortController;
}

/** `report` is followed: its next content is the cluster's. */
export function pulledCluster(
  workspace: string,
  { metadata, spec }: ClusterRegistration,
  slot: number,
  report: Pulled['report'],
  clock: Clock,
): Pulled {
  const clusterName = metadata.name ?? '';
  const gone = new AbortController();
  const read = { ...report };
  let kinds: { from: string; discovery: ClusterDiscovery } | undefined;
  const unreachable = async (): Promise<never> => {
    throw new ClusterError(clusterName, 'unreachable', `${clusterName} is reached by its own syncer only (mode Pull)`);
  };
  const discovery = (): ClusterDiscovery | undefined => {
    const { syncedResources } = read.target.status ?? {};
    if (syncedResources === undefined) return undefined;
    const from = JSON.stringify(syncedResources);
    if (kinds?.from !== from) kinds = { from, discovery: reportedKinds(syncedResources, from, clock.now()) };
    return kinds.discovery;
  };
  return {
    clusterName,
    workspace,
    uid: report.target.metadata.uid ?? '',
    key: syncTargetKey(workspace, clusterName),
    slot,
    namespaceMapping: spec.namespaceMapping === 'Identity' ? 'Identity' : 'Hashed',
    signal: gone.signal,
    report: read,
    gone,
    request: unreachable,
    fetch: unreachable,
    target: unreachable,
    health: () => reportedHealth(read.target, clock.now()),
    discovery,
    whenDiscovered: async () => discovery() ?? unreachable(),
  };
}

/** True when the syncer of the target has never reported, or not for long. */
export function isSilent({ status }: SyncTarget, now: number): boolean {
  const beat = Date.parse(status?.lastSyncerHeartbeatTime ?? '');
  return Number.isNaN(beat) || now - beat > HEARTBEAT_STALE_MS;
}

/** What the syncer last said, for as long as it keeps saying it. Pure. */
export function reportedHealth(target: SyncTarget, now: number): ReturnType<Downstream['health']> {
  const { status } = target;
  const beat = Date.parse(status?.lastSyncerHeartbeatTime ?? '');
  if (Number.isNaN(beat))
    return { state: 'Unknown', reason: 'its syncer has not reported yet', lastContact: undefined };
  if (isSilent(target, now)) {
    const since = new Date(beat).toISOString();
    return { state: 'Unhealthy', reason: `its syncer has not reported since ${since}`, lastContact: beat };
  }
  const ready = status?.conditions?.find(({ type }) => type === 'SyncerReady');
  const reason = ready?.message ?? '';
  if (ready?.status === 'True')
    return { state: ready.reason === 'ClusterDegraded' ? 'Degraded' : 'Healthy', reason, lastContact: beat };
  return { state: ready?.status === 'False' ? 'Unhealthy' : 'Unknown', reason, lastContact: beat };
}

type Synced = NonNullable<NonNullable<SyncTarget['status']>['syncedResources']>;

/** Enough of discovery to tell which kinds are served; a syncer reports no more. */
function reportedKinds(synced: Synced, hash: string, asOf: number): ClusterDiscovery {
  const groups = new Map<string, Set<string>>();
  const resources = synced.flatMap(({ group, resource, versions }) =>
    versions.map((version): ResourceInfo => {
      groups.set(group, (groups.get(group) ?? new Set()).add(version));
      return {
        group,
        version,
        resource,
        kind: '',
        singular: '',
        namespaced: true,
        verbs: [],
        shortNames: [],
        categories: [],
        subresources: [],
      };
    }),
  );
  return {
    resources,
    groups: [...groups].map(([name, versions]) => ({ name, versions: [...versions] })),
    serverVersion: {},
    hash,
    asOf,
  };
}
