/** Objects other than pods that kube-apiserver refuses with 422, by kind and what is wrong. */
type Fields = Record<string, unknown>;

/** Collections in namespace `default`, or of the cluster. */
export const POLICY_KINDS = {
  StorageClass: ['/apis/storage.k8s.io/v1/storageclasses', 'storage.k8s.io/v1'],
  PriorityClass: ['/apis/scheduling.k8s.io/v1/priorityclasses', 'scheduling.k8s.io/v1'],
  LimitRange: ['/api/v1/namespaces/default/limitranges', 'v1'],
  ResourceQuota: ['/api/v1/namespaces/default/resourcequotas', 'v1'],
  RuntimeClass: ['/apis/node.k8s.io/v1/runtimeclasses', 'node.k8s.io/v1'],
  CSIDriver: ['/apis/storage.k8s.io/v1/csidrivers', 'storage.k8s.io/v1'],
} as const;

const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
const hpa = (...metrics: Fields[]): Fields => ({ spec: { scaleTargetRef: target, maxReplicas: 3, metrics } });
const resource = (fields: Fields): Fields => hpa({ type: 'Resource', resource: { name: 'cpu', ...fields } });
const behavior = (scaleUp: Fields): Fields => ({
  spec: { scaleTargetRef: target, maxReplicas: 3, behavior: { scaleUp } },
});
const limits = (...items: Fields[]): Fields => ({ spec: { limits: items } });
const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
const statefulSet = (fields: Fields): Fields => ({
  spec: { serviceName: 's', selector: { matchLabels: labels }, template, ...fields },
});
const job = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'nginx' }] } } };
const cron = (schedule: string, more: Fields = {}): Fields => ({
  spec: { schedule, jobTemplate: { spec: job }, ...more },
});
const claim = (fields: Fields): Fields => ({
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...fields },
});
const policy = (fields: Fields): Fields => ({ spec: { podSelector: {}, ...fields } });

export const INVALID_POLICIES: readonly (readonly [kind: string, what: string, fields: Fields])[] = [
  ['HorizontalPodAutoscaler', 'metric without type', hpa({})],
  ['HorizontalPodAutoscaler', 'unknown metric', hpa({ type: 'Guess' })],
  ['HorizontalPodAutoscaler', 'metric without source', hpa({ type: 'Pods' })],
  [
    'HorizontalPodAutoscaler',
    'metric of two sources',
    hpa({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      pods: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '1' } },
    }),
  ],
  [
    'HorizontalPodAutoscaler',
    'resource without name',
    hpa({ type: 'Resource', resource: { name: '', target: { type: 'Utilization', averageUtilization: 50 } } }),
  ],
  ['HorizontalPodAutoscaler', 'resource without target', resource({})],
  ['HorizontalPodAutoscaler', 'resource, unknown target', resource({ target: { type: 'Half' } })],
  ['HorizontalPodAutoscaler', 'resource, nothing of it', resource({ target: { type: 'Utilization' } })],
  [
    'HorizontalPodAutoscaler',
    'resource, no utilization',
    resource({ target: { type: 'Utilization', averageUtilization: 0 } }),
  ],
  [
    'HorizontalPodAutoscaler',
    'resource, both',
    resource({ target: { type: 'Utilization', averageUtilization: 50, averageValue: '1' } }),
  ],
  ['HorizontalPodAutoscaler', 'resource, a value', resource({ target: { type: 'Value', value: '1' } })],
  ['HorizontalPodAutoscaler', 'resource, negative', resource({ target: { type: 'AverageValue', averageValue: '-1' } })],
  [
    'HorizontalPodAutoscaler',
    'pods',
    hpa({ type: 'Pods', pods: { metric: { name: 'a/b' }, target: { type: 'Value', value: '0' } } }),
  ],
  [
    'HorizontalPodAutoscaler',
    'object',
    hpa({
      type: 'Object',
      object: { describedObject: { kind: '', name: '' }, metric: { name: '' }, target: { type: 'Value' } },
    }),
  ],
  [
    'HorizontalPodAutoscaler',
    'external',
    hpa({
      type: 'External',
      external: { metric: { name: 'm', selector: { matchLabels: { 'a b': '' } } }, target: { type: 'Value' } },
    }),
  ],
  [
    'HorizontalPodAutoscaler',
    'external, both',
    hpa({
      type: 'External',
      external: { metric: { name: 'm' }, target: { type: 'Value', value: '1', averageValue: '1' } },
    }),
  ],
  [
    'HorizontalPodAutoscaler',
    'container',
    hpa({ type: 'ContainerResource', containerResource: { name: '', container: '', target: { type: 'Utilization' } } }),
  ],
  [
    'HorizontalPodAutoscaler',
    'behaviour policy',
    behavior({ policies: [{ type: 'Nodes', value: 0, periodSeconds: 0 }] }),
  ],
  [
    'HorizontalPodAutoscaler',
    'behaviour too long',
    behavior({ policies: [{ type: 'Pods', value: 1, periodSeconds: 1801 }], stabilizationWindowSeconds: 3601 }),
  ],
  [
    'HorizontalPodAutoscaler',
    'behaviour, selection',
    behavior({ selectPolicy: 'Best', stabilizationWindowSeconds: -1 }),
  ],
  ['StorageClass', 'nothing', { provisioner: '', reclaimPolicy: 'Burn', volumeBindingMode: 'Later' }],
  ['StorageClass', 'provisioner', { provisioner: 'a b', parameters: { '': 'x' } }],
  [
    'StorageClass',
    'topologies',
    {
      provisioner: 'a.example.com',
      allowedTopologies: [
        {
          matchLabelExpressions: [
            { key: 'a b', values: [] },
            { key: 'c', values: ['x', 'x'] },
            { key: 'c', values: ['y'] },
          ],
        },
      ],
    },
  ],
  ['PriorityClass', 'too high', { value: 1_000_000_001 }],
  ['PriorityClass', 'preemption', { value: 1, preemptionPolicy: 'Rude' }],
  ['PriorityClass', 'system name', { metadata: { name: 'system-mine' }, value: 1 }],
  ['LimitRange', 'type twice', limits({ type: 'Pod', max: { cpu: '1' } }, { type: 'Pod', max: { cpu: '2' } })],
  [
    'LimitRange',
    'bounds',
    limits({
      type: 'Container',
      min: { cpu: '2' },
      max: { cpu: '1' },
      default: { cpu: '3' },
      defaultRequest: { cpu: '4' },
    }),
  ],
  ['LimitRange', 'defaults of pods', limits({ type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } })],
  ['LimitRange', 'claims', limits({ type: 'PersistentVolumeClaim' })],
  [
    'LimitRange',
    'ratio',
    limits({ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '500m' } }),
  ],
  [
    'LimitRange',
    'ratio beyond',
    limits({ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '5' } }),
  ],
  ['LimitRange', 'type', limits({ type: 'a b', max: { nonsense: '1' } })],
  ['ResourceQuota', 'amounts', { spec: { hard: { cpu: '-1', pods: '1500m', nonsense: '1' } } }],
  ['ResourceQuota', 'scopes', { spec: { hard: { pods: '1' }, scopes: ['Terminating', 'NotTerminating', 'Odd'] } }],
  ['ResourceQuota', 'scope of other things', { spec: { hard: { services: '1' }, scopes: ['BestEffort'] } }],
  [
    'ResourceQuota',
    'scope selector',
    {
      spec: {
        hard: { pods: '1' },
        scopeSelector: {
          matchExpressions: [
            { scopeName: 'PriorityClass', operator: 'In' },
            { scopeName: 'BestEffort', operator: 'In', values: ['a'] },
            { scopeName: 'X', operator: 'Y' },
          ],
        },
      },
    },
  ],
  ['RuntimeClass', 'handler', { handler: 'A b' }],
  [
    'RuntimeClass',
    'overhead and scheduling',
    {
      handler: 'a',
      overhead: { podFixed: { cpu: '-1' } },
      scheduling: { nodeSelector: { 'a b': '' }, tolerations: [{ key: 'a b', operator: 'Exists' }] },
    },
  ],
  [
    'CSIDriver',
    'name and modes',
    { metadata: { name: 'sample' }, spec: { volumeLifecycleModes: ['Always'], fsGroupPolicy: 'x' } },
  ],
  ['CSIDriver', 'tokens', { spec: { tokenRequests: [{ audience: '', expirationSeconds: 5 }, { audience: '' }] } }],
  [
    'StatefulSet',
    'claims retention',
    statefulSet({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Burn', whenScaled: 'Burn' } }),
  ],
  ['StatefulSet', 'ordinals', statefulSet({ ordinals: { start: -1 } })],
  ['StatefulSet', 'claims', statefulSet({ volumeClaimTemplates: [{ metadata: { name: 'A b' }, spec: {} }] })],
  ['StatefulSet', 'numbers', statefulSet({ replicas: -1, revisionHistoryLimit: -1, minReadySeconds: -1 })],
  [
    'StatefulSet',
    'partition',
    statefulSet({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } } }),
  ],
  [
    'StatefulSet',
    'partition on deletion',
    statefulSet({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
  ],
  ...[
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '*/0 * * * *',
    'x * * * *',
    '5-1 * * * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 7',
    '@often',
    '@every 1x',
    'TZ=UTC * * * * *',
    '* * * * * *',

    '-1 * * * *',
    '1--2 * * * *',
  ].map((schedule) => ['CronJob', `schedule ${schedule}`, cron(schedule)] as const),
  ['CronJob', 'time zone', cron('* * * * *', { timeZone: 'Mars/Base' })],
  ['CronJob', 'local time zone', cron('* * * * *', { timeZone: 'Local' })],
  [
    'CronJob',
    'numbers',
    cron('* * * * *', {
      startingDeadlineSeconds: -1,
      successfulJobsHistoryLimit: -1,
      failedJobsHistoryLimit: -1,
      concurrencyPolicy: 'Maybe',
    }),
  ],
  ['PersistentVolumeClaim', 'access modes', claim({ accessModes: ['Any', 'ReadWriteOnce', 'ReadWriteOncePod'] })],
  ['PersistentVolumeClaim', 'class and mode', claim({ storageClassName: 'A b', volumeMode: 'Tape' })],
  ['PersistentVolumeClaim', 'selector', claim({ selector: { matchLabels: { 'a b': '' } } })],
  [
    'NetworkPolicy',
    'blocks',
    policy({
      egress: [
        {
          to: [
            { ipBlock: { cidr: 'x' } },
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', 'y'] } },
          ],
        },
      ],
    }),
  ],
  [
    'NetworkPolicy',
    'end ports',
    policy({
      ingress: [
        {
          ports: [
            { port: 'web', endPort: 80 },
            { port: 80, endPort: 70000 },
          ],
        },
      ],
    }),
  ],
  ['NetworkPolicy', 'types', policy({ policyTypes: ['Ingress', 'Egress', 'Both'] })],
  [
    'Ingress',
    'tls',
    {
      spec: {
        tls: [{ hosts: ['A b', '*.*.a'], secretName: 'A b' }],
        defaultBackend: { service: { name: 's', port: { number: 80 } } },
      },
    },
  ],
  [
    'Ingress',
    'class',
    { spec: { ingressClassName: 'A b', defaultBackend: { service: { name: 'A', port: { name: 'A_b' } } } } },
  ],
  [
    'Ingress',
    'resource and service',
    { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } }, resource: { kind: 'a', name: 'b' } } } },
  ],
  ['Ingress', 'resource', { spec: { defaultBackend: { resource: { kind: '', name: '' } } } }],
  ['Ingress', 'wildcard hosts', { spec: { rules: [{ host: '*' }, { host: '*.a.*' }, { host: '1.2.3.4' }] } }],
  [
    'Ingress',
    'class twice',
    {
      metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } },
      spec: { ingressClassName: 'b', defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    },
  ],
  [
    'PodDisruptionBudget',
    'eviction policy',
    { spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'Never', selector: { matchLabels: { 'a b': '' } } } },
  ],
  ['PodDisruptionBudget', 'negative', { spec: { minAvailable: -1, selector: {} } }],
];
