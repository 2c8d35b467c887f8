/** What an autoscaler measures and how fast it may act (pkg/apis/autoscaling/validation validateMetrics, validateBehavior). */
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import { nameCauses, nanosOf } from './resources.ts';
import { type Causes, dnsLabel, pathSegment } from './scalars.ts';

interface Target {
  readonly type?: string;
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
}

interface Source {
  readonly name?: string;
  readonly container?: string;
  readonly metric?: { readonly name?: string };
  readonly describedObject?: { readonly kind?: string; readonly name?: string };
  readonly target?: Target;
}

export type Metric = { readonly type?: string } & { readonly [source in (typeof SOURCES)[number]]?: Source };

interface ScalingRules {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: string;
  readonly policies?: readonly { readonly type?: string; readonly value?: number; readonly periodSeconds?: number }[];
  readonly tolerance?: string;
}

export interface Behavior {
  readonly scaleUp?: ScalingRules;
  readonly scaleDown?: ScalingRules;
}

/** In the order in which the first that is given is looked at. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

const sourceOf = (type: string): (typeof SOURCES)[number] | undefined =>
  SOURCES.find((source) => source.toLowerCase() === type.toLowerCase() && TYPES.includes(type));

export function metricCauses(metric: Metric, path: FieldPath): Causes {
  const { type = '' } = metric;
  const own = child(path, 'type');
  const expected = sourceOf(type);
  const given = SOURCES.filter((source) => metric[source] !== undefined);
  const [first] = given;
  const unsupported = notSupported(own, type, TYPES);
  return [
    ...(type === '' ? [requiredValue(own, 'must specify a metric source type')] : []),
    // Upstream says it twice, of which one is left.
    ...(expected === undefined ? [unsupported] : []),
    ...(first === undefined ? [] : sourceCauses(first, metric[first] ?? {}, child(path, first))),
    ...(expected !== undefined && metric[expected] === undefined
      ? [requiredValue(child(path, expected), 'must populate information for the given metric source')]
      : []),
    ...(given.length === 1 ? [] : given.filter((source) => source !== expected)).map((source) =>
      forbiddenField(child(path, source), 'must populate the given metric source only'),
    ),
  ];
}

function sourceCauses(type: (typeof SOURCES)[number], source: Source, path: FieldPath): Causes {
  const target = source.target ?? {};
  const at = (field: keyof Target): FieldPath => child(child(path, 'target'), field);
  const { value, averageValue, averageUtilization } = target;
  switch (type) {
    case 'object':
      return [
        ...referenceCauses(source.describedObject ?? {}, child(path, 'describedObject')),
        ...identifierCauses(source, path),
        ...targetCauses(target, child(path, 'target')),
        ...(value === undefined && averageValue === undefined
          ? [requiredValue(at('averageValue'), 'must set either a target value or averageValue')]
          : []),
      ];
    case 'external':
      return [
        ...identifierCauses(source, path),
        ...targetCauses(target, child(path, 'target')),
        ...(value === undefined && averageValue === undefined
          ? [requiredValue(at('averageValue'), 'must set either a target value for metric or a per-pod target')]
          : []),
        ...(value !== undefined && averageValue !== undefined
          ? [forbiddenField(at('value'), 'may not set both a target value for metric and a per-pod target')]
          : []),
      ];
    case 'pods':
      return [
        ...identifierCauses(source, path),
        ...targetCauses(target, child(path, 'target')),
        ...(averageValue === undefined
          ? [requiredValue(at('averageValue'), 'must specify a positive target averageValue')]
          : []),
      ];
    default:
      return [
        ...resourceNameCauses(type, source, path),
        ...targetCauses(target, child(path, 'target')),
        ...(averageUtilization === undefined && averageValue === undefined
          ? [requiredValue(at('averageUtilization'), 'must set either a target raw value or a target utilization')]
          : []),
        ...(averageUtilization !== undefined && averageValue !== undefined
          ? [forbiddenField(at('averageValue'), 'may not set both a target raw value and a target utilization')]
          : []),
      ];
  }
}

function resourceNameCauses(type: 'resource' | 'containerResource', source: Source, path: FieldPath): Causes {
  const own = child(path, 'name');
  const { name = '', container = '' } = source;
  const missing = name === '' ? [requiredValue(own, 'must specify a resource name')] : [];
  if (type === 'resource') return missing;
  const place = child(path, 'container');
  return [
    ...missing,
    ...(name === '' ? [] : nameCauses(name, own)),
    ...(container === '' ? [requiredValue(place, 'must specify a container')] : dnsLabel(container, place)),
  ];
}

const referenceCauses = (reference: { readonly kind?: string; readonly name?: string }, path: FieldPath): Causes =>
  (['kind', 'name'] as const).flatMap((field) => {
    const value = reference[field];
    return value ? pathSegment(value, child(path, field)) : [requiredValue(child(path, field))];
  });

function identifierCauses({ metric = {} }: Source, path: FieldPath): Causes {
  const own = child(child(path, 'metric'), 'name');
  return metric.name ? pathSegment(metric.name, own) : [requiredValue(own, 'must specify a metric name')];
}

function targetCauses(target: Target, path: FieldPath): Causes {
  const own = child(path, 'type');
  const { type = '', averageUtilization } = target;
  return [
    ...(type === '' ? [requiredValue(own, 'must specify a metric target type')] : []),
    ...(['Utilization', 'Value', 'AverageValue'].includes(type)
      ? []
      : [invalidValue(own, type, 'must be either Utilization, Value, or AverageValue')]),
    ...(['value', 'averageValue'] as const).flatMap((field) => {
      const amount = target[field];
      return amount === undefined || nanosOf(amount) > 0n
        ? []
        : [invalidValue(child(path, field), amount, 'must be positive')];
    }),
    ...(averageUtilization !== undefined && averageUtilization < 1
      ? [invalidValue(child(path, 'averageUtilization'), averageUtilization, 'must be greater than 0')]
      : []),
  ];
}

export const behaviorCauses = (behavior: Behavior | undefined, path: FieldPath): Causes =>
  (['scaleUp', 'scaleDown'] as const).flatMap((direction) => {
    const rules = behavior?.[direction];
    return rules ? rulesCauses(rules, child(path, direction)) : [];
  });

const MAX_WINDOW_SECONDS = 3_600;
const MAX_PERIOD_SECONDS = 1_800;
const SELECTIONS = ['Disabled', 'Max', 'Min'];

function rulesCauses(rules: ScalingRules, path: FieldPath): Causes {
  const { stabilizationWindowSeconds: seconds = 0, selectPolicy, policies = [], tolerance } = rules;
  const window = child(path, 'stabilizationWindowSeconds');
  const own = child(path, 'policies');
  return [
    ...(seconds < 0 ? [invalidValue(window, seconds, 'must be greater than or equal to zero')] : []),
    ...(seconds > MAX_WINDOW_SECONDS
      ? [invalidValue(window, seconds, `must be less than or equal to ${MAX_WINDOW_SECONDS}`)]
      : []),
    ...(selectPolicy === undefined || SELECTIONS.includes(selectPolicy)
      ? []
      : [notSupported(child(path, 'selectPolicy'), selectPolicy, SELECTIONS)]),
    ...(policies.length === 0 ? [requiredValue(own, 'must specify at least one Policy')] : []),
    ...policies.flatMap(({ type = '', value = 0, periodSeconds = 0 }, at) => {
      const policy = index(own, at);
      const positive = (amount: number, field: string): Causes =>
        amount > 0 ? [] : [invalidValue(child(policy, field), amount, 'must be greater than zero')];
      return [
        ...(type === 'Pods' || type === 'Percent'
          ? []
          : [notSupported(child(policy, 'type'), type, ['Percent', 'Pods'])]),
        ...positive(value, 'value'),
        ...positive(periodSeconds, 'periodSeconds'),
        ...(periodSeconds > MAX_PERIOD_SECONDS
          ? [
              invalidValue(
                child(policy, 'periodSeconds'),
                periodSeconds,
                `must be less than or equal to ${MAX_PERIOD_SECONDS}`,
              ),
            ]
          : []),
      ];
    }),
    ...(tolerance !== undefined && nanosOf(tolerance) < 0n
      ? [invalidValue(child(path, 'tolerance'), tolerance, 'must be greater than or equal to 0')]
      : []),
  ];
}
