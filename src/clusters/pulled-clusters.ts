/**
 * Clusters of mode Pull, which a syncer beside them reports and the gateway cannot call: for placement and status, that
 * need health and kinds but no connection. Views and the gateway's own syncer do not see them.
 */
import type { HubInformer, InformerEvent } from '../hub/client.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import type { Clock } from '../reconcile/clock.ts';
import { isSlot } from './desired-connection.ts';
import type { ClusterChange, ClusterRegistry, Downstream } from './downstream.ts';
import { CLUSTER_REGISTRATIONS, SYNC_TARGETS } from './kinds.ts';
import type { RegistryHub } from './registry.ts';
import { type Pulled, pulledCluster } from './reported-cluster.ts';
import { VisibilityTree } from './visibility.ts';

const CHECK_MS = 5_000;

/** The clusters of `registry` and the pulled ones, as one registry. `close` leaves the given one open. */
export function withPulledClusters(
  registry: ClusterRegistry,
  hub: Pick<RegistryHub, 'informer'>,
  clock: Clock,
): ClusterRegistry {
  const registrations: HubInformer<ClusterRegistration> = hub.informer(CLUSTER_REGISTRATIONS);
  const syncTargets: HubInformer<SyncTarget> = hub.informer(SYNC_TARGETS);
  const pulled = new Map<string, Pulled>();
  const states = new Map<string, string>();
  const tree = new VisibilityTree<Pulled>();
  const listeners = new Set<(change: ClusterChange) => void>();
  const emit = (type: ClusterChange['type'], downstream: Downstream): void => {
    for (const listener of listeners) listener({ type, downstream });
  };

  function look(workspace: string, name: string): void {
    const registration = registrations.get(workspace, '', name);
    const target = syncTargets.get(workspace, '', name);
    const key = syncTargetKey(workspace, name);
    const known = pulled.get(key);
    const slot = registration?.status?.slot;
    const wanted = registration?.spec.mode === 'Pull' && isSlot(slot) ? target : undefined;
    if (known !== undefined && wanted?.metadata.uid !== known.uid) leave(known);
    if (wanted === undefined || registration === undefined || !isSlot(slot)) return;
    const present = pulled.get(key);
    const report = { target: wanted, workspaces: registration.spec.workspaces };
    if (present === undefined) join(pulledCluster(workspace, registration, slot, report, clock), report.workspaces);
    else update(present, report);
  }

  function join(cluster: Pulled, workspaces: readonly string[] | undefined): void {
    pulled.set(cluster.key, cluster);
    states.set(cluster.key, cluster.health().state);
    tree.put(cluster, workspaces);
    emit('joined', cluster);
  }

  function leave(cluster: Pulled): void {
    pulled.delete(cluster.key);
    states.delete(cluster.key);
    tree.remove(cluster.workspace, cluster.clusterName);
    cluster.gone.abort();
    emit('left', cluster);
  }

  function update(cluster: Pulled, report: Pulled['report']): void {
    const before = { hash: cluster.discovery()?.hash, workspaces: JSON.stringify(cluster.report.workspaces) };
    Object.assign(cluster.report, report);
    if (JSON.stringify(report.workspaces) !== before.workspaces) {
      tree.put(cluster, report.workspaces);
      emit('visibility', cluster);
    }
    if (cluster.discovery()?.hash !== before.hash) emit('discovery', cluster);
    checkHealth(cluster);
  }

  function checkHealth(cluster: Pulled): void {
    const { state } = cluster.health();
    if (states.get(cluster.key) === state) return;
    states.set(cluster.key, state);
    emit('health', cluster);
  }

  const onEvent = ({ workspace, object, previous }: InformerEvent): void =>
    look(workspace, (object ?? previous)?.metadata.name ?? '');
  const stops = [registrations.subscribe(onEvent), syncTargets.subscribe(onEvent)];
  // Silence is no event.
  let cancel = (): void => {};
  const check = (): void => {
    for (const cluster of pulled.values()) checkHealth(cluster);
    cancel = clock.after(CHECK_MS, check);
  };
  check();

  return {
    visibleTo: (workspace) => nearest([...registry.visibleTo(workspace), ...tree.visibleTo(workspace)]),
    get: (workspace, name) =>
      nearest([registry.get(workspace, name), tree.get(workspace, name)].filter((one) => one !== undefined))[0],
    byKey: (key) => registry.byKey(key) ?? pulled.get(key),
    all: () => [...registry.all(), ...pulled.values()],
    onChange(listener) {
      const stop = registry.onChange(listener);
      listeners.add(listener);
      return () => {
        stop();
        listeners.delete(listener);
      };
    },
    async whenLoaded() {
      await Promise.all([registry.whenLoaded(), registrations.whenSynced(), syncTargets.whenSynced()]);
      for (const { workspace, object } of registrations.list()) look(workspace, object.metadata.name ?? '');
    },
    async close() {
      cancel();
      for (const stop of stops) stop();
      listeners.clear();
      for (const { gone } of pulled.values()) gone.abort();
    },
  };
}

/** Of equal names the one deepest in the tree, as within each registry. */
function nearest(clusters: readonly Downstream[]): Downstream[] {
  const byName = new Map<string, Downstream>();
  for (const cluster of clusters) {
    const known = byName.get(cluster.clusterName);
    if (known === undefined || cluster.workspace.length > known.workspace.length)
      byName.set(cluster.clusterName, cluster);
  }
  return [...byName.values()].sort((a, b) => (a.clusterName < b.clusterName ? -1 : 1));
}
