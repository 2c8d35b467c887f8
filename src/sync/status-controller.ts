/** Status up: what targets reported on a hub object becomes its `.status`. Reads and writes the hub alone. */
import { isDeepStrictEqual } from 'node:util';
import type { ClusterRegistry } from '../clusters/downstream.ts';
import type { HubClient } from '../hub/client.ts';
import { currentPlacement, heldTargets } from '../hub/kinds/placed-object.ts';
import { STATUS_ANNOTATION_PREFIX, SYNCER_FIELD_MANAGER } from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { at, number } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { WorkQueue } from '../reconcile/queue.ts';
import type { PlacedObjects } from './placed-objects.ts';
import { foldStatus, type TargetReport } from './status-fold.ts';
import { parseReport, placementIsCurrent } from './status-report.ts';

export interface StatusOptions {
  readonly hub: HubClient;
  readonly registry: Pick<ClusterRegistry, 'byKey'>;
  /** Started. */
  readonly objects: PlacedObjects;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly concurrency?: number;
}

/** Works until the signal aborts. */
export function startStatus(options: StatusOptions): { whenIdle(): Promise<void> } {
  const { hub, registry, objects, signal, log } = options;
  const queue = new WorkQueue({
    process: (id) => reconcile(id),
    concurrency: options.concurrency ?? 8,
    signal,
    clock: options.clock ?? systemClock,
    onError: (key, err, retry) => log.warn({ controller: 'status', key, err, ...retry }, 'reconcile failed'),
  });
  async function reconcile(id: string): Promise<void> {
    const hubObject = objects.get(id);
    if (hubObject === undefined) return;
    const reports = reportsOf(hubObject, (key) => registry.byKey(key)?.clusterName ?? key);
    const status = foldStatus(hubObject, reports, placementIsCurrent(hubObject)) ?? withoutTargets(hubObject, reports);
    if (status === undefined || isDeepStrictEqual(status, hubObject.status)) return;
    const { resource, workspace, namespace, name } = parseObjectId(id);
    try {
      await hub.patch(
        { ...resource, workspace, namespace, name },
        { type: 'json', body: [{ op: 'add', path: '/status', value: status }] },
        { subresource: 'status', fieldManager: SYNCER_FIELD_MANAGER },
      );
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    }
  }

  const stop = objects.subscribe((_key, id) => queue.add(id));
  signal.addEventListener('abort', stop, { once: true });
  return { whenIdle: () => queue.whenIdle() };
}

/** One report per target that holds the object. */
export function reportsOf(hubObject: KubeObject, clusterName: (key: string) => string): TargetReport[] {
  const wanted = currentPlacement(hubObject);
  return [...heldTargets(hubObject)].map((key) => ({
    clusterName: clusterName(key),
    wanted: wanted.has(key),
    status: parseReport(hubObject.metadata.annotations?.[STATUS_ANNOTATION_PREFIX + key]),
  }));
}

/** Counts of an object that is nowhere any more are not true any more. */
function withoutTargets(hubObject: KubeObject, reports: readonly TargetReport[]): Record<string, unknown> | undefined {
  if (reports.length > 0 || number(at(hubObject.status, 'replicas')) === undefined) return undefined;
  const observed = number(at(hubObject.status, 'observedGeneration'));
  return observed === undefined ? {} : { observedGeneration: observed };
}
