/**
 * The syncer of one cluster, beside that cluster. In order:
 *
 *   look       its registration and SyncTarget in the hub say who it is and whether it is wanted here (mode Pull)
 *   begin      pull-session.ts: a connection to the cluster, and the hub's objects that carry the target's label
 *   sync       as in the gateway: target-syncer.ts
 *   report     health, kinds and capacity into the SyncTarget, with each heartbeat
 *
 * Another SyncTarget of the same name begins it anew. It keeps nothing that it could not find again.
 */
import type { DiscoveryFetch } from '../clusters/discovery-fetch.ts';
import { CLUSTER_REGISTRATIONS, SYNC_TARGETS } from '../clusters/kinds.ts';
import type { KubeconfigAccess } from '../clusters/kubeconfig-access.ts';
import type { HubClient } from '../hub/client.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { LiveInformer } from '../hub/live-informer.ts';
import type { GroupResource } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { PullSession } from './pull-session.ts';
import { pulledIdentity } from './pulled-identity.ts';
import type { SyncMetrics } from './sync-metrics.ts';
import type { SyncLimits } from './target-syncer.ts';

export interface PullSyncerOptions {
  readonly workspace: string;
  readonly name: string;
  readonly hub: HubClient;
  /** Below `/clusters/*` of the hub. */
  readonly hubDiscovery: DiscoveryFetch;
  readonly cluster: KubeconfigAccess;
  readonly placeable: (resource: GroupResource) => boolean;
  /** What this syncer looks after, of what placement gives it. */
  readonly selects: (resource: GroupResource, namespace: string) => boolean;
  readonly limits: SyncLimits;
  readonly heartbeatMs: number;
  readonly metrics: SyncMetrics;
  /** Told the outcome of each heartbeat, and the number of kinds that are followed. */
  readonly onHeartbeat: (beat: Heartbeat) => void;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface Heartbeat {
  readonly ok: boolean;
  readonly healthy: boolean;
  readonly kinds: number;
}

export interface PullSyncer {
  /** Undefined when objects are synced and the hub took the last heartbeat; else what is missing, for people. */
  problem(): string | undefined;
}

/** Works until the signal aborts. */
export function startPullSyncer(options: PullSyncerOptions): PullSyncer {
  const { workspace, name, hub, signal, log } = options;
  const scope = { workspace, fieldSelector: `metadata.name=${name}` };
  const registrations = new LiveInformer(hub, CLUSTER_REGISTRATIONS, options, scope);
  const targets = new LiveInformer(hub, SYNC_TARGETS, options, scope);
  let session: PullSession | undefined;
  let problem: string | undefined = 'the hub has not been read yet';
  let told: string | undefined;

  function look(): void {
    const wanted = pulledIdentity(
      workspace,
      name,
      registrations.get<ClusterRegistration>(workspace, '', name),
      targets.get<SyncTarget>(workspace, '', name),
    );
    problem = typeof wanted === 'string' ? wanted : undefined;
    if (problem !== undefined && problem !== told) log.warn({ syncTarget: name, workspace }, problem);
    told = problem;
    if (session !== undefined && (typeof wanted === 'string' || wanted.fingerprint !== session.identity.fingerprint)) {
      session.close();
      session = undefined;
    }
    if (typeof wanted === 'string' || session !== undefined) return;
    session = new PullSession(options, wanted, () => targets.get<SyncTarget>(workspace, '', name));
    void session.run();
  }

  void Promise.all([registrations.whenSynced(), targets.whenSynced()]).then(() => {
    if (signal.aborted) return;
    for (const informer of [registrations, targets]) informer.subscribe(look);
    look();
  });
  signal.addEventListener('abort', () => session?.close(), { once: true });
  return { problem: () => problem ?? session?.problem };
}
