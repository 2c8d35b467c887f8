/**
 * From registrations in the hub to live connections. Events only say which registration to look at; what it asks for is
 * compared with what there is: the same connection stays, another endpoint is another connection, new credentials are not.
 */
import type { HubClient, HubInformer } from '../hub/client.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type ClusterConnection, type ConnectionTimings, createConnection, DEFAULT_TIMINGS } from './connection.ts';
import { createCredentialStore } from './credential-store.ts';
import { type DesiredConnection, desiredConnection } from './desired-connection.ts';
import type { ClusterChange, ClusterRegistry } from './downstream.ts';
import { CLUSTER_REGISTRATIONS, SYNC_TARGETS } from './kinds.ts';
import { VisibilityTree } from './visibility.ts';

export interface RegistryHub {
  readonly client: Pick<HubClient, 'get' | 'list' | 'watch'>;
  /** The shared informer of a resource over all workspaces. */
  readonly informer: <T extends KubeObject>(resource: GroupResource) => HubInformer<T>;
}

export interface RegistryOptions {
  readonly hub: RegistryHub;
  readonly clock: { now(): number };
  readonly log: Logger;
  /** Kubeconfigs of registrations may run commands and read files here: only where the operator registers all clusters. */
  readonly trustKubeconfig?: boolean;
  readonly timings?: Partial<ConnectionTimings>;
}

interface Entry {
  readonly desired: DesiredConnection;
  readonly connection: ClusterConnection;
  readonly releaseSecret: () => void;
}

export function createClusterRegistry(options: RegistryOptions): ClusterRegistry {
  const { hub, log } = options;
  const now = () => options.clock.now();
  const timings = { ...DEFAULT_TIMINGS, ...options.timings };
  const registrations = hub.informer<ClusterRegistration>(CLUSTER_REGISTRATIONS);
  const syncTargets = hub.informer<SyncTarget>(SYNC_TARGETS);
  const credentials = createCredentialStore({
    client: hub.client,
    trustKubeconfig: options.trustKubeconfig === true,
    now,
    log,
  });
  const entries = new Map<string, Entry>();
  const byKey = new Map<string, ClusterConnection>();
  const tree = new VisibilityTree<ClusterConnection>();
  const listeners = new Set<(change: ClusterChange) => void>();

  function look(workspace: string, name: string): void {
    const registration = registrations.get(workspace, '', name);
    const desired = registration && desiredConnection(workspace, registration, syncTargets.get(workspace, '', name));
    const id = `${workspace}/${name}`;
    const entry = entries.get(id);
    if (entry !== undefined && entry.desired.fingerprint === desired?.fingerprint) {
      entries.set(id, adjust(entry, desired));
      return;
    }
    if (entry !== undefined) leave(id, entry);
    if (desired !== undefined) join(id, desired);
  }

  function join(id: string, desired: DesiredConnection): void {
    const { identity, endpoint, impersonateUsers } = desired;
    const connection: ClusterConnection = createConnection({
      identity,
      endpoint,
      impersonateUsers,
      timings,
      now,
      onHealth: () => {
        const { state, reason } = connection.health();
        log.info(
          { cluster: identity.clusterName, workspace: identity.workspace, state, reason },
          'cluster health changed',
        );
        emit({ type: 'health', downstream: connection });
      },
      onDiscovery: () => emit({ type: 'discovery', downstream: connection }),
      onDefinitions: () => emit({ type: 'definitions', downstream: connection }),
    });
    entries.set(id, { desired, connection, releaseSecret: followSecret(desired, connection) });
    byKey.set(identity.key, connection);
    tree.put(connection, desired.workspaces);
    log.info(
      { cluster: identity.clusterName, workspace: identity.workspace, origin: endpoint.origin },
      'cluster joined',
    );
    emit({ type: 'joined', downstream: connection });
  }

  function leave(id: string, { connection, releaseSecret }: Entry): void {
    releaseSecret();
    entries.delete(id);
    byKey.delete(connection.key);
    tree.remove(connection.workspace, connection.clusterName);
    log.info({ cluster: connection.clusterName, workspace: connection.workspace }, 'cluster left');
    connection.close();
    emit({ type: 'left', downstream: connection });
  }

  /** The same connection under a registration that changed otherwise. */
  function adjust(entry: Entry, desired: DesiredConnection): Entry {
    const { connection } = entry;
    if (JSON.stringify(desired.workspaces) !== JSON.stringify(entry.desired.workspaces)) {
      tree.put(connection, desired.workspaces);
      emit({ type: 'visibility', downstream: connection });
    }
    const { namespace, name } = desired.secret;
    if (namespace === entry.desired.secret.namespace && name === entry.desired.secret.name)
      return { ...entry, desired };
    entry.releaseSecret();
    return { desired, connection, releaseSecret: followSecret(desired, connection) };
  }

  const followSecret = ({ identity, secret }: DesiredConnection, connection: ClusterConnection): (() => void) =>
    credentials.follow({ workspace: identity.workspace, namespace: secret.namespace, name: secret.name }, (found) => {
      if (typeof found === 'string')
        log.warn({ cluster: identity.clusterName, reason: found }, 'cluster has no usable credentials');
      connection.setCredentials(found);
    });

  function emit(change: ClusterChange): void {
    for (const listener of listeners) listener(change);
  }

  const nameOf = (event: { object: KubeObject | undefined; previous: KubeObject | undefined }): string =>
    (event.object ?? event.previous)?.metadata.name ?? '';
  const unsubscribe = [registrations, syncTargets].map((informer: HubInformer) =>
    informer.subscribe((event) => look(event.workspace, nameOf(event))),
  );

  return {
    visibleTo: (workspace) => (workspace === '*' ? all() : tree.visibleTo(workspace)),
    get: (workspace, clusterName) => tree.get(workspace, clusterName),
    byKey: (key) => byKey.get(key),
    all,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async whenLoaded() {
      await Promise.all([registrations.whenSynced(), syncTargets.whenSynced()]);
      for (const { workspace, object } of registrations.list()) look(workspace, object.metadata.name ?? '');
      await credentials.whenServed();
    },
    async close() {
      for (const stop of unsubscribe) stop();
      credentials.close();
      listeners.clear();
      for (const { connection } of entries.values()) connection.close();
      entries.clear();
    },
  };

  function all(): ClusterConnection[] {
    return [...entries.values()].map(({ connection }) => connection);
  }
}
