/** Status up: what targets reported on a hub object becomes its `.status`. Reads and writes the hub alone. */
import { isDeepStrictEqual } from 'node:util';
import type { ClusterRegistry } from '../clusters/downstream.ts';
import type { HubClient } from '../hub/client.ts';
import { currentPlacement, heldTargets } from '../hub/kinds/placed-object.ts';
import {
  CLUSTER_STATUSES_ANNOTATION,
  STATUS_ANNOTATION_PREFIX,
  SYNC_CONFLICT_ANNOTATION_PREFIX,
  SYNCER_FIELD_MANAGER,
} from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { at, number } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import { type Clock, rfc3339, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { WorkQueue } from '../reconcile/queue.ts';
import { annotate } from './hub-writer.ts';
import type { PlacedObjects } from './placed-objects.ts';
import type { RulesSource } from './rules-source.ts';
import { withSyncConflict } from './status-conditions.ts';
import { foldStatus, type TargetReport } from './status-fold.ts';
import { parseReport, placementIsCurrent } from './status-report.ts';

export interface StatusOptions {
  readonly hub: HubClient;
  readonly registry: Pick<ClusterRegistry, 'byKey'>;
  /** Started. */
  readonly objects: PlacedObjects;
  readonly rules: RulesSource;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly concurrency?: number;
}

/** Works until the signal aborts. */
export function startStatus(options: StatusOptions): { whenIdle(): Promise<void> } {
  const { hub, registry, objects, rules, signal, log } = options;
  const clock = options.clock ?? systemClock;
  const queue = new WorkQueue({
    process: (id) => reconcile(id),
    concurrency: options.concurrency ?? 8,
    signal,
    clock,
    onError: (key, err, retry) => log.warn({ controller: 'status', key, err, ...retry }, 'reconcile failed'),
  });
  async function reconcile(id: string): Promise<void> {
    const hubObject = objects.get(id);
    if (hubObject === undefined) return;
    const nameOf = (key: string): string => registry.byKey(key)?.clusterName ?? key;
    const reports = reportsOf(hubObject, nameOf);
    const own = rules.of(id);
    const folded = foldStatus(hubObject, reports, placementIsCurrent(hubObject), own);
    const conflict = folded === undefined ? undefined : conflictOf(hubObject, nameOf);
    const status =
      folded === undefined
        ? withoutTargets(hubObject, reports)
        : withSyncConflict(folded, hubObject, conflict, rfc3339(clock.now()));
    const combined = own.status === 'Combined' && reports.length > 0 ? combinedOf(reports) : undefined;
    await annotate(hub, id, hubObject, { [CLUSTER_STATUSES_ANNOTATION]: combined });
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

  const stops = [
    objects.subscribe((_key, id) => queue.add(id)),
    rules.onChange((concerned) => {
      for (const id of objects.all()) if (concerned(id)) queue.add(id);
    }),
  ];
  signal.addEventListener('abort', () => stops.forEach((stop) => void stop()), { once: true });
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

/** What every target says, by its name. */
const combinedOf = (reports: readonly TargetReport[]): string =>
  JSON.stringify(
    Object.fromEntries(
      reports
        .map(({ clusterName, status }) => [clusterName, status ?? {}] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );

/** Where a copy waits for somebody's decision; undefined where none does. */
function conflictOf(hubObject: KubeObject, nameOf: (key: string) => string): string | undefined {
  const found = [...currentPlacement(hubObject).keys()].flatMap((key) => {
    const message = hubObject.metadata.annotations?.[SYNC_CONFLICT_ANNOTATION_PREFIX + key];
    return message === undefined ? [] : [{ clusterName: nameOf(key), message }];
  });
  if (found.length === 0) return undefined;
  found.sort((a, b) => (a.clusterName < b.clusterName ? -1 : 1));
  return found.map(({ message }) => message).join('; ');
}

/** Counts of an object that is nowhere any more are not true any more. */
function withoutTargets(hubObject: KubeObject, reports: readonly TargetReport[]): Record<string, unknown> | undefined {
  if (reports.length > 0 || number(at(hubObject.status, 'replicas')) === undefined) return undefined;
  const observed = number(at(hubObject.status, 'observedGeneration'));
  return observed === undefined ? {} : { observedGeneration: observed };
}
