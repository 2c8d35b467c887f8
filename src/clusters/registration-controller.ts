/**
 * The life of a ClusterRegistration. Steps, in order:
 *   gone: free its slot, delete its SyncTarget · slot: give it one · target: create or update the SyncTarget of its name
 *   · observe: health, discovery, capacity · renew: a token that expires · report: conditions and status of both, once, where something changed.
 */
import type { HubClient } from '../hub/client.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { type Clock, rfc3339, systemClock } from '../reconcile/clock.ts';
import { commit } from '../reconcile/commit.ts';
import { objectKey, parseObjectKey, startController, watching } from '../reconcile/controller.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { ReconcileResult } from '../reconcile/queue.ts';
import { isSlot } from './desired-connection.ts';
import type { ClusterChange, ClusterRegistry, Downstream } from './downstream.ts';
import { CLUSTER_REGISTRATIONS, SYNC_TARGETS } from './kinds.ts';
import { type ClusterCapacity, readCapacity } from './node-capacity.ts';
import {
  applyRegistration,
  type ClusterObservation,
  conditionsOf,
  registrationProblem,
  registrationStatus,
  syncTargetStatus,
} from './registration-status.ts';
import type { RegistryHub } from './registry.ts';
import { isSilent } from './reported-cluster.ts';
import { createSlotAllocator } from './slots.ts';
import { isRenewalDue, renewToken, TOKEN_ANNOTATION } from './token-request.ts';

export interface RegistrationControllerOptions {
  readonly hub: { readonly client: HubClient; readonly informer: RegistryHub['informer'] };
  readonly registry: ClusterRegistry;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Whether this replica looks after the workspace; default: all. */
  readonly owns?: (workspace: string) => boolean;
  /** Between two writes of `lastSyncerHeartbeatTime`, milliseconds. */
  readonly heartbeatMs?: number;
}

const HEARTBEAT_MS = 30_000;
const CAPACITY_MS = 60_000;
const CONCURRENCY = 8;

/** Runs until the signal aborts. */
export function startRegistrationController(options: RegistrationControllerOptions): void {
  const { hub, registry, signal, log, clock = systemClock, heartbeatMs = HEARTBEAT_MS } = options;
  const owns = options.owns ?? (() => true);
  const registrations = hub.informer<ClusterRegistration>(CLUSTER_REGISTRATIONS);
  const syncTargets = hub.informer<SyncTarget>(SYNC_TARGETS);
  const slots = createSlotAllocator({
    client: hub.client,
    now: () => clock.now(),
    heldSlots: () => slotsIn(registrations.list()),
  });
  const capacities = new WeakMap<Downstream, { at: number; capacity: ClusterCapacity | undefined }>();

  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    const { workspace, name } = parseObjectKey(key);
    if (!owns(workspace)) return undefined;
    const registration = registrations.get(workspace, '', name);
    if (registration === undefined) return removed(workspace, name);
    if (registration.metadata.deletionTimestamp !== undefined) return undefined;
    const problem = registrationProblem(registration);
    const target =
      problem === undefined ? await ensureTarget(workspace, registration) : syncTargets.get(workspace, '', name);
    const slot = problem === undefined ? await ensureSlot(workspace, registration) : undefined;
    const downstream = ownConnection(registry, workspace, name);
    const isPulled = registration.spec.mode === 'Pull';
    const observed = await observe(downstream, isPulled);
    // What was read of it is then old; its own event brings it here again.
    if (!isPulled && (await renew(downstream, registration))) return { requeueAfterMs: heartbeatMs };
    const now = rfc3339(clock.now());
    const conditions = conditionsOf(problem, observed);
    await commit(writer<ClusterRegistration>(workspace, CLUSTER_REGISTRATIONS), registration, (draft) => {
      draft.status = registrationStatus(draft.status, conditions, observed, now);
      if (slot !== undefined) draft.status.slot = slot;
      const contact = heartbeat(draft.status.lastContactTime, observed);
      if (contact !== undefined) draft.status.lastContactTime = contact;
    });
    if (target !== undefined) {
      await commit(writer<SyncTarget>(workspace, SYNC_TARGETS), target, (draft) => {
        // A pull-mode syncer reports for itself, until it falls silent.
        if (isPulled && !isSilent(draft, clock.now())) return;
        draft.status = syncTargetStatus(draft.status, conditions, observed, now);
        const contact = heartbeat(draft.status.lastSyncerHeartbeatTime, observed);
        if (contact !== undefined) draft.status.lastSyncerHeartbeatTime = contact;
      });
    }
    return { requeueAfterMs: heartbeatMs };
  }

  async function removed(workspace: string, name: string): Promise<undefined> {
    await slots.release(workspace, name);
    const target = syncTargets.get(workspace, '', name);
    const ours = target?.metadata.ownerReferences?.some(({ kind }) => kind === 'ClusterRegistration');
    if (!ours || target?.metadata.uid === undefined) return;
    await hub.client.delete({ ...SYNC_TARGETS, workspace, name }, { uid: target.metadata.uid });
  }

  async function ensureSlot(workspace: string, registration: ClusterRegistration): Promise<number> {
    if (isSlot(registration.status?.slot)) return registration.status.slot;
    const { name = '', uid = '' } = registration.metadata;
    await slots.release(workspace, name, uid);
    return slots.claim({ workspace, name, uid });
  }

  async function ensureTarget(workspace: string, registration: ClusterRegistration): Promise<SyncTarget> {
    const name = registration.metadata.name ?? '';
    const found = await hub.client.get<SyncTarget>({ ...SYNC_TARGETS, workspace, name });
    if (found !== undefined) {
      return commit(writer<SyncTarget>(workspace, SYNC_TARGETS), found, (draft) =>
        applyRegistration(draft, registration),
      );
    }
    const made: SyncTarget = {
      apiVersion: 'workload.kcp.io/v1alpha1',
      kind: 'SyncTarget',
      metadata: { name },
      spec: {},
    };
    applyRegistration(made, registration);
    return hub.client.create(workspace, SYNC_TARGETS, made);
  }

  async function observe(downstream: Downstream | undefined, isPulled: boolean): Promise<ClusterObservation> {
    const health = downstream?.health();
    // The rest its syncer writes itself.
    if (isPulled) return { health, discovery: undefined, capacity: undefined };
    const up = health?.state === 'Healthy' || health?.state === 'Degraded';
    return {
      health,
      discovery: downstream?.discovery(),
      capacity: downstream && up ? await capacityOf(downstream) : undefined,
    };
  }

  /** A failure is tried again with the next heartbeat: the present token still holds for long. */
  async function renew(downstream: Downstream | undefined, registration: ClusterRegistration): Promise<boolean> {
    if (downstream === undefined) return false;
    if (!isRenewalDue(registration.metadata.annotations?.[TOKEN_ANNOTATION], clock.now())) return false;
    try {
      await renewToken(hub.client, downstream, registration, clock.now());
      log.info({ cluster: downstream.clusterName }, 'the token of a cluster was renewed');
      return true;
    } catch (err) {
      log.warn({ cluster: downstream.clusterName, err }, 'the token of a cluster cannot be renewed');
      return false;
    }
  }

  async function capacityOf(downstream: Downstream): Promise<ClusterCapacity | undefined> {
    const known = capacities.get(downstream);
    if (known !== undefined && clock.now() - known.at < CAPACITY_MS) return known.capacity;
    const capacity = await readCapacity(downstream, signal).catch((error: unknown) => {
      log.debug({ cluster: downstream.clusterName, err: error }, 'cannot read the capacity of a cluster');
      return known?.capacity;
    });
    capacities.set(downstream, { at: clock.now(), capacity });
    return capacity;
  }

  /** The time of last contact, written no more often than the heartbeat. */
  function heartbeat(written: string | undefined, { health }: ClusterObservation): string | undefined {
    if (health?.lastContact === undefined) return undefined;
    const due = written === undefined || health.lastContact - Date.parse(written) >= heartbeatMs - 1_000;
    return due ? rfc3339(health.lastContact) : undefined;
  }

  const writer =
    <T extends KubeObject>(workspace: string, resource: GroupResource) =>
    (object: T, subresource?: 'status'): Promise<T> =>
      hub.client.update(workspace, resource, object, subresource === undefined ? {} : { subresource });

  const keyOfChange = (event: {
    workspace: string;
    object: KubeObject | undefined;
    previous: KubeObject | undefined;
  }) => [objectKey(event.workspace, '', (event.object ?? event.previous)?.metadata.name ?? '')];
  const clusterChanges = { subscribe: (listener: (change: ClusterChange) => void) => registry.onChange(listener) };
  startController({
    name: 'cluster-registration',
    sources: [
      watching(registrations, keyOfChange),
      watching(syncTargets, keyOfChange),
      watching(clusterChanges, ({ downstream }) => [objectKey(downstream.workspace, '', downstream.clusterName)]),
    ],
    reconcile,
    signal,
    log,
    clock,
    concurrency: CONCURRENCY,
  });
}

/** Not one of the same name that an ancestor shares. */
function ownConnection(registry: ClusterRegistry, workspace: string, name: string): Downstream | undefined {
  return registry.byKey(syncTargetKey(workspace, name));
}

function* slotsIn(items: Iterable<{ object: ClusterRegistration }>): Iterable<number> {
  for (const { object } of items) if (isSlot(object.status?.slot)) yield object.status.slot;
}
