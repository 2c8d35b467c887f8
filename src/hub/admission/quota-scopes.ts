/** Which objects a ResourceQuota is about beyond their kind: scopes and scopeSelector (quota/v1/evaluator/core/pods.go). */
import type { KubeObject } from '../../kube/object.ts';
import { type LabelOperator, matchesRequirement } from '../../kube/selector.ts';
import { type AffinityTerm, isBestEffort, type Pod } from './pod-resources.ts';

export interface ScopeRequirement {
  readonly scopeName: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

export interface QuotaSpec {
  readonly hard?: Readonly<Record<string, string>>;
  readonly scopes?: readonly string[];
  readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeRequirement[] };
}

export const isTerminating = ({ spec }: Pod): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0;

/** All scopes must hold; none of them does for kinds that have none. */
export function matchesScopes(
  { scopes = [], scopeSelector }: QuotaSpec,
  resource: string,
  object: KubeObject,
): boolean {
  const required: readonly ScopeRequirement[] = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists' as const })),
    ...(scopeSelector?.matchExpressions ?? []),
  ];
  return required.every((one) =>
    resource === 'pods'
      ? podMatches(one, object as Pod)
      : resource === 'persistentvolumeclaims' && claimMatches(one, object),
  );
}

function podMatches(scope: ScopeRequirement, pod: Pod): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesValue(scope, pod.spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

function claimMatches(scope: ScopeRequirement, { spec, status }: KubeObject): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const { volumeAttributesClassName } = (spec ?? {}) as { volumeAttributesClassName?: string };
  const { currentVolumeAttributesClassName, modifyVolumeStatus } = (status ?? {}) as {
    currentVolumeAttributesClassName?: string;
    modifyVolumeStatus?: { targetVolumeAttributesClassName?: string };
  };
  const names = [
    volumeAttributesClassName,
    currentVolumeAttributesClassName,
    modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name);
  return names.length === 0 ? matchesValue(scope, '') : names.some((name) => matchesValue(scope, name as string));
}

const OPERATORS: Readonly<Record<ScopeRequirement['operator'], LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** '' stands for none. */
const matchesValue = ({ scopeName, operator, values = [] }: ScopeRequirement, value: string): boolean =>
  matchesRequirement(
    { key: scopeName, operator: OPERATORS[operator], values: [...values] },
    value === '' ? {} : { [scopeName]: value },
  );

function crossesNamespaces({ spec: { affinity } }: Pod): boolean {
  const crosses = (term: AffinityTerm | undefined): boolean =>
    (term?.namespaces?.length ?? 0) > 0 || (term?.namespaceSelector ?? null) !== null;
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some(
    (one) =>
      one?.requiredDuringSchedulingIgnoredDuringExecution?.some(crosses) ||
      one?.preferredDuringSchedulingIgnoredDuringExecution?.some(({ podAffinityTerm }) => crosses(podAffinityTerm)),
  );
}
