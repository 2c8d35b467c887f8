/** Objects of built-in kinds as people author them, with the status that a controller would write. For comparison with a real API server. */
import type { KubeObject } from '../../src/kube/object.ts';

export interface Sample {
  /** Collection below the API root; namespaced ones have `NS` where the namespace goes. */
  readonly path: string;
  readonly object: KubeObject;
}

type Fields = Record<string, unknown>;

const sample = (path: string, apiVersion: string, kind: string, name: string, fields: Fields = {}): Sample => {
  const { metadata, ...rest } = fields;
  return { path, object: { apiVersion, kind, metadata: { name, ...(metadata as Fields) }, ...rest } };
};

const core = (resource: string, kind: string, name: string, fields?: Fields): Sample =>
  sample(`/api/v1/namespaces/NS/${resource}`, 'v1', kind, name, fields);
const apps = (resource: string, kind: string, name: string, fields?: Fields): Sample =>
  sample(`/apis/apps/v1/namespaces/NS/${resource}`, 'apps/v1', kind, name, fields);

const labels = { app: 'web' };
const template = (spec: Fields = {}): Fields => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});
const selector = { matchLabels: labels };

/** A certificate request that parses (an ECDSA key that nobody has). */
const CSR = Buffer.from(
  `-----BEGIN CERTIFICATE REQUEST-----\n${[
    'MIHLMHMCAQAwETEPMA0GA1UEAwwGc2FtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0D',
    'AQcDQgAEgvfaAcl+Rp1/vroXixYGJCtw79citrzdEGkglmvuvKXEuk5Vp4foEYw3',
    'hNaLIN9sXnGy5hU16EkY5hApHR2rrqAAMAoGCCqGSM49BAMCA0gAMEUCICKW26lk',
    '2Y3kKB5UL+zBktB5wkuoOUQzimSpdAcQ21SuAiEAzZ/pUFD9kMarSPZDCZdlOB9d',
    'LNDTCxecr0DX3xlh6qc=',
  ].join('\n')}\n-----END CERTIFICATE REQUEST-----\n`,
).toString('base64');

/** Everything that a pod's defaulting touches. */
const fullPodSpec: Fields = {
  initContainers: [{ name: 'init', image: 'busybox:1.36' }],
  containers: [
    {
      name: 'a',
      image: 'registry.example.com:5000/web:v1',
      command: ['run'],
      env: [
        { name: 'A', value: '' },
        { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
      ],
      ports: [{ containerPort: 80 }, { name: 'udp', containerPort: 53, protocol: 'UDP' }],
      livenessProbe: { httpGet: { port: 80 } },
      readinessProbe: { tcpSocket: { port: 'udp' }, periodSeconds: 3 },
      startupProbe: { grpc: { port: 80 } },
      lifecycle: { preStop: { httpGet: { port: 80 } } },
      resources: { limits: { cpu: 1, memory: '1024Mi' }, requests: { cpu: '0.25' } },
      volumeMounts: [
        { name: 'empty', mountPath: '/empty' },
        { name: 'projected', mountPath: '/projected', readOnly: true },
      ],
      securityContext: { capabilities: { add: ['NET_ADMIN'] } },
    },
    { name: 'b', image: 'web@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', stdin: false },
    { name: 'l', image: 'web:latest' },
  ],
  volumes: [
    { name: 'empty', emptyDir: {} },
    { name: 'secret', secret: { secretName: 's' } },
    { name: 'config', configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
    { name: 'host', hostPath: { path: '/x' } },
    { name: 'down', downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    {
      name: 'projected',
      projected: { sources: [{ serviceAccountToken: { path: 't' } }, { configMap: { name: 'c' } }] },
    },
    { name: 'claim', persistentVolumeClaim: { claimName: 'p' } },
    {
      name: 'ephemeral',
      ephemeral: {
        volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      },
    },
    { name: 'iscsi', iscsi: { targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:x', lun: 0 } },
    { name: 'rbd', rbd: { monitors: ['m'], image: 'i' } },
  ],
  serviceAccountName: 'runner',
  hostNetwork: false,
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
  tolerations: [{ key: 'k', operator: 'Exists' }],
};

const pod = (name: string, status: Fields, spec: Fields = {}): Sample =>
  core('pods', 'Pod', name, {
    metadata: { labels },
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
    status,
  });

export const SAMPLES: readonly Sample[] = [
  apps('deployments', 'Deployment', 'minimal', {
    spec: { selector, template: template() },
    status: { replicas: 3, readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 },
  }),
  apps('deployments', 'Deployment', 'full', {
    spec: {
      replicas: 0,
      paused: false,
      selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'other'] }] },
      strategy: { rollingUpdate: { maxSurge: 2 } },
      template: template(fullPodSpec),
    },
  }),
  apps('deployments', 'Deployment', 'recreate', {
    spec: {
      selector,
      strategy: { type: 'Recreate' },
      template: template({ hostNetwork: true, restartPolicy: 'Always' }),
    },
  }),
  apps('replicasets', 'ReplicaSet', 'minimal', {
    spec: { selector, template: template() },
    status: { replicas: 1, readyReplicas: 1 },
  }),
  apps('statefulsets', 'StatefulSet', 'minimal', {
    spec: {
      serviceName: 'web',
      selector,
      template: template(),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
        },
      ],
    },
    status: { replicas: 1, readyReplicas: 1 },
  }),
  apps('daemonsets', 'DaemonSet', 'minimal', {
    spec: { selector, template: template({ nodeSelector: { a: 'b' } }) },
    status: {
      desiredNumberScheduled: 3,
      currentNumberScheduled: 2,
      numberReady: 1,
      numberMisscheduled: 0,
      updatedNumberScheduled: 2,
      numberAvailable: 1,
    },
  }),
  apps('controllerrevisions', 'ControllerRevision', 'minimal', {
    metadata: {
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'minimal', uid: 'u', controller: true }],
    },
    revision: 3,
    data: { spec: {} },
  }),
  core('replicationcontrollers', 'ReplicationController', 'minimal', { spec: { template: template() } }),
  core('podtemplates', 'PodTemplate', 'minimal', { template: template() }),
  sample('/apis/batch/v1/namespaces/NS/jobs', 'batch/v1', 'Job', 'minimal', {
    spec: { template: template({ restartPolicy: 'Never' }) },
  }),
  sample('/apis/batch/v1/namespaces/NS/jobs', 'batch/v1', 'Job', 'parallel', {
    spec: { parallelism: 3, template: template({ restartPolicy: 'OnFailure' }) },
  }),
  sample('/apis/batch/v1/namespaces/NS/jobs', 'batch/v1', 'Job', 'suspended', {
    spec: { completions: 4, suspend: true, template: template({ restartPolicy: 'Never' }) },
    status: {
      conditions: [
        {
          type: 'Suspended',
          status: 'True',
          lastProbeTime: '2026-01-01T00:00:00Z',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  }),
  sample('/apis/batch/v1/namespaces/NS/cronjobs', 'batch/v1', 'CronJob', 'minimal', {
    spec: {
      schedule: '*/5 * * * *',
      jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } },
    },
    status: { lastScheduleTime: '2026-01-01T00:00:00Z', active: [{ kind: 'Job', name: 'j' }] },
  }),
  pod('pending', { phase: 'Pending' }),
  pod('running', {
    phase: 'Running',
    podIPs: [{ ip: '10.1.2.3' }],
    podIP: '10.1.2.3',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'c',
        image: 'nginx',
        imageID: 'x',
        ready: true,
        started: true,
        restartCount: 2,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  }),
  pod('crashing', {
    phase: 'Running',
    containerStatuses: [
      {
        name: 'c',
        image: 'nginx',
        imageID: 'x',
        ready: false,
        restartCount: 5,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
      },
    ],
  }),
  pod('done', {
    phase: 'Succeeded',
    containerStatuses: [
      {
        name: 'c',
        image: 'nginx',
        imageID: 'x',
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode: 0, reason: 'Completed' } },
      },
    ],
  }),
  pod('full', { phase: 'Pending' }, fullPodSpec),
  core('services', 'Service', 'minimal', { spec: { selector: labels, ports: [{ port: 80 }] } }),
  core('services', 'Service', 'headless', {
    spec: {
      clusterIP: 'None',
      selector: labels,
      ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' }],
    },
  }),
  core('services', 'Service', 'nodeport', { spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 31234 }] } }),
  core('services', 'Service', 'balancer', {
    spec: { type: 'LoadBalancer', sessionAffinity: 'ClientIP', ports: [{ port: 80, nodePort: 31235 }] },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }, { hostname: 'a-long-name.example.com' }] } },
  }),
  core('services', 'Service', 'external', { spec: { type: 'ExternalName', externalName: 'example.com' } }),
  core('endpoints', 'Endpoints', 'some', {
    subsets: [
      {
        addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }, { ip: '10.0.0.3' }, { ip: '10.0.0.4' }],
        ports: [{ port: 80 }, { name: 'x', port: 81 }].map((port, index) => ({ name: `p${index}`, ...port })),
      },
    ],
  }),
  sample('/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices', 'discovery.k8s.io/v1', 'EndpointSlice', 'some', {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }],
    ports: [{ name: 'http', port: 80 }, { name: 'any' }],
  }),
  core('configmaps', 'ConfigMap', 'minimal', { data: { a: '1' }, binaryData: { b: 'aGk=' } }),
  core('secrets', 'Secret', 'minimal', { stringData: { a: 'hi' }, data: { b: 'aGk=' } }),
  core('secrets', 'Secret', 'typed', { type: 'kubernetes.io/basic-auth', stringData: { username: 'u' } }),
  core('serviceaccounts', 'ServiceAccount', 'minimal'),
  core('serviceaccounts', 'ServiceAccount', 'runner'),
  core('persistentvolumeclaims', 'PersistentVolumeClaim', 'minimal', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2048Mi' } } },
    status: { phase: 'Pending' },
  }),
  core('persistentvolumeclaims', 'PersistentVolumeClaim', 'bound', {
    spec: {
      accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
      volumeName: 'pv',
      storageClassName: 'fast',
      resources: { requests: { storage: '1Gi' } },
    },
    status: { phase: 'Bound', accessModes: ['ReadWriteMany', 'ReadWriteOnce'], capacity: { storage: '1Gi' } },
  }),
  core('limitranges', 'LimitRange', 'minimal', {
    spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { memory: '1024Ki' } }] },
  }),
  core('resourcequotas', 'ResourceQuota', 'minimal', {
    spec: { hard: { pods: '100', 'limits.cpu': '200', 'requests.memory': '100Gi' } },
    status: { hard: { pods: '100', 'limits.cpu': '200' }, used: { pods: '1', 'limits.cpu': '500m' } },
  }),
  core('events', 'Event', 'some.1', {
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'NS', fieldPath: 'spec.containers{c}' },
    reason: 'Started',
    message: ' started ',
    type: 'Normal',
    source: { component: 'kubelet', host: 'n' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-02-01T00:00:00Z',
    count: 3,
  }),
  sample('/apis/events.k8s.io/v1/namespaces/NS/events', 'events.k8s.io/v1', 'Event', 'new.1', {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Act',
    reason: 'Because',
    regarding: { kind: 'Pod', name: 'p', namespace: 'NS' },
    type: 'Normal',
    note: 'note',
    series: { count: 2, lastObservedTime: '2026-02-01T00:00:00.000000Z' },
  }),
  sample('/apis/networking.k8s.io/v1/namespaces/NS/ingresses', 'networking.k8s.io/v1', 'Ingress', 'minimal', {
    spec: {
      ingressClassName: 'nginx',
      rules: ['a', 'b', 'c', 'd'].map((host) => ({
        host: `${host}.example.com`,
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }] },
      })),
      tls: [{ hosts: ['a.example.com'], secretName: 's' }],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.7' }] } },
  }),
  sample('/apis/networking.k8s.io/v1/namespaces/NS/ingresses', 'networking.k8s.io/v1', 'Ingress', 'backend', {
    spec: { defaultBackend: { service: { name: 's', port: { name: 'http' } } } },
  }),
  sample(
    '/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies',
    'networking.k8s.io/v1',
    'NetworkPolicy',
    'minimal',
    {
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: selector }], ports: [{ port: 80 }] }], egress: [] },
    },
  ),
  sample('/apis/policy/v1/namespaces/NS/poddisruptionbudgets', 'policy/v1', 'PodDisruptionBudget', 'minimal', {
    spec: { minAvailable: '50%', selector },
  }),
  sample(
    '/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'minimal',
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 5,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1000m' } } },
          {
            type: 'Object',
            object: {
              metric: { name: 'm' },
              describedObject: { kind: 'Service', name: 's' },
              target: { type: 'Value', value: '10' },
            },
          },
        ],
      },
      status: {
        currentReplicas: 2,
        desiredReplicas: 2,
        currentMetrics: [
          { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '100m' } } },
          { type: 'Pods', pods: { metric: { name: 'm' }, current: { averageValue: '2' } } },
        ],
      },
    },
  ),
  sample(
    '/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'behavior',
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 5,
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 1 },
          scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
        },
      },
    },
  ),
  sample(
    '/apis/autoscaling/v1/namespaces/NS/horizontalpodautoscalers',
    'autoscaling/v1',
    'HorizontalPodAutoscaler',
    'v1',
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 5,
        targetCPUUtilizationPercentage: 70,
      },
    },
  ),
  sample('/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles', 'rbac.authorization.k8s.io/v1', 'Role', 'minimal', {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  sample(
    '/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings',
    'rbac.authorization.k8s.io/v1',
    'RoleBinding',
    'minimal',
    {
      roleRef: { kind: 'Role', name: 'minimal' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'Group', name: 'g' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
        { kind: 'ServiceAccount', name: 't' },
      ].slice(0, 3),
    },
  ),
  sample('/apis/rbac.authorization.k8s.io/v1/clusterroles', 'rbac.authorization.k8s.io/v1', 'ClusterRole', 'sample', {
    rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }],
  }),
  sample(
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    'rbac.authorization.k8s.io/v1',
    'ClusterRoleBinding',
    'sample',
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'sample' },
      subjects: [{ kind: 'User', name: 'u' }],
    },
  ),
  sample('/apis/coordination.k8s.io/v1/namespaces/NS/leases', 'coordination.k8s.io/v1', 'Lease', 'minimal', {
    spec: { holderIdentity: 'h', leaseDurationSeconds: 15 },
  }),
  sample('/api/v1/namespaces', 'v1', 'Namespace', 'sample'),
  sample('/api/v1/nodes', 'v1', 'Node', 'sample', {
    metadata: { labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
    spec: { unschedulable: true },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      nodeInfo: {
        kubeletVersion: 'v1.2.3',
        osImage: 'os',
        kernelVersion: '6.1',
        architecture: 'arm64',
        containerRuntimeVersion: '',
        machineID: '',
        systemUUID: '',
        bootID: '',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
      },
    },
  }),
  sample('/api/v1/persistentvolumes', 'v1', 'PersistentVolume', 'sample', {
    spec: {
      capacity: { storage: '1024Mi' },
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
      hostPath: { path: '/x' },
      claimRef: { namespace: 'n', name: 'c' },
    },
    status: { phase: 'Bound' },
  }),
  sample('/apis/storage.k8s.io/v1/storageclasses', 'storage.k8s.io/v1', 'StorageClass', 'sample', { provisioner: 'p' }),
  sample('/apis/storage.k8s.io/v1/storageclasses', 'storage.k8s.io/v1', 'StorageClass', 'sample-default', {
    metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'p',
  }),
  sample('/apis/storage.k8s.io/v1/csidrivers', 'storage.k8s.io/v1', 'CSIDriver', 'sample', { spec: {} }),
  sample('/apis/storage.k8s.io/v1/csinodes', 'storage.k8s.io/v1', 'CSINode', 'sample', {
    spec: { drivers: [{ name: 'd', nodeID: 'n' }] },
  }),
  sample('/apis/networking.k8s.io/v1/ingressclasses', 'networking.k8s.io/v1', 'IngressClass', 'sample', {
    metadata: { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'example.com/c', parameters: { kind: 'ConfigMap', name: 'c', scope: 'Cluster' } },
  }),
  sample('/apis/scheduling.k8s.io/v1/priorityclasses', 'scheduling.k8s.io/v1', 'PriorityClass', 'sample', { value: 7 }),
  sample('/apis/node.k8s.io/v1/runtimeclasses', 'node.k8s.io/v1', 'RuntimeClass', 'sample', { handler: 'h' }),
  sample(
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    'certificates.k8s.io/v1',
    'CertificateSigningRequest',
    'sample',
    {
      spec: {
        request: CSR,
        signerName: 'example.com/s',
        usages: ['client auth'],
        expirationSeconds: 3600,
      },
    },
  ),
  sample(
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'samples.tables.example.com',
    {
      spec: {
        group: 'tables.example.com',
        scope: 'Namespaced',
        names: { plural: 'samples', kind: 'Sample' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            additionalPrinterColumns: [
              { name: 'N', type: 'integer', jsonPath: '.spec.n' },
              { name: 'First', type: 'string', jsonPath: '.spec.list[0].name' },
              { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
              { name: 'When', type: 'date', jsonPath: '.spec.when', priority: 1 },
              { name: 'Any', type: 'string', jsonPath: '.spec.any' },
            ],
          },
        ],
      },
    },
  ),
  sample(
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'sample',
    {
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { service: { namespace: 'n', name: 's' } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          rules: [
            { operations: ['CREATE'], apiGroups: ['none.example.com'], apiVersions: ['v1'], resources: ['none'] },
          ],
        },
      ],
    },
  ),
  sample(
    '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    'flowcontrol.apiserver.k8s.io/v1',
    'FlowSchema',
    'sample',
    {
      spec: { priorityLevelConfiguration: { name: 'catch-all' } },
    },
  ),
];
