/** Placements and WorkloadPlacements, compiled once into what they select and the policy that `choose` understands. */
import type { Placement } from '../hub/kinds/workload.ts';
import { parseGoDuration } from '../kube/duration.ts';
import { at, list, number, record, strings, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { fromLabelSelector, type LabelRequirements, matchesLabels } from '../kube/selector.ts';
import type { AffinityTerms, ClusterOverride, ClusterPreference, PlacementPolicy, Toleration } from './model.ts';

export const PLACEMENTS: GroupResource = { group: 'placement.kcp.io', resource: 'placements' };
export const WORKLOAD_PLACEMENTS: GroupResource = { group: 'tmc.kcp.io', resource: 'workloadplacements' };

export interface PolicySource {
  /** `<workspace>|<Kind>/<name>`. */
  readonly id: string;
  readonly workspace: string;
  readonly resource: GroupResource;
  readonly object: KubeObject;
  /** `deployments.apps` …; undefined: every kind. */
  readonly kinds: ReadonlySet<string> | undefined;
  readonly workloads: LabelRequirements;
  readonly namespaces: LabelRequirements | undefined;
  readonly priority: number;
  readonly policy: PlacementPolicy;
}

/** For objects that nothing selects: every ready cluster that the workspace may use. */
export const DEFAULT_POLICY: PlacementPolicy = { name: 'default placement', strategy: 'Spread', tolerations: [] };

/** Whose turns are counted together. */
export const policyId = (workspace: string, source: PolicySource | undefined): string => source?.id ?? `${workspace}|`;

/** Throws ApiError for a selector that validation let through; such a policy selects nothing. */
export function compilePolicy(workspace: string, resource: GroupResource, object: KubeObject): PolicySource {
  const { spec } = object as Placement;
  const kinds = spec?.workloadSelector?.resources;
  return {
    id: `${workspace}|${object.kind}/${object.metadata.name}`,
    workspace,
    resource,
    object,
    kinds:
      kinds && new Set(kinds.map(({ group = '', resource: name }) => groupResourceName({ group, resource: name }))),
    workloads: fromLabelSelector(spec?.workloadSelector ?? {}),
    namespaces: spec?.namespaceSelector && fromLabelSelector(spec.namespaceSelector),
    priority: spec?.priority ?? 0,
    policy: resource.resource === PLACEMENTS.resource ? policyOf(object as Placement) : fullPolicyOf(object),
  };
}

function policyOf({ metadata, spec }: Placement): PlacementPolicy {
  const { strategy = 'Spread', tolerations = [], minClusters, maxClusters } = spec?.placementPolicy ?? {};
  const selector = spec?.syncTargetSelector;
  return {
    name: `Placement "${metadata.name}"`,
    strategy,
    tolerations: tolerations as readonly Toleration[],
    ...defined({ minClusters, maxClusters, clusterSelector: selector && fromLabelSelector(selector) }),
  };
}

/** WorkloadPlacement says more: names, wishes, constraints, shares, failover, differences per cluster. */
function fullPolicyOf({ metadata, spec }: KubeObject): PlacementPolicy {
  const names = list(at(spec, 'clusters')).flatMap((name) => text(name) ?? []);
  const division = text(at(spec, 'replicas', 'division'));
  const weights = record(at(spec, 'replicas', 'weights')) as Readonly<Record<string, number>> | undefined;
  return {
    name: `WorkloadPlacement "${metadata.name}"`,
    strategy: text(at(spec, 'strategy')) ?? 'Spread',
    tolerations: list(at(spec, 'tolerations')) as readonly Toleration[],
    preferences: list(at(spec, 'preferences')).map((term) => preference(term, 'clusterSelector', 1)),
    spreadConstraints: list(at(spec, 'spreadConstraints')).map((constraint) => ({
      topologyKey: text(at(constraint, 'topologyKey')) ?? '',
      maxSkew: number(at(constraint, 'maxSkew')) ?? 1,
      whenUnsatisfiable: at(constraint, 'whenUnsatisfiable') === 'ScheduleAnyway' ? 'ScheduleAnyway' : 'DoNotSchedule',
    })),
    clusterAffinity: terms(at(spec, 'affinity', 'clusterAffinity'), 1),
    clusterAntiAffinity: terms(at(spec, 'affinity', 'clusterAntiAffinity'), -1),
    workloadAffinity: terms(at(spec, 'affinity', 'workloadAffinity'), 1),
    workloadAntiAffinity: terms(at(spec, 'affinity', 'workloadAntiAffinity'), -1),
    overrides: list(at(spec, 'overrides')).map(override),
    alternatives: new Set(list(at(spec, 'failover', 'alternatives')).flatMap((name) => text(name) ?? [])),
    location: strings(at(spec, 'parameters')),
    ...defined({
      minClusters: number(at(spec, 'minClusters')),
      maxClusters: number(at(spec, 'maxClusters')),
      clusterSelector: selector(at(spec, 'clusterSelector')),
      clusterNames: names.length > 0 ? new Set(names) : undefined,
      division: division === 'Divided' || division === 'Duplicated' ? division : undefined,
      replicaWeights: division === 'Weighted' ? (weights ?? {}) : undefined,
      evictionGraceMs: evictionGrace(at(spec, 'failover')),
      rebalanceMs: coolDown(at(spec, 'rebalance')),
    }),
  };
}

/** Endless where failover is switched off. */
function evictionGrace(failover: unknown): number | undefined {
  if (at(failover, 'enabled') === false) return Number.POSITIVE_INFINITY;
  const duration = parseGoDuration(text(at(failover, 'gracePeriod')) ?? '');
  return duration === undefined ? undefined : Number(duration / 1_000_000n);
}

const DEFAULT_COOL_DOWN_MS = 600_000;

/** Undefined where work that runs is not moved for a better place. */
function coolDown(rebalance: unknown): number | undefined {
  if (at(rebalance, 'enabled') !== true) return undefined;
  const duration = parseGoDuration(text(at(rebalance, 'coolDown')) ?? '');
  return duration === undefined ? DEFAULT_COOL_DOWN_MS : Number(duration / 1_000_000n);
}

const selector = (value: unknown): LabelRequirements | undefined =>
  value === undefined ? undefined : fromLabelSelector(record(value) ?? {});

const preference = (term: unknown, field: string, sign: 1 | -1): ClusterPreference => ({
  selector: selector(at(term, field)) ?? [],
  weight: sign * (number(at(term, 'weight')) ?? 1),
});

const terms = (affinity: unknown, sign: 1 | -1): AffinityTerms => ({
  required: list(at(affinity, 'required')).map((term) => selector(term) ?? []),
  preferred: list(at(affinity, 'preferred')).map((term) => preference(term, 'selector', sign)),
});

const override = (value: unknown): ClusterOverride => ({
  selector: selector(at(value, 'clusterSelector')),
  clusterNames: Array.isArray(at(value, 'clusters')) ? new Set(list(at(value, 'clusters')) as string[]) : undefined,
  patch: list(at(value, 'patch')) as readonly object[],
});

/** Leaves out what is undefined. */
const defined = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/**
 * The policy that governs the object: it selects it, has the highest priority, is a WorkloadPlacement before a Placement,
 * is the oldest, is first by name.
 * @param namespaceLabels labels of the object's namespace; undefined for cluster-scoped objects
 */
export function governingPolicy(
  sources: Iterable<PolicySource>,
  resource: GroupResource,
  object: KubeObject,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): PolicySource | undefined {
  let best: PolicySource | undefined;
  for (const source of sources)
    if (selects(source, resource, object, namespaceLabels) && (best === undefined || precedes(source, best)))
      best = source;
  return best;
}

function selects(
  { object: policy, kinds, workloads, namespaces }: PolicySource,
  resource: GroupResource,
  object: KubeObject,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (policy.metadata.deletionTimestamp !== undefined) return false;
  if (kinds !== undefined && !kinds.has(groupResourceName(resource))) return false;
  if (!matchesLabels(workloads, object.metadata.labels)) return false;
  return namespaces === undefined || (namespaceLabels !== undefined && matchesLabels(namespaces, namespaceLabels));
}

function precedes(a: PolicySource, b: PolicySource): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.object.kind !== b.object.kind) return a.object.kind === 'WorkloadPlacement';
  const [older, newer] = [a.object.metadata.creationTimestamp ?? '', b.object.metadata.creationTimestamp ?? ''];
  return older === newer ? a.id < b.id : older < newer;
}

/** A policy for everything does not spread Secrets over all clusters: such kinds must be named or labelled. */
export const singlesOut = ({ kinds, workloads }: PolicySource, resource: GroupResource): boolean =>
  kinds === undefined ? workloads.length > 0 : kinds.has(groupResourceName(resource));
