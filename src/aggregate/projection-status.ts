/** Keeps the status of ResourceProjections: that they are in effect, and which object they last could not be applied to. */
import type { HubClient, HubInformer } from '../hub/client.ts';
import { RESOURCE_PROJECTIONS, type ResourceProjection } from '../hub/kinds/resource-projection.ts';
import { type ConditionState, withConditions } from '../kube/conditions.ts';
import type { Condition } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import { type Clock, rfc3339 } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { WorkQueue } from '../reconcile/queue.ts';

export interface ProjectionStatusOptions {
  readonly hub: HubClient;
  readonly informer: HubInformer<ResourceProjection>;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Many objects may fail alike: one write tells of the last. */
const DELAY_MS = 1_000;

export interface ProjectionStatus {
  /** An object was not shown because the projection could not be applied to it. */
  failed(workspace: string, projection: ResourceProjection, why: string): void;
}

/** Works until the signal aborts. */
export function startProjectionStatus(options: ProjectionStatusOptions): ProjectionStatus {
  const { hub, informer, signal, log, clock } = options;
  /** By key, of the generation at which it failed. */
  const failures = new Map<string, { readonly generation: number | undefined; readonly why: string }>();
  const keyOf = (workspace: string, { metadata }: ResourceProjection): string => `${workspace}|${metadata.name}`;

  const queue = new WorkQueue({
    async process(key) {
      const [workspace = '', name = ''] = key.split('|');
      const object = informer.get(workspace, '', name);
      if (object === undefined) return void failures.delete(key);
      const failure = failures.get(key);
      const current = failure?.generation === object.metadata.generation ? failure : undefined;
      const conditions = conditionsOf(object, current?.why, rfc3339(clock.now()));
      if (JSON.stringify(conditions) === JSON.stringify(object.status?.conditions)) return;
      await write(workspace, name, conditions);
    },
    concurrency: 2,
    signal,
    clock,
    onError: (key, err, retry) => log.warn({ controller: 'projection-status', key, err, ...retry }, 'reconcile failed'),
  });

  async function write(workspace: string, name: string, conditions: readonly Condition[]): Promise<void> {
    try {
      const body = { status: { conditions } };
      await hub.patch({ ...RESOURCE_PROJECTIONS, workspace, name }, { type: 'merge', body }, { subresource: 'status' });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    }
  }

  const stop = informer.subscribe(({ workspace, object, previous }) => {
    const one = object ?? previous;
    if (one !== undefined) queue.add(keyOf(workspace, one));
  });
  signal.addEventListener('abort', stop, { once: true });
  return {
    failed(workspace, projection, why) {
      const key = keyOf(workspace, projection);
      failures.set(key, { generation: projection.metadata.generation, why });
      queue.addAfter(key, DELAY_MS);
    },
  };
}

function conditionsOf({ metadata, status }: ResourceProjection, why: string | undefined, now: string): Condition[] {
  const ready = { type: 'Ready', status: 'True', reason: 'InEffect', message: 'The view follows it.' } as const;
  const applied: ConditionState =
    why === undefined
      ? { type: 'Applied', status: 'True', reason: 'Applied', message: 'It could be applied to every object.' }
      : { type: 'Applied', status: 'False', reason: 'ObjectNotShown', message: why };
  return withConditions(status?.conditions, [ready, applied], now).map((condition) => ({
    ...condition,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  }));
}
