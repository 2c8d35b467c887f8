/** Namespaces, RBAC, and built-in kinds with rules of their own. */
import {
  CM,
  configMap,
  DEPLOY,
  del,
  deployment,
  get,
  NS,
  patch,
  post,
  put,
  type RequestSequence,
  sequence,
  service,
} from '../step.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ROLES = `${RBAC}/namespaces/{ns}/roles`;
const BINDINGS = `${RBAC}/namespaces/{ns}/rolebindings`;
const rbac = (kind: string, name: string, more: object = {}) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  ...more,
});
const namespace = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
  ...more,
});
const N = '/api/v1/namespaces';

export const KINDS: readonly RequestSequence[] = [
  sequence(
    'namespaces',
    post(N, namespace('{ns}-a', { spec: { finalizers: ['a.b/c'] } })),
    get(`${N}/{ns}-a`),
    post(N, namespace('{ns}-a')),
    post(N, namespace('UPPER')),
    post(N, namespace('x'.repeat(64))),
    post(N, { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'gen-' } }),
    post(N, namespace('{ns}-b', { metadata: { name: '{ns}-b', namespace: 'x' } })),
    put(`${N}/{ns}-a`, namespace('{ns}-a', { spec: {}, status: { phase: 'Odd' } })),
    patch('merge', `${N}/{ns}-a`, { metadata: { labels: { 'kubernetes.io/metadata.name': 'other' } } }),
    patch('merge', `${N}/{ns}-a/status`, { status: { conditions: [{ type: 'X', status: 'True' }] } }),
    put(`${N}/{ns}-a/finalize`, namespace('{ns}-a', { spec: { finalizers: ['a.b/d', 'kubernetes'] } })),
    del(`${N}/default`),
    del(`${N}/kube-system`),
    del(`${N}/nowhere`),
    get(`${N}/{ns}-a`),
    get(`${N}?fieldSelector=metadata.name={ns}-a,status.phase=Active`),
    del(`${N}/{ns}-a`),
    del(`${N}/{ns}-a`),
    post(`${N}/{ns}-a/configmaps`, configMap('late')),
    get(`${N}/{ns}-a`),
  ),
  sequence(
    'roles and bindings',
    post(ROLES, rbac('Role', 'r1', { rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] })),
    post(ROLES, rbac('Role', 'r1', { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] })),
    post(ROLES, rbac('Role', 'r1', { rules: [{ verbs: ['get'], apiGroups: [''] }] })),
    post(ROLES, rbac('Role', 'r1', { rules: [{ verbs: ['get'], resources: ['pods'] }] })),
    post(
      ROLES,
      rbac('Role', 'r1', { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] }] }),
    ),
    post(ROLES, rbac('Role', 'r 1%')),
    post(ROLES, rbac('Role', 'r2', { rules: null })),
    post(ROLES, rbac('Role', 'r3')),
    post(
      `${RBAC}/clusterroles`,
      rbac('ClusterRole', '{ns}:cr', {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
        rules: [],
      }),
    ),
    post(`${RBAC}/clusterroles`, rbac('ClusterRole', '{ns}:cr2', { aggregationRule: {} })),
    post(
      `${RBAC}/clusterroles`,
      rbac('ClusterRole', '{ns}:cr3', {
        rules: [{ verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'], apiGroups: [''] }],
      }),
    ),
    post(
      BINDINGS,
      rbac('RoleBinding', 'b1', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r1' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's' },
          { kind: 'Group', name: '' },
        ],
      }),
    ),
    post(
      BINDINGS,
      rbac('RoleBinding', 'b1', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r1' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's', namespace: '{ns}' },
        ],
      }),
    ),
    post(
      BINDINGS,
      rbac('RoleBinding', 'b2', { roleRef: { kind: 'Pod', name: 'x' }, subjects: [{ kind: 'Robot', name: 'x' }] }),
    ),
    post(BINDINGS, rbac('RoleBinding', 'b2')),
    put(
      `${BINDINGS}/b1`,
      rbac('RoleBinding', 'b1', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'other' } }),
    ),
    put(
      `${BINDINGS}/b1`,
      rbac('RoleBinding', 'b1', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r1' } }),
    ),
    post(
      `${RBAC}/clusterrolebindings`,
      rbac('ClusterRoleBinding', '{ns}:b', {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r1' },
        subjects: [],
      }),
    ),
    put(`${ROLES}/made`, rbac('Role', 'made')),
    patch(
      'apply',
      `${ROLES}/applied?fieldManager=m`,
      rbac('Role', 'applied', { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] }),
    ),
    get(ROLES, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    get(BINDINGS, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    del(`${ROLES}/r1`),
  ),
  sequence(
    'deployments: validation, defaults and generation',
    post(DEPLOY, deployment('v', { selector: undefined })),
    post(DEPLOY, deployment('v', { selector: { matchLabels: { no: 'match' } } })),
    post(DEPLOY, deployment('v', { selector: {} })),
    post(DEPLOY, deployment('v', { replicas: -1 })),
    post(DEPLOY, deployment('v', { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } })),
    post(DEPLOY, deployment('v', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } })),
    post(DEPLOY, deployment('v', { strategy: { rollingUpdate: { maxSurge: '150%x', maxUnavailable: '101%' } } })),
    post(DEPLOY, deployment('v', { strategy: { type: 'Odd' } })),
    post(DEPLOY, deployment('v', { minReadySeconds: 700, progressDeadlineSeconds: 600, revisionHistoryLimit: -1 })),
    post(DEPLOY, deployment('v', { template: { metadata: { labels: { app: 'v' } }, spec: { containers: [] } } })),
    post(
      DEPLOY,
      deployment('v', {
        template: {
          metadata: { labels: { app: 'v' } },
          spec: {
            restartPolicy: 'Never',
            containers: [
              { name: 'A_b', image: '' },
              { name: 'x', image: 'y', ports: [{ containerPort: 0 }, { containerPort: 70000 }] },
            ],
          },
        },
      }),
    ),
    post(
      DEPLOY,
      deployment('v', {
        template: {
          metadata: { labels: { app: 'v' } },
          spec: {
            containers: [
              { name: 'c', image: 'i', resources: { requests: { cpu: '2', memory: 'x' }, limits: { cpu: '1' } } },
            ],
          },
        },
      }),
    ),
    post(
      DEPLOY,
      deployment('v', {
        template: {
          metadata: { labels: { app: 'v' } },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i',
                resources: { requests: { cpu: '2', memory: '1Gi' }, limits: { cpu: '1' } },
                volumeMounts: [{ name: 'none', mountPath: '/x' }],
                env: [{ name: '1=2' }],
              },
            ],
          },
        },
      }),
    ),
    post(
      DEPLOY,
      deployment('v', {
        template: {
          metadata: { labels: { app: 'v' } },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i:v',
                resources: { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { cpu: '1000m' } },
                livenessProbe: { httpGet: { path: '/', port: 80 } },
              },
            ],
            volumes: [{ name: 'e', emptyDir: {} }],
          },
        },
      }),
    ),
    put(`${DEPLOY}/v`, deployment('v', { selector: { matchLabels: { changed: 'x' } } })),
    put(`${DEPLOY}/v`, deployment('v', { paused: true })),
    put(`${DEPLOY}/v`, deployment('v', { paused: true }, { labels: { only: 'meta' } })),
    patch('merge', `${DEPLOY}/v`, { metadata: { generation: 50 } }),
    get(`${DEPLOY}/v`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
    del(`${DEPLOY}/v`, { propagationPolicy: 'Foreground' }),
    get(`${DEPLOY}/v`),
  ),
  sequence(
    'services',
    post(`${NS}/services`, service('h', { clusterIP: 'None', selector: { a: 'b' } })),
    post(`${NS}/services`, service('e', { type: 'ExternalName', ports: undefined })),
    post(`${NS}/services`, service('e', { type: 'ExternalName', externalName: 'example.com', ports: undefined })),
    post(`${NS}/services`, service('n', { ports: [] })),
    post(`${NS}/services`, service('n', { ports: [{ port: 80 }, { port: 81 }] })),
    post(
      `${NS}/services`,
      service('n', {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 81 },
        ],
      }),
    ),
    post(`${NS}/services`, service('n', { ports: [{ port: 0, protocol: 'ICMP', targetPort: 'Bad_Name' }] })),
    post(`${NS}/services`, service('n', { type: 'Odd', sessionAffinity: 'Odd' })),
    post(`${NS}/services`, service('n', { clusterIP: 'x.y' })),
    patch('merge', `${NS}/services/h`, { spec: { clusterIP: '10.0.0.9' } }),
    patch('merge', `${NS}/services/h`, { spec: { sessionAffinity: 'ClientIP' } }),
    get(`${NS}/services/h`),
    patch('merge', `${NS}/services/h/status`, { status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }),
    del(`${NS}/services/h`),
  ),
  sequence(
    'other kinds',
    post(`${NS}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'sa' },
      automountServiceAccountToken: false,
    }),
    post(`${NS}/limitranges`, {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'lr' },
      spec: { limits: [{ type: 'Container', default: { cpu: '1' }, max: { cpu: '500m' } }] },
    }),
    post(`${NS}/resourcequotas`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'rq' },
      spec: { hard: { pods: '1', 'requests.cpu': '0.5', bogus: 'x' } },
    }),
    post(`${NS}/resourcequotas`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'rq' },
      spec: { hard: { 'count/widgets.example.com': '1' } },
    }),
    post('/apis/batch/v1/namespaces/{ns}/jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { containers: [{ name: 'c', image: 'i' }] } } },
    }),
    post('/apis/batch/v1/namespaces/{ns}/jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    }),
    patch('merge', '/apis/batch/v1/namespaces/{ns}/jobs/j', { spec: { completions: 5 } }),
    del('/apis/batch/v1/namespaces/{ns}/jobs/j'),
    post('/apis/batch/v1/namespaces/{ns}/cronjobs', {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'c' },
      spec: {
        schedule: 'bad',
        concurrencyPolicy: 'Odd',
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
        },
      },
    }),
    post('/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: {
        rules: [
          { host: 'a_b', http: { paths: [{ path: 'x', backend: { service: { name: 's', port: { number: 80 } } } }] } },
        ],
      },
    }),
    post('/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'n' },
      spec: { podSelector: {}, policyTypes: ['Odd'] },
    }),
    post('/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'p' },
      spec: { minAvailable: 1, maxUnavailable: 1 },
    }),
    post('/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: { minReplicas: 5, maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'x' } },
    }),
    post('/apis/apps/v1/namespaces/{ns}/statefulsets', {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's' },
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    }),
    patch('merge', '/apis/apps/v1/namespaces/{ns}/statefulsets/s', { spec: { serviceName: 't' } }),
    patch('merge', '/apis/apps/v1/namespaces/{ns}/statefulsets/s', { spec: { replicas: 3 } }),
    post('/apis/apps/v1/namespaces/{ns}/daemonsets', {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    }),
    post('/apis/storage.k8s.io/v1/storageclasses', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: '{ns}-sc' },
      provisioner: 'x',
    }),
    patch('merge', '/apis/storage.k8s.io/v1/storageclasses/{ns}-sc', { provisioner: 'y' }),
    post('/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: '{ns}-pc' },
      value: 5,
    }),
    post(`${NS}/persistentvolumeclaims`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'pvc' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    patch('merge', `${NS}/persistentvolumeclaims/pvc`, { spec: { accessModes: ['ReadOnlyMany'] } }),
    post(`${NS}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pod' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    }),
    post(`${NS}/endpoints`, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'ep' },
      subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 80 }] }],
    }),
    post('/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices', {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'es' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4'] }],
    }),
    post('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l' },
      spec: { leaseDurationSeconds: 0, renewTime: 'x' },
    }),
    post('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l' },
      spec: { leaseDurationSeconds: 15, renewTime: '2024-01-01T00:00:00.123456Z' },
    }),
    get('/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l'),
    post(`${NS}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { namespace: 'other' },
    }),
    get(CM),
  ),
  sequence(
    'services that change their type',
    post(`${NS}/services`, service('s', { clusterIP: 'None', selector: { a: 'b' }, externalIPs: ['1.1.1.1'] })),
    patch('merge', `${NS}/services/s`, { spec: { type: 'ExternalName', externalName: 'x.y' } }),
    patch('merge', `${NS}/services/s`, { spec: { type: 'ClusterIP', clusterIP: 'None', externalName: null } }),
    patch('strategic', `${NS}/services/s`, {
      spec: { type: 'ExternalName', externalName: 'x.y', clusterIP: '', clusterIPs: null },
    }),
    put(`${NS}/services/s`, service('s', { clusterIP: 'None', selector: { a: 'b' } })),
    patch('apply', `${NS}/services/s?fieldManager=x`, service('s', { clusterIP: 'None', selector: { a: 'b' } })),
    patch('apply', `${NS}/services/q?fieldManager=x`, service('q', { clusterIP: 'None', selector: { a: 'b' } })),
    get(`${NS}/services`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
  ),
];
