/** ResourceQuota and LimitRange (core/validation ValidateResourceQuota, ValidateLimitRange). */
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  requiredValue,
} from '../../../kube/field-error.ts';
import { labelKeyErrors } from '../../../kube/label-syntax.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { formatQuantity, parseQuantity } from '../../../kube/quantity.ts';
import type { StatusCause } from '../../../kube/status.ts';
import { nameCauses as containerNameCauses, isExtended, mayDiffer, nanosOf } from './resources.ts';
import type { Causes } from './scalars.ts';

type List = Readonly<Record<string, string>>;

const UNIT = 1_000_000_000n;
const COUNTED = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const QUOTA_NAMES = new Set([
  ...COUNTED,
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
  'requests.storage',
]);
const isQuotaName = (name: string): boolean => QUOTA_NAMES.has(name) || /^(requests\.)?hugepages-/.test(name);

const PODS = new Set(['pods', ...['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`])]);
const CLAIMS = new Set(['persistentvolumeclaims', 'requests.storage']);
/** Resources that objects within a scope can use. */
const SCOPES: Readonly<Record<string, ReadonlySet<string>>> = {
  BestEffort: new Set(['pods']),
  CrossNamespacePodAffinity: PODS,
  NotBestEffort: PODS,
  NotTerminating: PODS,
  PriorityClass: PODS,
  Terminating: PODS,
  VolumeAttributesClass: CLAIMS,
};
const ONLY_EXISTS = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

interface Requirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}
interface QuotaSpec {
  readonly hard?: List;
  readonly scopes?: readonly string[];
  readonly scopeSelector?: { readonly matchExpressions?: readonly Requirement[] };
}

export function quotaCauses(object: KubeObject, old: KubeObject | undefined): Causes {
  const spec = (object.spec ?? {}) as QuotaSpec;
  const { hard, used } = (object.status ?? {}) as { hard?: List; used?: List };
  const before = (old?.spec ?? {}) as QuotaSpec;
  const changed = [...(spec.scopes ?? [])].sort().join() !== [...(before.scopes ?? [])].sort().join();
  return [
    ...amounts(spec.hard, 'spec.hard'),
    ...scopeCauses(spec),
    ...selectorCauses(spec),
    ...amounts(hard, 'status.hard'),
    ...amounts(used, 'status.used'),
    ...(old !== undefined && changed ? [invalidValue('spec.scopes', spec.scopes ?? null, 'field is immutable')] : []),
  ];
}

const amounts = (list: List | undefined, path: FieldPath): StatusCause[] =>
  Object.entries(list ?? {}).flatMap(([name, text]) => {
    const at = index(path, name);
    const causes = nameCauses(name, at);
    if (!name.includes('/') && !isQuotaName(name))
      causes.push(invalidValue(at, name, 'must be a standard resource for quota'));
    if (nanosOf(text) < 0n) causes.push(invalidValue(at, text, 'must be greater than or equal to 0'));
    if ((COUNTED.includes(name) || isExtended(name)) && nanosOf(text) % UNIT !== 0n)
      causes.push(invalidValue(at, text, 'must be an integer'));
    return causes;
  });

/** A resource of any kind. */
function nameCauses(name: string, path: FieldPath): StatusCause[] {
  const syntax = labelKeyErrors(name).map((text) => invalidValue(path, name, text));
  if (syntax.length > 0 || name.includes('/') || isQuotaName(name) || name === 'storage') return syntax;
  return [invalidValue(path, name, 'must be a standard resource type or fully qualified')];
}

const conflicting = (scopes: readonly string[]): boolean =>
  OPPOSITES.some((pair) => pair.every((scope) => scopes.includes(scope)));

const unusable = (scope: string, hard: List | undefined): readonly string[] =>
  Object.keys(hard ?? {}).filter((name) => isQuotaName(name) && SCOPES[scope]?.has(name) === false);

function scopeCauses({ scopes = [], hard }: QuotaSpec): StatusCause[] {
  const fault = (why: string): StatusCause => invalidValue('spec.scopes', scopes, why);
  return [
    ...scopes.flatMap((scope) => [
      ...(Object.hasOwn(SCOPES, scope) ? [] : [fault('unsupported scope')]),
      ...unusable(scope, hard).map(() => fault('unsupported scope applied to resource')),
    ]),
    ...(conflicting(scopes) ? [fault('conflicting scopes')] : []),
  ];
}

function selectorCauses({ scopeSelector, scopes, hard }: QuotaSpec): StatusCause[] {
  const path = 'spec.scopeSelector.matchExpressions';
  const required = scopeSelector?.matchExpressions ?? [];
  return [
    ...required.flatMap(({ scopeName, operator, values = [] }): StatusCause[] => [
      ...(Object.hasOwn(SCOPES, scopeName)
        ? []
        : [invalidValue(child(path, 'scopeName'), scopeName, 'unsupported scope')]),
      ...unusable(scopeName, hard).map(() =>
        invalidValue(path, { matchExpressions: required }, 'unsupported scope applied to resource'),
      ),
      ...(ONLY_EXISTS.has(scopeName) && operator !== 'Exists'
        ? [
            invalidValue(
              child(path, 'operator'),
              operator,
              "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
            ),
          ]
        : []),
      ...operatorCauses(operator, values, path),
    ]),
    ...(conflicting(required.map(({ scopeName }) => scopeName))
      ? [invalidValue(path, scopes ?? null, 'conflicting scopes')]
      : []),
  ];
}

function operatorCauses(operator: string, values: readonly string[], path: FieldPath): StatusCause[] {
  const at = child(path, 'values');
  if (operator === 'In' || operator === 'NotIn')
    return values.length > 0
      ? []
      : [requiredValue(at, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")];
  if (operator === 'Exists' || operator === 'DoesNotExist')
    return values.length === 0
      ? []
      : [invalidValue(at, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")];
  return [invalidValue(child(path, 'operator'), operator, 'not a valid selector operator')];
}

interface Limit {
  readonly type: string;
  readonly min?: List;
  readonly max?: List;
  readonly default?: List;
  readonly defaultRequest?: List;
  readonly maxLimitRequestRatio?: List;
}

const TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];

export function limitRangeCauses(object: KubeObject): Causes {
  const { limits = [] } = (object.spec ?? {}) as { limits?: readonly Limit[] };
  return limits.flatMap((limit, at) => {
    const path = index('spec.limits', at);
    const repeated = limits.findIndex(({ type }) => type === limit.type) < at;
    return [
      ...typeCauses(limit.type, child(path, 'type')),
      ...(repeated ? [duplicateValue(child(path, 'type'), limit.type)] : []),
      ...limitNames(limit, path),
      ...limitValues(limit, path),
    ];
  });
}

function typeCauses(type: string, path: FieldPath): StatusCause[] {
  const syntax = labelKeyErrors(type).map((text) => invalidValue(path, type, text));
  if (syntax.length > 0 || type.includes('/') || TYPES.includes(type)) return syntax;
  return [invalidValue(path, type, 'must be a standard limit type or fully qualified')];
}

function limitNames(limit: Limit, path: FieldPath): StatusCause[] {
  const { type } = limit;
  const check = (field: Exclude<keyof Limit, 'type'>): StatusCause[] =>
    Object.keys(limit[field] ?? {}).flatMap((name) => {
      const at = index(child(path, field), name);
      return type === 'Pod' || type === 'Container' ? [...containerNameCauses(name, at)] : nameCauses(name, at);
    });
  const defaults = (['default', 'defaultRequest'] as const).flatMap((field) => {
    if (type !== 'Pod') return check(field);
    const given = Object.keys(limit[field] ?? {}).length > 0;
    return given ? [forbiddenField(child(path, field), "may not be specified when `type` is 'Pod'")] : [];
  });
  const unbounded =
    type === 'PersistentVolumeClaim' && limit.min?.storage === undefined && limit.max?.storage === undefined;
  return [
    ...check('max'),
    ...check('min'),
    ...defaults,
    ...(unbounded
      ? [
          requiredValue(
            child(path, 'limits'),
            'either minimum or maximum storage value is required, but neither was provided',
          ),
        ]
      : []),
    ...check('maxLimitRequestRatio'),
  ];
}

/** [must not be greater, than this one, where it is said, what the second is called]. */
type Bound = Exclude<keyof Limit, 'type'>;
const ORDER: readonly (readonly [low: Bound, high: Bound, at: Bound, shown: Bound, text: string])[] = [
  ['min', 'max', 'min', 'min', 'min value %l is greater than max value %h'],
  [
    'min',
    'defaultRequest',
    'defaultRequest',
    'defaultRequest',
    'min value %l is greater than default request value %h',
  ],
  [
    'defaultRequest',
    'max',
    'defaultRequest',
    'defaultRequest',
    'default request value %l is greater than max value %h',
  ],
  [
    'defaultRequest',
    'default',
    'defaultRequest',
    'defaultRequest',
    'default request value %l is greater than default limit value %h',
  ],
  ['min', 'default', 'default', 'min', 'min value %l is greater than default value %h'],
  ['default', 'max', 'default', 'max', 'default value %l is greater than max value %h'],
];

function limitValues(limit: Limit, path: FieldPath): StatusCause[] {
  const fields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
  const known = limit.type === 'Pod' ? fields.filter((field) => !field.startsWith('default')) : fields;
  const names = new Set(known.flatMap((field) => Object.keys(limit[field] ?? {})));
  return [...names].sort().flatMap((name) => {
    const value = (field: Bound): string | undefined => (known.includes(field) ? limit[field]?.[name] : undefined);
    const at = (field: Bound): FieldPath => index(child(path, field), name);
    return [
      ...ORDER.flatMap(([low, high, field, shown, text]) => {
        const [lower, higher] = [value(low), value(high)];
        if (lower === undefined || higher === undefined || nanosOf(lower) <= nanosOf(higher)) return [];
        const said = text.replace('%l', canonical(lower)).replace('%h', canonical(higher));
        return [invalidValue(at(field), canonical(value(shown) as string), said)];
      }),
      ...ratioCauses(value('maxLimitRequestRatio'), value('min'), value('max'), at('maxLimitRequestRatio')),
      ...overcommitCauses(name, value('default'), value('defaultRequest'), at('defaultRequest')),
    ];
  });
}

const canonical = (text: string): string => formatQuantity(parseQuantity(String(text)));

function ratioCauses(
  ratio: string | undefined,
  min: string | undefined,
  max: string | undefined,
  path: FieldPath,
): StatusCause[] {
  if (ratio === undefined) return [];
  const text = canonical(ratio);
  const most = min === undefined || max === undefined ? undefined : Number(nanosOf(max)) / Number(nanosOf(min));
  return [
    ...(nanosOf(ratio) < UNIT ? [invalidValue(path, text, `ratio ${text} is less than 1`)] : []),
    ...(most !== undefined && Number(nanosOf(ratio)) / Number(UNIT) > most
      ? [invalidValue(path, text, `ratio ${text} is greater than max/min = ${most.toFixed(6)}`)]
      : []),
  ];
}

function overcommitCauses(
  name: string,
  limit: string | undefined,
  request: string | undefined,
  path: FieldPath,
): StatusCause[] {
  if (limit === undefined || request === undefined || mayDiffer(name) || nanosOf(limit) === nanosOf(request)) return [];
  const [most, asked] = [canonical(limit), canonical(request)];
  return [invalidValue(path, asked, `default value ${most} must equal to defaultRequest value ${asked} in ${name}`)];
}
