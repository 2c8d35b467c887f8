/** Where a pod may run: affinity, spread and gates (pkg/apis/core/validation validateAffinity, validateTopologySpreadConstraints). */
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import { labelKeyErrors } from '../../../kube/label-syntax.ts';
import { type Causes, dnsLabel, dnsSubdomain } from './scalars.ts';
import { labelKeyCauses, labelValueCauses, type Selector, selectorCauses } from './selectors.ts';

interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

interface NodeTerm {
  readonly matchExpressions?: readonly Requirement[];
  readonly matchFields?: readonly Requirement[];
}

interface PodTerm {
  readonly labelSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly namespaces?: readonly string[];
  readonly topologyKey?: string;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

interface PodTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly weight?: number;
    readonly podAffinityTerm?: PodTerm;
  }[];
}

export interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly NodeTerm[] };
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
      readonly weight?: number;
      readonly preference?: NodeTerm;
    }[];
  };
  readonly podAffinity?: PodTerms;
  readonly podAntiAffinity?: PodTerms;
}

export interface SpreadConstraint {
  readonly maxSkew?: number;
  readonly topologyKey?: string;
  readonly whenUnsatisfiable?: string;
  readonly labelSelector?: Selector;
  readonly minDomains?: number;
  readonly nodeAffinityPolicy?: string;
  readonly nodeTaintsPolicy?: string;
  readonly matchLabelKeys?: readonly string[];
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

const each = <T>(
  items: readonly T[] | undefined,
  path: FieldPath,
  check: (item: T, path: FieldPath) => Causes,
): Causes => (items ?? []).flatMap((item, at) => check(item, index(path, at)));

export function affinityCauses(affinity: Affinity | undefined, path: FieldPath): Causes {
  if (affinity === undefined) return [];
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  return [
    ...(nodeAffinity ? nodeAffinityCauses(nodeAffinity, child(path, 'nodeAffinity')) : []),
    ...(podAffinity ? podTermsCauses(podAffinity, child(path, 'podAffinity')) : []),
    ...(podAntiAffinity ? podTermsCauses(podAntiAffinity, child(path, 'podAntiAffinity')) : []),
  ];
}

function nodeAffinityCauses(affinity: NonNullable<Affinity['nodeAffinity']>, path: FieldPath): Causes {
  const required = affinity[REQUIRED];
  return [
    ...(required ? nodeSelectorCauses(required.nodeSelectorTerms ?? [], child(path, REQUIRED)) : []),
    ...each(affinity[PREFERRED], child(path, PREFERRED), ({ weight = 0, preference = {} }, own) => [
      ...weightCauses(weight, child(own, 'weight')),
      // Upstream only warns of values of preferences.
      ...nodeTermCauses(preference, child(own, 'preference'), false),
    ]),
  ];
}

/** Of node affinity and of volumes. */
export function nodeSelectorCauses(terms: readonly NodeTerm[], path: FieldPath): Causes {
  const own = child(path, 'nodeSelectorTerms');
  if (terms.length === 0) return [requiredValue(own, 'must have at least one node selector term')];
  return each(terms, own, (term, path) => nodeTermCauses(term, path, true));
}

const nodeTermCauses = (term: NodeTerm, path: FieldPath, checkValues: boolean): Causes => [
  ...each(term.matchExpressions, child(path, 'matchExpressions'), (one, own) =>
    requirementCauses(one, own, checkValues),
  ),
  ...each(term.matchFields, child(path, 'matchFields'), fieldRequirementCauses),
];

function requirementCauses(
  { key = '', operator = '', values = [] }: Requirement,
  path: FieldPath,
  checkValues: boolean,
): Causes {
  const own = child(path, 'values');
  return [
    ...operatorCauses(operator, values, path),
    ...labelKeyCauses(key, child(path, 'key')),
    ...(checkValues ? values.flatMap((value, at) => labelValueCauses(value, index(own, at))) : []),
  ];
}

function operatorCauses(operator: string, values: readonly string[], path: FieldPath): Causes {
  const own = child(path, 'values');
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? [] : [requiredValue(own, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [forbiddenField(own, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return values.length === 1
        ? []
        : [requiredValue(own, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalidValue(child(path, 'operator'), operator, 'not a valid selector operator')];
  }
}

/** Nodes are selected by one field only, their name. */
function fieldRequirementCauses({ key = '', operator = '', values = [] }: Requirement, path: FieldPath): Causes {
  const own = child(path, 'values');
  const one = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
  const known = operator === 'In' || operator === 'NotIn';
  return [
    ...(known ? [] : [invalidValue(child(path, 'operator'), operator, 'not a valid selector operator')]),
    ...(known && values.length !== 1 ? [requiredValue(own, one)] : []),
    ...(key === 'metadata.name'
      ? values.flatMap((value, at) => dnsSubdomain(value, index(own, at)))
      : [invalidValue(child(path, 'key'), key, 'not a valid field selector key')]),
  ];
}

const weightCauses = (weight: number, path: FieldPath): Causes =>
  weight >= 1 && weight <= 100 ? [] : [invalidValue(path, weight, 'must be in the range 1-100')];

const podTermsCauses = (terms: PodTerms, path: FieldPath): Causes => [
  ...each(terms[REQUIRED], child(path, REQUIRED), podTermCauses),
  ...each(terms[PREFERRED], child(path, PREFERRED), ({ weight = 0, podAffinityTerm = {} }, own) => [
    ...weightCauses(weight, child(own, 'weight')),
    ...podTermCauses(podAffinityTerm, child(own, 'podAffinityTerm')),
  ]),
];

function podTermCauses(term: PodTerm, path: FieldPath): Causes {
  const topology = child(path, 'topologyKey');
  const { topologyKey = '', matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  return [
    ...selectorCauses(term.labelSelector, child(path, 'labelSelector')),
    ...selectorCauses(term.namespaceSelector, child(path, 'namespaceSelector')),
    // Upstream names the field so.
    ...(term.namespaces ?? []).flatMap((name) => dnsLabel(name, child(path, 'namespace'))),
    ...matchKeysCauses(matchLabelKeys, term.labelSelector, child(path, 'matchLabelKeys')),
    ...matchKeysCauses(mismatchLabelKeys, term.labelSelector, child(path, 'mismatchLabelKeys')),
    ...matchLabelKeys.flatMap((key, at) =>
      mismatchLabelKeys.includes(key)
        ? [
            invalidValue(
              index(child(path, 'matchLabelKeys'), at),
              key,
              'exists in both matchLabelKeys and mismatchLabelKeys',
            ),
          ]
        : [],
    ),
    ...(topologyKey === '' ? [requiredValue(topology, 'can not be empty')] : []),
    ...labelKeyCauses(topologyKey, topology),
  ];
}

function matchKeysCauses(keys: readonly string[], selector: Selector | undefined, path: FieldPath): Causes {
  if (keys.length > 0 && selector === undefined)
    return [forbiddenField(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, at) => labelKeyCauses(key, index(path, at)));
}

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const POLICIES = ['Honor', 'Ignore'];

export function spreadCauses(constraints: readonly SpreadConstraint[] | undefined, path: FieldPath): Causes {
  const items = constraints ?? [];
  return items.flatMap((constraint, at) => [
    ...constraintCauses(constraint, index(path, at)),
    // Told of each but the last.
    ...(items.slice(at + 1).some((later) => pairOf(later) === pairOf(constraint))
      ? [duplicateValue(child(index(path, at), '{topologyKey, whenUnsatisfiable}'), pairOf(constraint))]
      : []),
  ]);
}

const pairOf = ({ topologyKey = '', whenUnsatisfiable = '' }: SpreadConstraint): string =>
  `{${topologyKey}, ${whenUnsatisfiable}}`;

function constraintCauses(constraint: SpreadConstraint, path: FieldPath): Causes {
  const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains } = constraint;
  const positive = (value: number, field: string): Causes =>
    value > 0 ? [] : [invalidValue(child(path, field), value, 'must be greater than zero')];
  const policy = (field: 'nodeAffinityPolicy' | 'nodeTaintsPolicy'): Causes => {
    const value = constraint[field];
    return value === undefined || POLICIES.includes(value) ? [] : [notSupported(child(path, field), value, POLICIES)];
  };
  return [
    ...positive(maxSkew, 'maxSkew'),
    ...(topologyKey === '' ? [requiredValue(child(path, 'topologyKey'), 'can not be empty')] : []),
    ...(ACTIONS.includes(whenUnsatisfiable)
      ? []
      : [notSupported(child(path, 'whenUnsatisfiable'), whenUnsatisfiable, ACTIONS)]),
    ...(minDomains === undefined ? [] : positive(minDomains, 'minDomains')),
    ...(minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule'
      ? [
          invalidValue(
            child(path, 'minDomains'),
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
          ),
        ]
      : []),
    ...policy('nodeAffinityPolicy'),
    ...policy('nodeTaintsPolicy'),
    ...matchKeysCauses(constraint.matchLabelKeys ?? [], constraint.labelSelector, child(path, 'matchLabelKeys')),
    ...selectorCauses(constraint.labelSelector, child(path, 'labelSelector')),
  ];
}

export function gateCauses(gates: readonly { readonly name?: string }[] | undefined, path: FieldPath): Causes {
  const seen = new Set<string>();
  return each(gates, path, ({ name = '' }, own) => {
    const twice = seen.has(name);
    seen.add(name);
    return [
      ...labelKeyErrors(name).map((text) => invalidValue(own, name, text)),
      ...(twice ? [duplicateValue(own, name)] : []),
    ];
  });
}

export const readinessGateCauses = (
  gates: readonly { readonly conditionType?: string }[] | undefined,
  path: FieldPath,
): Causes =>
  each(gates, path, ({ conditionType = '' }, own) => labelKeyCauses(conditionType, child(own, 'conditionType')));
