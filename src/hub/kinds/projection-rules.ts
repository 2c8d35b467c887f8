/** What a workspace's ResourceProjections say together of one kind. Pure. */
import type { GroupResource } from '../../kube/resource.ts';
import type {
  ConflictPolicy,
  HealthPolicy,
  MergeStrategy,
  ResourceProjection,
  StatusPolicy,
} from './resource-projection.ts';

export interface ProjectionRules {
  readonly merge: MergeStrategy;
  readonly conflict: ConflictPolicy;
  readonly status: StatusPolicy;
  readonly health: HealthPolicy;
  /** Of a SyncTarget by name. */
  weight(clusterName: string): number;
}

/** What holds where nothing is said; also the weight of the workspace itself against its clusters. */
export const DEFAULT_WEIGHT = 1;

export const DEFAULT_RULES: ProjectionRules = {
  merge: 'Union',
  conflict: 'FirstWriter',
  status: 'Aggregated',
  health: 'All',
  weight: () => DEFAULT_WEIGHT,
};

/** In the order in which they are applied: lower priority first, equal ones by name. */
export function inOrder(projections: Iterable<ResourceProjection>): ResourceProjection[] {
  const name = ({ metadata }: ResourceProjection): string => metadata.name ?? '';
  return [...projections].sort(
    (a, b) => (a.spec.priority ?? 0) - (b.spec.priority ?? 0) || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0),
  );
}

export const concernsKind = ({ spec }: ResourceProjection, { group, resource }: GroupResource): boolean =>
  spec.resources.some(
    (one) => (one.group === '*' || one.group === group) && (one.resource === '*' || one.resource === resource),
  );

/** @param projections in their order: the last that says something has the last word */
export function rulesOf(projections: readonly ResourceProjection[], kind: GroupResource): ProjectionRules {
  const specs = projections.filter((one) => concernsKind(one, kind)).map(({ spec }) => spec);
  if (specs.length === 0) return DEFAULT_RULES;
  const weights = new Map(specs.flatMap(({ weights = {} }) => Object.entries(weights)));
  return {
    merge: specs.findLast(({ merge }) => merge !== undefined)?.merge ?? DEFAULT_RULES.merge,
    conflict: specs.findLast(({ conflict }) => conflict !== undefined)?.conflict ?? DEFAULT_RULES.conflict,
    status: specs.findLast(({ status }) => status !== undefined)?.status ?? DEFAULT_RULES.status,
    health: specs.findLast(({ health }) => health !== undefined)?.health ?? DEFAULT_RULES.health,
    weight: (clusterName) => weights.get(clusterName) ?? DEFAULT_WEIGHT,
  };
}

/** Heavier clusters first, equal ones by name. */
export const byWeight =
  ({ weight }: Pick<ProjectionRules, 'weight'>) =>
  (a: string, b: string): number =>
    weight(b) - weight(a) || (a < b ? -1 : a > b ? 1 : 0);
