/** Bodies of built-in kinds that kube-apiserver refuses with 422, by what is wrong with them. */
import type { KubeObject } from '../../src/kube/object.ts';

import { INVALID_CONTAINERS, INVALID_POD_SPECS } from './invalid-pod-samples.ts';
import { INVALID_POLICIES, POLICY_KINDS } from './invalid-policy-samples.ts';

type Fields = Record<string, unknown>;

export interface InvalidSample {
  readonly what: string;
  /** Collection; namespaced ones are in `default`. */
  readonly path: string;
  readonly object: KubeObject;
}

const kinds = {
  ...POLICY_KINDS,
  Pod: ['/api/v1/namespaces/default/pods', 'v1'],
  Service: ['/api/v1/namespaces/default/services', 'v1'],
  ConfigMap: ['/api/v1/namespaces/default/configmaps', 'v1'],
  Secret: ['/api/v1/namespaces/default/secrets', 'v1'],
  PersistentVolumeClaim: ['/api/v1/namespaces/default/persistentvolumeclaims', 'v1'],
  Deployment: ['/apis/apps/v1/namespaces/default/deployments', 'apps/v1'],
  ReplicaSet: ['/apis/apps/v1/namespaces/default/replicasets', 'apps/v1'],
  StatefulSet: ['/apis/apps/v1/namespaces/default/statefulsets', 'apps/v1'],
  DaemonSet: ['/apis/apps/v1/namespaces/default/daemonsets', 'apps/v1'],
  Job: ['/apis/batch/v1/namespaces/default/jobs', 'batch/v1'],
  CronJob: ['/apis/batch/v1/namespaces/default/cronjobs', 'batch/v1'],
  Ingress: ['/apis/networking.k8s.io/v1/namespaces/default/ingresses', 'networking.k8s.io/v1'],
  NetworkPolicy: ['/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', 'networking.k8s.io/v1'],
  PodDisruptionBudget: ['/apis/policy/v1/namespaces/default/poddisruptionbudgets', 'policy/v1'],
  HorizontalPodAutoscaler: ['/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', 'autoscaling/v2'],
  Role: ['/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', 'rbac.authorization.k8s.io/v1'],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', 'rbac.authorization.k8s.io/v1'],
  ClusterRole: ['/apis/rbac.authorization.k8s.io/v1/clusterroles', 'rbac.authorization.k8s.io/v1'],
  ClusterRoleBinding: ['/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', 'rbac.authorization.k8s.io/v1'],
} as const;

const invalid = (kind: keyof typeof kinds, what: string, fields: Fields): InvalidSample => {
  const [path, apiVersion] = kinds[kind];
  const { metadata, ...rest } = fields;
  return {
    what: `${kind}: ${what}`,
    path,
    object: { apiVersion, kind, metadata: { name: 'sample', ...(metadata as Fields) }, ...rest },
  };
};

const labels = { app: 'web' };
const selector = { matchLabels: labels };
const containers = [{ name: 'c', image: 'nginx' }];
const template = (spec: Fields = {}): Fields => ({ metadata: { labels }, spec: { containers, ...spec } });
const jobTemplate = template({ restartPolicy: 'Never' });
const container = (what: string, fields: Fields, spec: Fields = {}): InvalidSample =>
  invalid('Pod', what, { spec: { containers: [{ name: 'c', image: 'nginx', ...fields }], ...spec } });
const deployment = (what: string, spec: Fields): InvalidSample =>
  invalid('Deployment', what, { spec: { selector, template: template(), ...spec } });
const service = (what: string, spec: Fields): InvalidSample => invalid('Service', what, { spec });
const ingress = (what: string, path: Fields): InvalidSample =>
  invalid('Ingress', what, { spec: { rules: [{ http: { paths: [path] } }] } });
const backend = { service: { name: 's', port: { number: 80 } } };

export const INVALID_SAMPLES: readonly InvalidSample[] = [
  ...INVALID_POD_SPECS.map(([what, spec]) => container(what, {}, spec)),
  ...INVALID_POLICIES.map(([kind, what, fields]) => invalid(kind as keyof typeof kinds, what, fields)),
  ...INVALID_CONTAINERS.map(([what, fields]) => container(what, fields)),
  invalid('Pod', 'no containers', { spec: {} }),
  container('container name', { name: 'C_1' }),
  container('container without name and image', { name: '', image: '' }),
  container('pull policy', { imagePullPolicy: 'Sometimes' }),
  container('termination message policy', { terminationMessagePolicy: 'Never' }),
  container('ports', {
    ports: [
      { containerPort: 0 },
      { containerPort: 70000, name: 'Web_Port' },
      { containerPort: 80, name: 'http', protocol: 'ICMP' },
      { containerPort: 81, name: 'http', hostPort: 99999 },
      { containerPort: 82, name: 'a-very-long-port-name' },
    ],
  }),
  container('host ports', {
    ports: [
      { containerPort: 80, hostPort: 8080 },
      { containerPort: 81, hostPort: 8080 },
    ],
  }),
  container('variables', {
    env: [
      { name: '' },
      { name: 'a=b', value: 'x' },
      { name: 'A', valueFrom: {} },
      { name: 'B', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'C', valueFrom: { configMapKeyRef: { name: 'C', key: '' } } },
    ],
  }),
  container('variable sources', { envFrom: [{}, { secretRef: { name: '' } }] }),
  container('mounts', {
    volumeMounts: [
      { name: 'none', mountPath: '/a' },
      { name: 'none', mountPath: '/a' },
      { name: '', mountPath: '' },
    ],
  }),
  container('resources', {
    resources: { limits: { cpu: '1', memory: '-1Gi', 'example.com/gpu': '1500m', bogus: '1' }, requests: { cpu: '2' } },
  }),
  container('extended resource without limit', { resources: { requests: { 'example.com/gpu': '1' } } }),
  container('probes', {
    livenessProbe: {},
    readinessProbe: { httpGet: { port: 0, scheme: 'FTP' }, initialDelaySeconds: -1 },
    startupProbe: { exec: { command: [] }, tcpSocket: { port: 80 } },
  }),
  container('success threshold of a liveness probe', {
    livenessProbe: { httpGet: { port: 80, path: '/', httpHeaders: [{ name: 'a b', value: '' }] }, successThreshold: 2 },
  }),
  container('lifecycle', { lifecycle: { preStop: {} } }),
  invalid('Pod', 'two containers of one name', { spec: { containers: [...containers, ...containers] } }),
  container(
    'init container',
    {},
    { initContainers: [{ name: 'c', image: 'x', livenessProbe: { exec: { command: ['x'] } } }] },
  ),
  container(
    'volumes',
    {},
    {
      volumes: [
        { name: 'A_b', emptyDir: {} },
        { name: 'two', emptyDir: {}, hostPath: { path: '/x' } },
        { name: 'path', hostPath: { path: '' } },
        { name: 'secret', secret: {} },
        { name: 'claim', persistentVolumeClaim: { claimName: '' } },
        { name: 'good', emptyDir: {} },
        { name: 'good', emptyDir: {} },
      ],
    },
  ),
  container('policies', {}, { restartPolicy: 'Maybe', dnsPolicy: 'Mine' }),
  container('node selector', {}, { nodeSelector: { 'a b': 'c d' } }),
  container('names', {}, { hostname: 'A.b', subdomain: 'c_d', nodeName: 'N' }),
  container('deadline', {}, { activeDeadlineSeconds: 0 }),
  container(
    'tolerations',
    {},
    {
      tolerations: [
        { operator: 'Equal', value: 'x' },
        { key: 'k', operator: 'Exists', value: 'x' },
        { key: 'k', operator: 'Like', effect: 'Never', tolerationSeconds: 1 },
      ],
    },
  ),

  invalid('Deployment', 'no selector', { spec: { template: template() } }),
  deployment('empty selector', { selector: {} }),
  deployment('selector that does not match', { selector: { matchLabels: { app: 'other' } } }),
  deployment('template without labels', { template: { spec: { containers } } }),
  deployment('selector expressions', {
    selector: {
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'b', operator: 'Exists', values: ['x'] },
      ],
    },
  }),
  deployment('selector operator', { selector: { matchExpressions: [{ key: 'c', operator: 'Like', values: ['x'] }] } }),
  deployment('numbers', { replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1, progressDeadlineSeconds: -1 }),
  deployment('deadline before readiness', { minReadySeconds: 700 }),
  deployment('strategy', { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
  deployment('unknown strategy', { strategy: { type: 'Blue' } }),
  deployment('rolling update to nothing', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
  deployment('rolling update in words', { strategy: { rollingUpdate: { maxSurge: 'some', maxUnavailable: '120%' } } }),
  deployment('restart policy', { template: template({ restartPolicy: 'Never', activeDeadlineSeconds: 5 }) }),
  deployment('template metadata', {
    template: { metadata: { labels: { ...labels, 'a b': 'c d' }, annotations: { 'x y': '' } }, spec: { containers } },
  }),
  invalid('ReplicaSet', 'no selector', { spec: { template: template() } }),
  invalid('StatefulSet', 'selector and policies', {
    spec: {
      selector: { matchLabels: { app: 'other' } },
      template: template(),
      podManagementPolicy: 'Random',
      updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } },
      serviceName: 'A',
      replicas: -1,
    },
  }),
  invalid('DaemonSet', 'selector and strategy', {
    spec: {
      selector: { matchLabels: { app: 'other' } },
      template: template({ restartPolicy: 'OnFailure' }),
      updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    },
  }),
  invalid('DaemonSet', 'empty selector', { spec: { selector: {}, template: template() } }),

  invalid('Job', 'restart policy', { spec: { template: template() } }),
  invalid('Job', 'numbers', { spec: { template: jobTemplate, parallelism: -1, completions: -2, backoffLimit: -3 } }),
  invalid('Job', 'index mode', { spec: { template: jobTemplate, parallelism: 1, completionMode: 'Indexed' } }),
  invalid('Job', 'unknown mode', { spec: { template: jobTemplate, completionMode: 'Other' } }),
  invalid('Job', 'index fields without index mode', { spec: { template: jobTemplate, backoffLimitPerIndex: 1 } }),
  ...['* * * *', '61 * * * *', '* * * * mun', '5-3 * * * *', '*/0 * * * *', '@never', 'TZ=UTC * * * * *'].map(
    (schedule) =>
      invalid('CronJob', `schedule ${schedule}`, {
        spec: { schedule, jobTemplate: { spec: { template: jobTemplate } } },
      }),
  ),
  invalid('CronJob', 'everything else', {
    spec: {
      schedule: '',
      timeZone: 'Local',
      concurrencyPolicy: 'Maybe',
      failedJobsHistoryLimit: -1,
      jobTemplate: { spec: { selector, template: template() } },
    },
  }),

  service('no ports', {}),
  service('ports', {
    ports: [
      { port: 0, name: 'a' },
      { port: 80, name: 'A' },
      { port: 80, name: 'a', targetPort: 'Web_1' },
      { port: 81, protocol: 'ICMP' },
    ],
  }),
  service('type', { type: 'Other', ports: [{ port: 80 }] }),
  service('external name', { type: 'ExternalName', externalName: 'A B' }),
  service('no external name', { type: 'ExternalName' }),
  service('node port of a cluster address', { ports: [{ port: 80, nodePort: 31000 }] }),
  service('external policy of a cluster address', { externalTrafficPolicy: 'Local', ports: [{ port: 80 }] }),
  service('affinity', { sessionAffinity: 'Server', ports: [{ port: 80 }] }),
  service('affinity timeout', {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } },
    ports: [{ port: 80 }],
  }),
  service('selector', { selector: { 'a b': 'c' }, ports: [{ port: 80 }] }),
  service('balancer ranges of a cluster address', {
    loadBalancerSourceRanges: ['10.0.0.0/8'],
    ports: [{ port: 80 }],
  }),
  service('headless balancer', { type: 'LoadBalancer', clusterIP: 'None', ports: [{ port: 80 }] }),

  invalid('ConfigMap', 'keys', { data: { 'a b': '1', same: '2', '..': '3' }, binaryData: { same: 'aGk=' } }),
  invalid('Secret', 'keys', { data: { 'a b': 'aGk=' } }),
  invalid('Secret', 'TLS without key', { type: 'kubernetes.io/tls', data: { 'tls.crt': 'aGk=' } }),
  invalid('Secret', 'basic authentication without anything', { type: 'kubernetes.io/basic-auth' }),
  invalid('Secret', 'SSH without key', { type: 'kubernetes.io/ssh-auth' }),
  invalid('Secret', 'token without account', { type: 'kubernetes.io/service-account-token' }),
  invalid('Secret', 'registry without configuration', { type: 'kubernetes.io/dockerconfigjson' }),
  invalid('PersistentVolumeClaim', 'empty', { spec: {} }),
  invalid('PersistentVolumeClaim', 'nothing asked for', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '0' } } },
  }),

  invalid('Ingress', 'empty', { spec: {} }),
  ingress('path type', { path: '/', backend }),
  ingress('relative path', { path: 'x', pathType: 'Prefix', backend }),
  ingress('odd path', { path: '/a//b/..', pathType: 'Exact', backend }),
  ingress('unknown path type', { path: '/', pathType: 'Regex', backend }),
  ingress('no backend', { path: '/', pathType: 'Prefix', backend: {} }),
  ingress('backend without port', { path: '/', pathType: 'Prefix', backend: { service: { name: 's' } } }),
  ingress('backend with two ports', {
    path: '/',
    pathType: 'Prefix',
    backend: { service: { name: 'S', port: { name: 'http', number: 80 } } },
  }),
  invalid('Ingress', 'hosts', {
    spec: {
      tls: [{ hosts: ['a_b', '*.*.c'] }],
      rules: ['10.0.0.1', '*.a*', 'A'].map((host) => ({
        host,
        http: { paths: [{ path: '/', pathType: 'Prefix', backend }] },
      })),
    },
  }),
  invalid('NetworkPolicy', 'peers, ports and types', {
    spec: {
      podSelector: { matchLabels: { 'a b': '' } },
      ingress: [
        {
          from: [{}, { ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }],
          ports: [{ port: 0 }, { port: 'Web_1' }, { port: 80, endPort: 70 }, { endPort: 5 }, { protocol: 'ICMP' }],
        },
      ],
      policyTypes: ['Both'],
    },
  }),
  invalid('PodDisruptionBudget', 'both', { spec: { minAvailable: 1, maxUnavailable: '50%', selector } }),
  invalid('PodDisruptionBudget', 'values', { spec: { minAvailable: '150%', selector } }),
  invalid('PodDisruptionBudget', 'words', { spec: { maxUnavailable: 'few', selector } }),
  invalid('HorizontalPodAutoscaler', 'bounds', {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, minReplicas: 5, maxReplicas: 2 },
  }),
  invalid('HorizontalPodAutoscaler', 'nothing', {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: '', name: '' }, minReplicas: 0, maxReplicas: 0 },
  }),
  invalid('Role', 'rules', {
    rules: [{ verbs: [] }, { verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'], apiGroups: [''] }],
  }),
  invalid('ClusterRole', 'aggregation of nothing', { aggregationRule: { clusterRoleSelectors: [] } }),
  invalid('RoleBinding', 'references', {
    roleRef: { apiGroup: 'other', kind: 'Thing', name: '' },
    subjects: [
      { kind: 'User', name: '', apiGroup: 'x' },
      { kind: 'Robot', name: 'r' },
      { kind: 'ServiceAccount', name: 'A', apiGroup: 'x' },
    ],
  }),
  invalid('ClusterRoleBinding', 'account without namespace', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a/b' },
    subjects: [{ kind: 'ServiceAccount', name: 's' }],
  }),
];
