/** Controllers of pods and autoscalers (pkg/apis/{apps,batch,autoscaling}/…/defaults.go). */
import type { Json } from '../../../kube/object.ts';
import { constants, type DefaultingRules, ensure, type Fields, fill, listIn, objectIn } from './fields.ts';

const APPS = 'io.k8s.api.apps.v1.';
const BATCH = 'io.k8s.api.batch.v1.';
const SCALING = 'io.k8s.api.autoscaling.';

export const workloadDefaults: DefaultingRules = {
  [`${APPS}DeploymentSpec`]: deployment,
  [`${APPS}DaemonSetSpec`]: daemonSet,
  [`${APPS}StatefulSetSpec`]: statefulSet,
  [`${APPS}ReplicaSetSpec`]: constants({ replicas: 1 }),
  'io.k8s.api.core.v1.ReplicationController': replicationController,
  [`${BATCH}Job`]: job,
  [`${BATCH}CronJobSpec`]: constants({
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  }),
  [`${BATCH}PodFailurePolicyOnPodConditionsPattern`]: constants({ status: 'True' }),
  [`${SCALING}v1.HorizontalPodAutoscalerSpec`]: constants({ minReplicas: 1 }),
  [`${SCALING}v2.HorizontalPodAutoscalerSpec`]: autoscaler,
};

function deployment(spec: Fields): void {
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
  const strategy = ensure(spec, 'strategy');
  fill(strategy, { type: 'RollingUpdate' });
  if (strategy.type === 'RollingUpdate') {
    fill(ensure(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' });
  }
}

function daemonSet(spec: Fields): void {
  fill(spec, { revisionHistoryLimit: 10 });
  const strategy = ensure(spec, 'updateStrategy');
  fill(strategy, { type: 'RollingUpdate' });
  if (strategy.type === 'RollingUpdate') fill(ensure(strategy, 'rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 });
}

function statefulSet(spec: Fields): void {
  fill(spec, { podManagementPolicy: 'OrderedReady', replicas: 1, revisionHistoryLimit: 10 });
  const strategy = ensure(spec, 'updateStrategy');
  if (strategy.type === undefined) {
    strategy.type = 'RollingUpdate';
    ensure(strategy, 'rollingUpdate');
  }
  const rolling = objectIn(strategy, 'rollingUpdate');
  if (strategy.type === 'RollingUpdate' && rolling) fill(rolling, { partition: 0, maxUnavailable: 1 });
  fill(ensure(spec, 'persistentVolumeClaimRetentionPolicy'), { whenDeleted: 'Retain', whenScaled: 'Retain' });
  for (const claim of listIn(spec, 'volumeClaimTemplates')) {
    fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  }
}

const templateLabels = (spec: Fields | undefined): Json | undefined => {
  const template = spec && objectIn(spec, 'template');
  const metadata = template && objectIn(template, 'metadata');
  return metadata?.labels;
};

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

function replicationController(value: Fields): void {
  const spec = ensure(value, 'spec');
  fill(spec, { replicas: 1 });
  const labels = templateLabels(spec);
  if (labels === undefined) return;
  if (isEmpty(spec.selector)) spec.selector = structuredClone(labels);
  labelLike(value, labels);
}

function labelLike(value: Fields, labels: Json): void {
  const metadata = ensure(value, 'metadata');
  if (isEmpty(metadata.labels)) metadata.labels = structuredClone(labels);
}

function job(value: Fields): void {
  const spec = ensure(value, 'spec');
  if (spec.completions === undefined && spec.parallelism === undefined) fill(spec, { completions: 1 });
  fill(spec, {
    parallelism: 1,
    backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
    manualSelector: false,
  });
  const labels = templateLabels(spec);
  if (labels !== undefined) labelLike(value, labels);
}

const SCALE_UP: Readonly<Record<string, Json>> = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN: Readonly<Record<string, Json>> = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

function autoscaler(spec: Fields): void {
  fill(spec, { minReplicas: 1 });
  if (isEmpty(spec.metrics)) {
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
  }
  const behavior = objectIn(spec, 'behavior');
  if (!behavior) return;
  fill(ensure(behavior, 'scaleUp'), SCALE_UP);
  fill(ensure(behavior, 'scaleDown'), SCALE_DOWN);
}
