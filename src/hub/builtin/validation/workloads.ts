/** Deployments, ReplicaSets, StatefulSets and DaemonSets (pkg/apis/apps/validation). */
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
import type { StatusCause } from '../../../kube/status.ts';
import { type Claim, claimCauses } from './configuration.ts';
import { type PodTemplate, runningTemplateCauses, templateCauses } from './pods.ts';
import {
  amountOf,
  atMostAll,
  type Causes,
  countOrPercent,
  dnsLabel,
  type IntOrString,
  nonNegative,
  structureCause,
} from './scalars.ts';
import { immutable, isEmptySelector, type Selector, selectorCauses, selects } from './selectors.ts';

interface RollingUpdate {
  readonly maxUnavailable?: IntOrString;
  readonly maxSurge?: IntOrString;
  readonly partition?: number;
}
interface Strategy {
  readonly type?: string;
  readonly rollingUpdate?: RollingUpdate;
}

interface WorkloadSpec {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
  readonly progressDeadlineSeconds?: number;
  readonly selector?: Selector;
  readonly template?: PodTemplate;
  readonly strategy?: Strategy;
  readonly updateStrategy?: Strategy;
  readonly serviceName?: string;
  readonly podManagementPolicy?: string;
  readonly volumeClaimTemplates?: readonly Claim[];
  readonly persistentVolumeClaimRetentionPolicy?: { readonly whenDeleted?: string; readonly whenScaled?: string };
  readonly ordinals?: { readonly start?: number };
}

export type Workload = KubeObject & { readonly spec?: WorkloadSpec };

const SPEC = 'spec';
const at = (field: string): FieldPath => child(SPEC, field);

export function deploymentCauses(object: Workload, old: Workload | undefined): Causes {
  const spec = object.spec ?? {};
  const deadline = spec.progressDeadlineSeconds;
  return [
    ...nonNegative(spec.replicas, at('replicas')),
    ...selectorAndTemplate(spec, 'deployment', 'ReplicaSet'),
    ...strategyCauses(spec.strategy ?? {}, at('strategy')),
    ...nonNegative(spec.minReadySeconds, at('minReadySeconds')),
    ...nonNegative(spec.revisionHistoryLimit, at('revisionHistoryLimit')),
    ...nonNegative(deadline, at('progressDeadlineSeconds')),
    ...(deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)
      ? [invalidValue(at('progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds')]
      : []),
    ...(old ? immutable(spec.selector, old.spec?.selector, at('selector')) : []),
  ];
}

export function replicaSetCauses(object: Workload, old: Workload | undefined): Causes {
  const spec = object.spec ?? {};
  return [
    ...nonNegative(spec.replicas, at('replicas')),
    ...nonNegative(spec.minReadySeconds, at('minReadySeconds')),
    ...selectorAndTemplate(spec, 'deployment', 'ReplicaSet'),
    ...(old ? immutable(spec.selector, old.spec?.selector, at('selector')) : []),
  ];
}

/** The selector is required, selects something, and selects the template's pods, which must keep running. */
function selectorAndTemplate({ selector, template = {} }: WorkloadSpec, noun: string, kind: string): Causes {
  const labels = template.metadata?.labels;
  const chosen = selector && isEmptySelector(selector) ? true : selects(selector, labels);
  const path = at('template');
  return [
    ...requiredSelector(selector, noun),
    ...(chosen === 'invalid' ? [invalidValue(at('selector'), selector, 'invalid label selector')] : []),
    ...(chosen === 'invalid'
      ? []
      : [
          ...(chosen ? [] : [labelsUnmatched(template)]),
          ...templateCauses(template, path),
          ...runningTemplateCauses(template, path, kind),
        ]),
  ];
}

function requiredSelector(selector: Selector | undefined, noun: string): Causes {
  if (!selector) return [requiredValue(at('selector'))];
  return [
    ...selectorCauses(selector, at('selector')),
    ...(isEmptySelector(selector)
      ? [invalidValue(at('selector'), selector, `empty selector is invalid for ${noun}`)]
      : []),
  ];
}

const labelsUnmatched = (template: PodTemplate) =>
  invalidValue(
    at('template.metadata.labels'),
    template.metadata?.labels,
    '`selector` does not match template `labels`',
  );

const unknownStrategy = (path: FieldPath, { type = '', rollingUpdate }: Strategy, supported: string): StatusCause =>
  structureCause(
    'FieldValueNotSupported',
    path,
    {
      Type: type,
      RollingUpdate: rollingUpdate
        ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 }
        : null,
    },
    `supported values: ${supported}`,
  );

function strategyCauses(strategy: Strategy, path: FieldPath): Causes {
  const rolling = child(path, 'rollingUpdate');
  if (strategy.type === 'Recreate') {
    return strategy.rollingUpdate
      ? [forbiddenField(rolling, "may not be specified when strategy `type` is 'Recreate'")]
      : [];
  }
  if (strategy.type !== 'RollingUpdate') {
    return [unknownStrategy(path, strategy, '"Recreate", "RollingUpdate"')];
  }
  const { maxUnavailable = 0, maxSurge = 0 } = strategy.rollingUpdate ?? {};
  const unavailable = child(rolling, 'maxUnavailable');
  return [
    ...countOrPercent(maxUnavailable, unavailable),
    ...countOrPercent(maxSurge, child(rolling, 'maxSurge')),
    ...(amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0
      ? [invalidValue(unavailable, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...atMostAll(maxUnavailable, unavailable),
  ];
}

export function statefulSetCauses(object: Workload, old: Workload | undefined): Causes {
  const spec = object.spec ?? {};
  const template = withClaimVolumes(spec);
  const chosen = selects(spec.selector, spec.template?.metadata?.labels);
  const unmatched = !(spec.selector && isEmptySelector(spec.selector)) && chosen === false;
  return [
    ...podManagement(spec.podManagementPolicy ?? ''),
    ...updateStrategy(spec.updateStrategy ?? {}),
    ...retention(spec.persistentVolumeClaimRetentionPolicy),
    ...nonNegative(spec.replicas, at('replicas')),
    ...nonNegative(spec.minReadySeconds, at('minReadySeconds')),
    ...nonNegative(spec.ordinals?.start, child(at('ordinals'), 'start')),
    ...claimTemplates(spec.volumeClaimTemplates ?? []),
    ...(spec.serviceName ? dnsLabel(spec.serviceName, at('serviceName')) : []),
    ...requiredSelector(spec.selector, 'statefulset'),
    ...(chosen === 'invalid' ? [invalidValue(at('selector'), spec.selector, '')] : []),
    ...(unmatched ? [labelsUnmatched(template)] : []),
    ...(chosen === 'invalid' ? [] : templateCauses(template, at('template'))),
    ...runningTemplateCauses(template, at('template'), 'StatefulSet'),
    ...(old ? statefulSetUpdate(spec, old.spec ?? {}) : []),
  ];
}

const RETENTIONS = ['Retain', 'Delete'];

const retention = (policy: WorkloadSpec['persistentVolumeClaimRetentionPolicy']): Causes =>
  (['whenDeleted', 'whenScaled'] as const).flatMap((field) => {
    const value = policy?.[field];
    const path = child(at('persistentVolumeClaimRetentionPolicy'), field);
    return value === undefined || RETENTIONS.includes(value) ? [] : [notSupported(path, value, RETENTIONS)];
  });

const claimTemplates = (claims: readonly Claim[]): Causes =>
  claims.flatMap((claim, position) =>
    claimCauses(claim, undefined).map((cause) => ({
      ...cause,
      field: child(index(at('volumeClaimTemplates'), position), cause.field ?? ''),
    })),
  );

/** Claims become volumes of every pod, in place of volumes of the same name. */
function withClaimVolumes(spec: WorkloadSpec): PodTemplate {
  const { template = {}, volumeClaimTemplates = [] } = spec;
  if (volumeClaimTemplates.length === 0) return template;
  const names = volumeClaimTemplates.map(({ metadata }) => metadata.name ?? '');
  const claims = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = (template.spec?.volumes ?? []).filter(({ name }) => !names.includes(name ?? ''));
  return { ...template, spec: { ...template.spec, volumes: [...claims, ...others] } };
}

function podManagement(policy: string): Causes {
  if (policy === '') return [requiredValue(at('podManagementPolicy'))];
  if (policy === 'OrderedReady' || policy === 'Parallel') return [];
  return [invalidValue(at('podManagementPolicy'), policy, "must be 'OrderedReady' or 'Parallel'")];
}

function updateStrategy(strategy: Strategy): Causes {
  const path = at('updateStrategy');
  const rolling = child(path, 'rollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const { partition, maxUnavailable } = strategy.rollingUpdate ?? {};
    const unavailable = child(rolling, 'maxUnavailable');
    return [
      ...nonNegative(partition, child(rolling, 'partition')),
      ...(maxUnavailable === undefined
        ? []
        : [
            ...countOrPercent(maxUnavailable, unavailable),
            ...(amountOf(maxUnavailable) === 0 ? [invalidValue(unavailable, maxUnavailable, 'cannot be 0')] : []),
            ...atMostAll(maxUnavailable, unavailable),
          ]),
    ];
  }
  if (strategy.type === 'OnDelete') {
    return strategy.rollingUpdate
      ? [
          structureCause(
            'FieldValueInvalid',
            rolling,
            {
              Partition: strategy.rollingUpdate.partition ?? 0,
              MaxUnavailable: strategy.rollingUpdate.maxUnavailable ?? null,
            },
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ]
      : [];
  }
  if (!strategy.type) return [requiredValue(path)];
  const value = { Type: strategy.type, RollingUpdate: null };
  return [structureCause('FieldValueInvalid', path, value, "must be 'RollingUpdate' or 'OnDelete'")];
}

const statefulSetUpdate = (spec: WorkloadSpec, old: WorkloadSpec): Causes =>
  (['selector', 'volumeClaimTemplates', 'serviceName', 'podManagementPolicy'] as const).flatMap((field) =>
    immutable(spec[field], old[field], at(field)),
  );

export function daemonSetCauses(object: Workload, old: Workload | undefined): Causes {
  const spec = object.spec ?? {};
  const { template = {}, selector } = spec;
  return [
    ...(old ? immutable(selector, old.spec?.selector, at('selector')) : []),
    ...selectorCauses(selector, at('selector')),
    ...(selects(selector, template.metadata?.labels) === false ? [labelsUnmatched(template)] : []),
    ...(selector && isEmptySelector(selector)
      ? [invalidValue(at('selector'), selector, 'empty selector is invalid for daemonset')]
      : []),
    ...templateCauses(template, at('template')),
    ...runningTemplateCauses(template, at('template'), 'DaemonSet'),
    ...nonNegative(spec.minReadySeconds, at('minReadySeconds')),
    ...daemonSetStrategy(spec.updateStrategy ?? {}, at('updateStrategy')),
    ...nonNegative(spec.revisionHistoryLimit, at('revisionHistoryLimit')),
  ];
}

function daemonSetStrategy(strategy: Strategy, path: FieldPath): Causes {
  if (strategy.type === 'OnDelete') return [];
  if (strategy.type !== 'RollingUpdate') {
    return [unknownStrategy(path, strategy, '"RollingUpdate", "OnDelete"')];
  }
  const rolling = child(path, 'rollingUpdate');
  const { maxUnavailable = 0, maxSurge = 0 } = strategy.rollingUpdate ?? {};
  const [unavailable, surge] = [child(rolling, 'maxUnavailable'), child(rolling, 'maxSurge')];
  const both = amountOf(maxUnavailable) !== 0 && amountOf(maxSurge) !== 0;
  const neither = amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0;
  return [
    ...countOrPercent(maxUnavailable, unavailable),
    ...countOrPercent(maxSurge, surge),
    ...atMostAll(maxUnavailable, unavailable),
    ...atMostAll(maxSurge, surge),
    ...(both ? [invalidValue(surge, maxSurge, 'may not be set when maxUnavailable is non-zero')] : []),
    ...(neither ? [requiredValue(unavailable, 'cannot be 0 when maxSurge is 0')] : []),
  ];
}
