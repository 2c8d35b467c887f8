/** What updates of pods, suspended jobs and autoscalers of the older version may change, and keep. */
import { get, NS, patch, post, type RequestSequence, sequence } from '../step.ts';

const V1 = '/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers',
  V2 = '/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers';
const JOBS = '/apis/batch/v1/namespaces/{ns}/jobs';
const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j' },
  spec: {
    suspend: true,
    manualSelector: true,
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { app: 'x' } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
    },
  },
};
const jobTemplate = (spec: object) => patch('strategic', `${JOBS}/j`, { spec: { template: { spec } } });
const PODS = `${NS}/pods`;
const podSpec = (spec: object) => patch('merge', `${PODS}/p`, { spec });
/** As admission adds them. */
const ADDED = ['not-ready', 'unreachable'].map((state) => ({
  key: `node.kubernetes.io/${state}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));
export const UPDATES: readonly RequestSequence[] = [
  sequence(
    'autoscalers: behavior in the older version',
    post(V2, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
        behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } },
      },
    }),
    get(`${V1}/h`),
    patch('merge', `${V1}/h`, { spec: { targetCPUUtilizationPercentage: 70 } }),
    get(`${V2}/h`),
    get(`${V2}/h`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
  ),
  sequence(
    'suspended jobs',
    post(JOBS, job),
    jobTemplate({ nodeSelector: { a: 'b' } }),
    jobTemplate({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
    jobTemplate({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }),
    patch('merge', `${JOBS}/j`, { spec: { suspend: false } }),
    patch('merge', `${JOBS}/j`, { spec: { parallelism: 4 } }),
  ),
  sequence(
    'pods: what may change',
    post(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        priority: 0,
        preemptionPolicy: 'PreemptLowerPriority',
        tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }, ...ADDED],
        containers: [{ name: 'c', image: 'i' }],
      },
    }),
    podSpec({ activeDeadlineSeconds: 30 }),
    podSpec({ activeDeadlineSeconds: 60 }),
    podSpec({ activeDeadlineSeconds: null }),
    podSpec({ activeDeadlineSeconds: 10 }),
    podSpec({ tolerations: [] }),
    podSpec({ tolerations: null }),
    podSpec({ tolerations: [{ key: 'b', operator: 'Exists' }] }),
    podSpec({
      tolerations: [
        { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 9 },
        ...ADDED,
        { key: 'c', operator: 'Exists' },
      ],
    }),
  ),
];
