/** A copy's status as it is reported into the hub: generations in the hub's terms, compact. Pure. */
import { currentPlacement } from '../hub/kinds/placed-object.ts';
import { at, list, number, record } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';

/**
 * JSON for the target's status annotation; undefined when the copy has no status.
 * @param settled the cluster holds what the hub object says now, so its observed generation stands for the hub's
 * @param previous what the target reported before
 */
export function statusReport(
  hubObject: KubeObject,
  live: KubeObject,
  settled: boolean,
  previous: string | undefined,
): string | undefined {
  const status = record(live.status);
  if (status === undefined || Object.keys(status).length === 0) return undefined;
  const translate = (observed: unknown): number | undefined => {
    const seen = number(observed);
    if (seen === undefined) return undefined;
    const current = settled && seen >= (live.metadata.generation ?? 0);
    return current ? hubObject.metadata.generation : (reportedGeneration(previous) ?? 0);
  };
  const report: Record<string, unknown> = { ...status };
  delete report.uncountedTerminatedPods;
  if (status.observedGeneration !== undefined) report.observedGeneration = translate(status.observedGeneration);
  if (Array.isArray(status.conditions))
    report.conditions = list(status.conditions).map((condition) => {
      const observed = at(condition, 'observedGeneration');
      return observed === undefined ? condition : { ...record(condition), observedGeneration: translate(observed) };
    });
  if (hubObject.kind === 'CronJob' && Array.isArray(status.active))
    report.active = list(status.active).map((reference) => ({
      ...record(reference),
      namespace: hubObject.metadata.namespace,
    }));
  return withOwnNamespace(JSON.stringify(report), hubObject, live);
}

/** Conditions quote what the cluster refused, with the namespace that it has there. */
function withOwnNamespace(report: string, { metadata: { namespace = '' } }: KubeObject, live: KubeObject): string {
  const there = live.metadata.namespace ?? '';
  return there === '' || there === namespace ? report : report.replaceAll(`${there}/`, `${namespace}/`);
}

const reportedGeneration = (report: string | undefined): number | undefined =>
  number(at(parseReport(report), 'observedGeneration'));

/** Undefined when absent or not an object: such a report counts as none. */
export function parseReport(report: string | undefined): Record<string, unknown> | undefined {
  if (report === undefined) return undefined;
  try {
    return record(JSON.parse(report)) as Record<string, unknown> | undefined;
  } catch {
    return undefined;
  }
}

/** Where replicas are shared out, the shares must be those of the present spec. */
export function placementIsCurrent(hubObject: KubeObject): boolean {
  const shares = [...currentPlacement(hubObject).values()];
  if (shares.every((share) => share === undefined)) return true;
  const total = shares.reduce<number>((sum, share) => sum + (share ?? 0), 0);
  return total === (number(at(hubObject.spec, 'replicas')) ?? 1);
}
