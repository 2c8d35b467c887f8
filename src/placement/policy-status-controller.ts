/** Keeps the status of each Placement and WorkloadPlacement: where its workloads are, and why not elsewhere. */
import type { HubClient } from '../hub/client.ts';
import type { Placement } from '../hub/kinds/workload.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { WorkQueue } from '../reconcile/queue.ts';
import type { BaseFacts } from './cluster-facts.ts';
import type { Ledger } from './ledger.ts';
import { policyStatus } from './policy-status.ts';
import type { PolicyStore } from './policy-store.ts';
import type { Strategy } from './strategies.ts';

export interface PolicyStatusOptions {
  readonly hub: HubClient;
  readonly policies: PolicyStore;
  readonly ledger: Ledger;
  readonly clusters: (workspace: string) => readonly BaseFacts[];
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly strategies?: ReadonlyMap<string, Strategy>;
}

/** Many decisions of one policy become one write of its status. */
const DELAY_MS = 200;

/** Returns what to call with a policy's id when something about it may have changed. */
export function startPolicyStatus(options: PolicyStatusOptions): (id: string) => void {
  const { hub, policies, ledger, signal, log } = options;
  const clock = options.clock ?? systemClock;
  const queue = new WorkQueue({
    async process(id) {
      const source = policies.get(id);
      if (source === undefined) return;
      const { workspace, resource } = source;
      const object = source.object as Placement;
      const targets = ledger.targetsOf(id);
      const status = policyStatus(source, options.clusters(workspace), targets, clock.now(), options.strategies);
      if (JSON.stringify(status) === JSON.stringify(object.status)) return;
      await hub.update(workspace, resource, { ...object, status }, { subresource: 'status' });
    },
    concurrency: 2,
    signal,
    clock,
    onError: (id, err, retry) =>
      log.warn({ controller: 'placement-status', key: id, err, ...retry }, 'reconcile failed'),
  });
  return (id) => queue.addAfter(id, DELAY_MS);
}
