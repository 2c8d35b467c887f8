/** Controllers of pods: Deployments and their kin, Jobs, CronJobs, and what watches over them. */
import { humanDuration } from '../../kube/duration.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import {
  ageOf,
  type ConditionShape,
  containerCells,
  isTrue,
  labelsText,
  nameOf,
  type SelectorShape,
  selectorText,
  since,
  type TemplateShape,
} from './cells.ts';
import { AGE, CONTAINERS, column, IMAGES, NAME, SELECTOR } from './columns.ts';
import { type Printers, printer } from './printer.ts';

interface ReplicasShape {
  readonly spec?: { readonly replicas?: number; readonly selector?: SelectorShape; readonly template?: TemplateShape };
  readonly status?: {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

interface DaemonSetShape {
  readonly spec?: { readonly selector?: SelectorShape; readonly template?: TemplateShape };
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly currentNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
  };
}

interface JobShape {
  readonly spec?: {
    readonly completions?: number;
    readonly parallelism?: number;
    readonly selector?: SelectorShape;
    readonly template?: TemplateShape;
  };
  readonly status?: {
    readonly succeeded?: number;
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly conditions?: readonly ConditionShape[];
  };
}

interface CronJobShape {
  readonly spec?: {
    readonly schedule?: string;
    readonly timeZone?: string;
    readonly suspend?: boolean;
    readonly jobTemplate?: JobShape;
  };
  readonly status?: { readonly active?: readonly unknown[]; readonly lastScheduleTime?: string };
}

const replicaColumns = [
  NAME,
  column('Desired', 'Pods that are wanted.', 'integer'),
  column('Current', 'Pods that exist.', 'integer'),
  column('Ready', 'Pods that are ready.', 'integer'),
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
];

const desired = (object: ReplicasShape): number => object.spec?.replicas ?? 0;
const readyOf = (object: ReplicasShape): string => `${object.status?.readyReplicas ?? 0}/${desired(object)}`;

export const workloadPrinters: Printers = {
  'apps/Deployment': printer<ReplicasShape>(
    [
      NAME,
      column('Ready', 'Pods that are ready, of those wanted.'),
      column('Up-to-date', 'Pods of the newest template.'),
      column('Available', 'Pods that have been ready long enough.'),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
    (object, now) => [
      nameOf(object),
      readyOf(object),
      object.status?.updatedReplicas ?? 0,
      object.status?.availableReplicas ?? 0,
      ageOf(object, now),
      ...containerCells(object.spec?.template?.spec?.containers),
      selectorText(object.spec?.selector, '', '<invalid>'),
    ],
  ),
  'apps/ReplicaSet': printer<ReplicasShape>(replicaColumns, (object, now) => [
    nameOf(object),
    desired(object),
    object.status?.replicas ?? 0,
    object.status?.readyReplicas ?? 0,
    ageOf(object, now),
    ...containerCells(object.spec?.template?.spec?.containers),
    selectorText(object.spec?.selector),
  ]),
  '/ReplicationController': printer<
    Omit<ReplicasShape, 'spec'> & {
      spec?: { replicas?: number; selector?: Record<string, string>; template?: TemplateShape };
    }
  >(replicaColumns, (object, now) => [
    nameOf(object),
    object.spec?.replicas ?? 0,
    object.status?.replicas ?? 0,
    object.status?.readyReplicas ?? 0,
    ageOf(object, now),
    ...containerCells(object.spec?.template?.spec?.containers),
    labelsText(object.spec?.selector),
  ]),
  'apps/StatefulSet': printer<ReplicasShape>(
    [NAME, column('Ready', 'Pods that are ready, of those wanted.'), AGE, CONTAINERS, IMAGES],
    (object, now) => [
      nameOf(object),
      readyOf(object),
      ageOf(object, now),
      ...containerCells(object.spec?.template?.spec?.containers),
    ],
  ),
  'apps/DaemonSet': printer<DaemonSetShape>(
    [
      NAME,
      column('Desired', 'Nodes that should run a pod.', 'integer'),
      column('Current', 'Nodes that run a pod.', 'integer'),
      column('Ready', 'Nodes whose pod is ready.', 'integer'),
      column('Up-to-date', 'Nodes whose pod is of the newest template.', 'integer'),
      column('Available', 'Nodes whose pod has been ready long enough.', 'integer'),
      column('Node Selector', 'Labels of the nodes that run pods.'),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
    (object, now) => [
      nameOf(object),
      object.status?.desiredNumberScheduled ?? 0,
      object.status?.currentNumberScheduled ?? 0,
      object.status?.numberReady ?? 0,
      object.status?.updatedNumberScheduled ?? 0,
      object.status?.numberAvailable ?? 0,
      labelsText(object.spec?.template?.spec?.nodeSelector),
      ageOf(object, now),
      ...containerCells(object.spec?.template?.spec?.containers),
      selectorText(object.spec?.selector),
    ],
  ),
  'batch/Job': printer<JobShape>(
    [
      NAME,
      column('Status', 'How far the job has come.'),
      column('Completions', 'Pods that have succeeded, of those wanted.'),
      column('Duration', 'How long the job ran, or has been running.'),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
    (object, now) => [
      nameOf(object),
      jobStatus(object.status?.conditions, object.metadata.deletionTimestamp !== undefined),
      completions(object),
      jobDuration(object, now),
      ageOf(object, now),
      ...containerCells(object.spec?.template?.spec?.containers),
      selectorText(object.spec?.selector),
    ],
  ),
  'batch/CronJob': printer<CronJobShape>(
    [
      NAME,
      column('Schedule', 'When jobs are started, in cron format.'),
      column('Timezone', 'Time zone of the schedule.'),
      column('Suspend', 'Whether no jobs are started for now.', 'boolean'),
      column('Active', 'Jobs that are running.', 'integer'),
      column('Last Schedule', 'Time since a job was last started.'),
      AGE,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.schedule ?? '',
      object.spec?.timeZone ?? '<none>',
      suspended(object.spec?.suspend),
      object.status?.active?.length ?? 0,
      object.status?.lastScheduleTime ? since(object.status.lastScheduleTime, now) : '<none>',
      ageOf(object, now),
      ...containerCells(object.spec?.jobTemplate?.spec?.template?.spec?.containers),
      selectorText(object.spec?.jobTemplate?.spec?.selector),
    ],
  ),
  'apps/ControllerRevision': printer<{ revision?: number }>(
    [NAME, column('Controller', 'Owner of the revision.'), column('Revision', 'Number of the revision.'), AGE],
    (object, now) => {
      const owner = object.metadata.ownerReferences?.find(({ controller }) => controller);
      return [nameOf(object), owner ? ownerText(owner) : '<none>', object.revision ?? 0, ageOf(object, now)];
    },
  ),
  'policy/PodDisruptionBudget': printer<{
    spec?: { minAvailable?: number | string; maxUnavailable?: number | string };
    status?: { disruptionsAllowed?: number };
  }>(
    [
      NAME,
      column('Min Available', 'Pods that must stay available.'),
      column('Max Unavailable', 'Pods that may be unavailable.'),
      column('Allowed Disruptions', 'Pods that may be disrupted now.', 'integer'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      String(object.spec?.minAvailable ?? 'N/A'),
      String(object.spec?.maxUnavailable ?? 'N/A'),
      object.status?.disruptionsAllowed ?? 0,
      ageOf(object, now),
    ],
  ),
  'autoscaling/Scale': printer<{ spec?: { replicas?: number }; status?: { replicas?: number } }>(
    [
      { ...NAME, format: '' },
      column('Desired', 'Pods that are wanted.', 'integer'),
      column('Available', 'Pods that exist.', 'integer'),
      AGE,
    ],
    (object, now) => [nameOf(object), object.spec?.replicas ?? 0, object.status?.replicas ?? 0, ageOf(object, now)],
  ),
};

const suspended = (suspend: boolean | undefined): string =>
  suspend === undefined ? '<unset>' : suspend ? 'True' : 'False';

function ownerText(owner: { apiVersion: string; kind: string; name: string }): string {
  const { group } = parseApiVersion(owner.apiVersion);
  return `${`${owner.kind}${group === '' ? '' : `.${group}`}`.toLowerCase()}/${owner.name}`;
}

function completions({ spec, status }: JobShape): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: JobShape, now: number): string {
  if (!status?.startTime) return '';
  const end = status.completionTime ? Date.parse(status.completionTime) : now;
  return humanDuration(end - Date.parse(status.startTime));
}

/** The first of these that holds. */
function jobStatus(conditions: readonly ConditionShape[] | undefined, deleting: boolean): string {
  if (isTrue(conditions, 'Complete')) return 'Complete';
  if (isTrue(conditions, 'Failed')) return 'Failed';
  if (deleting) return 'Terminating';
  if (isTrue(conditions, 'Suspended')) return 'Suspended';
  if (isTrue(conditions, 'FailureTarget')) return 'FailureTarget';
  return isTrue(conditions, 'SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}
