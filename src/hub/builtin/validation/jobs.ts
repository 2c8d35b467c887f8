/** Jobs and CronJobs (pkg/apis/batch/validation). */
import { isDeepStrictEqual } from 'node:util';
import { child, type FieldPath, invalidValue, notSupported, requiredValue } from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { cronScheduleError } from './cron-schedule.ts';
import { type PodTemplate, templateCauses } from './pods.ts';
import { type Causes, nonNegative, oneOf } from './scalars.ts';
import { immutable, type Selector } from './selectors.ts';

interface JobSpec {
  readonly parallelism?: number;
  readonly completions?: number;
  readonly activeDeadlineSeconds?: number;
  readonly backoffLimit?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly completionMode?: string;
  readonly podFailurePolicy?: object;
  readonly successPolicy?: object;
  readonly suspend?: boolean;
  readonly managedBy?: string;
  readonly manualSelector?: boolean;
  readonly selector?: Selector;
  readonly template?: PodTemplate;
}

interface CronJobSpec {
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly startingDeadlineSeconds?: number;
  readonly concurrencyPolicy?: string;
  readonly successfulJobsHistoryLimit?: number;
  readonly failedJobsHistoryLimit?: number;
  readonly jobTemplate?: { readonly spec?: JobSpec };
}

export type Job = KubeObject & { readonly spec?: JobSpec };
export type CronJob = KubeObject & { readonly spec?: CronJobSpec };

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** A Job's selector is made by the cluster that runs it, so none is asked for here. */
export function jobCauses(job: Job, old: Job | undefined): Causes {
  const spec = job.spec ?? {};
  return [...specCauses(spec, 'spec'), ...(old ? updateCauses(spec, old.spec ?? {}) : [])];
}

function specCauses(spec: JobSpec, path: FieldPath): Causes {
  return [
    ...COUNTS.flatMap((field) => nonNegative(spec[field], child(path, field))),
    ...modeCauses(spec, path),
    ...templateCauses(spec.template ?? {}, child(path, 'template')),
    ...restartCauses(spec, child(child(child(path, 'template'), 'spec'), 'restartPolicy')),
  ];
}

function modeCauses(spec: JobSpec, path: FieldPath): Causes {
  const mode = spec.completionMode ?? 'NonIndexed';
  if (mode === 'NonIndexed') {
    const indexed = (['backoffLimitPerIndex', 'maxFailedIndexes'] as const).filter(
      (field) => spec[field] !== undefined,
    );
    return indexed.map((field) => invalidValue(child(path, field), spec[field], 'requires indexed completion mode'));
  }
  if (mode !== 'Indexed') return [notSupported(child(path, 'completionMode'), mode, ['NonIndexed', 'Indexed'])];
  return spec.completions === undefined
    ? [requiredValue(child(path, 'completions'), 'when completion mode is Indexed')]
    : [];
}

/** Pods of a job end, so they must not be restarted for ever. */
function restartCauses(spec: JobSpec, path: FieldPath): Causes {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  if (policy === 'Always' || policy === '') return [requiredValue(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(path, policy, ['OnFailure', 'Never'])];
  return spec.podFailurePolicy !== undefined && policy !== 'Never'
    ? [invalidValue(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : [];
}

const FIXED = [
  'selector',
  'template',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const;

function updateCauses(spec: JobSpec, old: JobSpec): Causes {
  // Indexed jobs may scale completions together with parallelism.
  const scales = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  return [
    ...(scales ? [] : immutable(spec.completions, old.completions, 'spec.completions')),
    ...FIXED.filter((field) => field !== 'template' || !old.suspend).flatMap((field) =>
      immutable(spec[field], old[field], child('spec', field)),
    ),
    ...(old.suspend && !isDeepStrictEqual(runningPart(spec.template), runningPart(old.template))
      ? [invalidValue('spec.template.spec', spec.template?.spec, 'field is immutable')]
      : []),
  ];
}

/** What stays while a job is suspended: it may still be told where and with how much its pods run. */
function runningPart({ spec = {} }: PodTemplate = {}): object {
  const { nodeSelector: _n, tolerations: _t, schedulingGates: _g, affinity, ...rest } = spec as Record<string, unknown>;
  const { nodeAffinity: _a, ...otherAffinity } = (affinity ?? {}) as Record<string, unknown>;
  const unsized = (list: unknown) => ((list ?? []) as object[]).map((one) => ({ ...one, resources: undefined }));
  return {
    ...rest,
    affinity: otherAffinity,
    containers: unsized(spec.containers),
    initContainers: unsized(spec.initContainers),
  };
}

export function cronJobCauses(cronJob: CronJob, old: CronJob | undefined): Causes {
  const spec = cronJob.spec ?? {};
  const name = cronJob.metadata.name ?? '';
  const job = spec.jobTemplate?.spec ?? {};
  return [
    ...scheduleCauses(spec, old?.spec),
    ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
    ...(spec.timeZone === undefined || spec.timeZone === old?.spec?.timeZone ? [] : timeZoneCauses(spec.timeZone)),
    ...oneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy'),
    ...specCauses(job, 'spec.jobTemplate.spec'),
    ...(job.selector
      ? [invalidValue('spec.jobTemplate.spec.selector', job.selector, '`selector` will be auto-generated')]
      : []),
    ...(job.manualSelector ? [notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false'])] : []),
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
    ...(!old && name.length > 52 ? [invalidValue('metadata.name', name, 'must be no more than 52 characters')] : []),
  ];
}

function scheduleCauses(spec: CronJobSpec, old: CronJobSpec | undefined): Causes {
  const path = 'spec.schedule';
  const schedule = spec.schedule ?? '';
  if (schedule === '') return [requiredValue(path)];
  const error = cronScheduleError(schedule);
  const zoned = schedule.includes('TZ') && !(old?.schedule ?? '').includes('TZ');
  return [
    ...(error === undefined ? [] : [invalidValue(path, schedule, error)]),
    ...(zoned
      ? [invalidValue(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
      : []),
  ];
}

function timeZoneCauses(zone: string): Causes {
  const path = 'spec.timeZone';
  if (zone === '') return [invalidValue(path, zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local') {
    return [
      invalidValue(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
    ];
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return [];
  } catch {
    return [invalidValue(path, zone, `unknown time zone ${zone}`)];
  }
}
