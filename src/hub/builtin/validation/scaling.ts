/** Autoscalers and disruption budgets (pkg/apis/{autoscaling,policy}/validation). */
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { type Behavior, behaviorCauses, type Metric, metricCauses } from './autoscaler-metrics.ts';
import { atMostAll, type Causes, countOrPercent, type IntOrString, pathSegment, structureCause } from './scalars.ts';
import { type Selector, selectorCauses } from './selectors.ts';

export type Autoscaler = KubeObject & {
  readonly spec?: {
    readonly scaleTargetRef?: { readonly apiVersion?: string; readonly kind?: string; readonly name?: string };
    readonly minReplicas?: number;
    readonly maxReplicas?: number;
    readonly metrics?: readonly Metric[];
    readonly behavior?: Behavior;
  };
};

export function autoscalerCauses({ spec = {} }: Autoscaler, old: Autoscaler | undefined): Causes {
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {}, metrics = [] } = spec;
  const most = 'spec.maxReplicas';
  return [
    ...(minReplicas !== undefined && minReplicas < 0
      ? [invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 0')]
      : []),
    ...(maxReplicas === 0 ? [requiredValue(most)] : []),
    ...(maxReplicas < 0 ? [invalidValue(most, maxReplicas, 'must be greater than or equal to 1')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas
      ? [invalidValue(most, maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...nameCauses(scaleTargetRef.kind, 'spec.scaleTargetRef.kind'),
    ...nameCauses(scaleTargetRef.name, 'spec.scaleTargetRef.name'),
    ...versionCauses(scaleTargetRef, old?.spec?.scaleTargetRef),
    ...metrics.flatMap((metric, at) => metricCauses(metric, index('spec.metrics', at))),
    ...behaviorCauses(spec.behavior, 'spec.behavior'),
    ...(minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')
      ? [
          forbiddenField(
            'spec.metrics',
            'must specify at least one Object or External metric to support scaling to zero replicas',
          ),
        ]
      : []),
  ];
}

type ScaleTarget = NonNullable<NonNullable<Autoscaler['spec']>['scaleTargetRef']>;

/** A target's version names a group, but for the one kind that is scaled and has none. What does not change is not asked again. */
function versionCauses({ apiVersion = '', kind }: ScaleTarget, old: ScaleTarget | undefined): Causes {
  if (old !== undefined && (old.apiVersion ?? '') === apiVersion && old.kind === kind) return [];
  const fault = versionFault(apiVersion, kind === 'ReplicationController');
  return fault === undefined ? [] : [invalidValue('spec.scaleTargetRef.apiVersion', apiVersion, fault)];
}

function versionFault(apiVersion: string, groupless: boolean): string | undefined {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  return groupless || (parts.length === 2 && parts[0] !== '') ? undefined : 'apiVersion must specify API group';
}

const nameCauses = (value: string | undefined, path: FieldPath): Causes =>
  value ? pathSegment(value, path) : [requiredValue(path)];

interface BudgetSpec {
  readonly minAvailable?: IntOrString;
  readonly maxUnavailable?: IntOrString;
  readonly selector?: Selector;
  readonly unhealthyPodEvictionPolicy?: string;
}
export type Budget = KubeObject & { readonly spec?: BudgetSpec };

export function budgetCauses({ spec = {} }: Budget): Causes {
  const both = spec.minAvailable !== undefined && spec.maxUnavailable !== undefined;
  return [
    ...(both
      ? [
          structureCause(
            'FieldValueInvalid',
            'spec',
            internalBudget(spec),
            'minAvailable and maxUnavailable cannot be both set',
          ),
        ]
      : []),
    ...(['minAvailable', 'maxUnavailable'] as const).flatMap((field) => {
      const value = spec[field];
      return value === undefined
        ? []
        : [...countOrPercent(value, child('spec', field)), ...atMostAll(value, child('spec', field))];
    }),
    ...selectorCauses(spec.selector, 'spec.selector'),
    ...(spec.unhealthyPodEvictionPolicy === undefined || EVICTION_POLICIES.includes(spec.unhealthyPodEvictionPolicy)
      ? []
      : [notSupported('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, EVICTION_POLICIES)]),
  ];
}

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

/** Upstream's messages print its internal structure. */
const internalBudget = (spec: BudgetSpec): object => ({
  MinAvailable: spec.minAvailable,
  Selector: spec.selector ?? null,
  MaxUnavailable: spec.maxUnavailable,
  UnhealthyPodEvictionPolicy: null,
});
