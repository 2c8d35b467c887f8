/** A downstream cluster as placement facts: its SyncTarget, its registration and its live connection, read together. */
import type { Downstream } from '../clusters/downstream.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { parseGoDuration } from '../kube/duration.ts';
import { groupResourceName } from '../kube/resource.ts';
import type { ClusterFacts, ClusterLocation, Resources } from './model.ts';
import { quantityNumber } from './pod-template.ts';

/** Facts that do not depend on the workload. */
export type BaseFacts = Omit<ClusterFacts, 'used' | 'placed' | 'neighbours'>;

/**
 * @param unhealthySince when this process first saw it unusable, for when its SyncTarget does not say
 */
export function clusterFacts(
  downstream: Downstream,
  target: SyncTarget | undefined,
  registration: ClusterRegistration | undefined,
  unhealthySince: number | undefined,
): BaseFacts {
  const { state, reason } = downstream.health();
  const usable = state === 'Healthy' || state === 'Degraded';
  const given = { ...registration?.spec?.labels, ...target?.metadata.labels };
  const location: ClusterLocation = {
    ...named('region', given[REGION_LABEL]),
    ...named('zone', given[ZONE_LABEL]),
    ...registration?.spec?.location,
  };
  // A place said once counts for selectors and spread constraints too.
  const labels = { ...named(REGION_LABEL, location.region), ...named(ZONE_LABEL, location.zone), ...given };
  return {
    key: downstream.key,
    name: downstream.clusterName,
    labels,
    health: state,
    healthReason: reason,
    unhealthySince: usable ? undefined : (notReadySince(target) ?? unhealthySince),
    unschedulable: target?.spec?.unschedulable ?? false,
    ...evictionOf(target?.spec?.evictAfter),
    taints: registration?.spec?.taints ?? [],
    location,
    serves: servedBy(downstream),
    allocatable: resources(target?.status?.allocatable),
  };
}

const servedSets = new WeakMap<object, ReadonlySet<string>>();

/** One set per discovery document, however many workloads ask. */
function servedBy(downstream: Downstream): ReadonlySet<string> | undefined {
  const discovery = downstream.discovery();
  if (discovery === undefined) return undefined;
  const known = servedSets.get(discovery);
  if (known !== undefined) return known;
  const served = new Set(discovery.resources.map(groupResourceName));
  servedSets.set(discovery, served);
  return served;
}

/** Not ready by the SyncTarget's own condition: survives a restart of the gateway. */
function notReadySince(target: SyncTarget | undefined): number | undefined {
  const ready = target?.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? undefined : timestamp(ready.lastTransitionTime);
}

/** RFC 3339 to milliseconds; undefined when absent or malformed. */
function timestamp(value: string | undefined): number | undefined {
  const time = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

/** An instant, or a duration. */
function evictionOf(evictAfter: string | undefined): Pick<ClusterFacts, 'evictAt' | 'evictAfterMs'> {
  const duration = parseGoDuration(evictAfter ?? '');
  return duration === undefined
    ? { evictAt: timestamp(evictAfter), evictAfterMs: undefined }
    : { evictAt: undefined, evictAfterMs: Number(duration / 1_000_000n) };
}

const REGION_LABEL = 'topology.kubernetes.io/region';
const ZONE_LABEL = 'topology.kubernetes.io/zone';

const named = (name: string, value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };

/** A cluster that reports no nodes yet reports nothing: capacity is then no reason to refuse it. */
function resources(quantities: Record<string, string> | undefined): Resources | undefined {
  const cpu = quantityNumber(quantities?.cpu);
  const memory = quantityNumber(quantities?.memory);
  if (cpu === undefined || memory === undefined) return undefined;
  return { cpu: cpu * 1_000, memory, pods: quantityNumber(quantities?.pods) ?? Number.POSITIVE_INFINITY };
}
