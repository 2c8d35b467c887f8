/** What is warned of in valid objects. */
import { DEPLOY, deployment, NS, patch, post, type RequestSequence, sequence, service } from '../step.ts';

const DRY = '?dryRun=All';
const template = (spec: object, meta: object = {}) => ({
  metadata: { labels: { app: 'w' }, ...meta },
  spec: { containers: [{ name: 'c', image: 'n' }], ...spec },
});
const dryDeployment = (spec: object, meta: object = {}) =>
  post(`${DEPLOY}${DRY}`, deployment('w', { template: template(spec, meta) }));
const container = (more: object) => ({ containers: [{ name: 'c', image: 'n', ...more }] });
const tlsSecret = (data: object) =>
  post(`${NS}/secrets${DRY}`, {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name: 's' },
    data,
  });
const base64 = (t: string) => Buffer.from(t).toString('base64');
const CERT = '-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n',
  KEY = '-----BEGIN PRIVATE KEY-----\nTUlJ\n-----END PRIVATE KEY-----\n';
export const WARNINGS: readonly RequestSequence[] = [
  sequence(
    'warnings',
    dryDeployment({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
    dryDeployment({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b c'] }] } },
          ],
        },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x' }],
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'x' } }],
        },
      },
    }),
    dryDeployment({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    }),
    dryDeployment(
      {},
      {
        annotations: {
          'scheduler.alpha.kubernetes.io/critical-pod': '',
          'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
          'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
        },
      },
    ),
    dryDeployment({
      volumes: [
        { name: 'a', gitRepo: { repository: 'x' } },
        { name: 'b', rbd: { monitors: ['x'], image: 'y' } },
        { name: 'c', glusterfs: { endpoints: 'x', path: 'y' } },
      ],
    }),
    dryDeployment({
      hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }],
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
    }),
    dryDeployment(
      container({
        resources: { limits: { memory: '1.5', 'ephemeral-storage': '100m' }, requests: { memory: '100m' } },
      }),
    ),
    dryDeployment(
      container({
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
          { name: 'B', value: 'x' },
          { name: 'B', value: '$(B)y' },
        ],
      }),
    ),
    dryDeployment(
      container({
        ports: [
          { containerPort: 80, name: 'a' },
          { containerPort: 80, hostPort: 81 },
          { containerPort: 80, name: 'b', protocol: 'UDP' },
        ],
      }),
    ),
    dryDeployment({
      containers: [
        { name: 'c', image: 'x', ports: [{ name: 'p', containerPort: 1 }] },
        { name: 'd', image: 'x', ports: [{ name: 'p', containerPort: 1 }] },
      ],
    }),
    dryDeployment({ terminationGracePeriodSeconds: -1 }),
    post(`${DEPLOY}${DRY}`, deployment('a.b')),
    post(`${NS}/pods${DRY}`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a.b' },
      spec: { containers: [{ name: 'c', image: 'x' }], nodeSelector: { 'beta.kubernetes.io/os': 'x' } },
    }),
    post(
      DEPLOY,
      deployment('u', {
        template: {
          metadata: { labels: { app: 'u' } },
          spec: { nodeSelector: { 'beta.kubernetes.io/os': 'x' }, containers: [{ name: 'c', image: 'x' }] },
        },
      }),
    ),
    patch('merge', `${DEPLOY}/u`, { metadata: { labels: { x: 'y' } } }),
    patch('merge', `${DEPLOY}/u`, { spec: { replicas: 2 } }),
    patch('merge', `${DEPLOY}/u`, { metadata: { annotations: { x: 'y' } } }),
    patch('apply', `${DEPLOY}/u?fieldManager=a`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'u' },
      spec: { paused: true },
    }),
    patch(
      'apply',
      `${DEPLOY}/v?fieldManager=a`,
      deployment('v', { template: template({ nodeSelector: { 'beta.kubernetes.io/os': 'x' } }) }),
    ),
    post(`/apis/apps/v1/namespaces/{ns}/statefulsets${DRY}`, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'w' },
      spec: {
        serviceName: 's',
        revisionHistoryLimit: -1,
        selector: { matchLabels: { app: 'w' } },
        template: template({}),
        volumeClaimTemplates: [
          {
            metadata: { name: 'v' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } },
          },
        ],
      },
    }),
    post(`/apis/batch/v1/namespaces/{ns}/cronjobs${DRY}`, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'a.b' },
      spec: {
        schedule: '* * * * *',
        jobTemplate: {
          spec: { template: template({ restartPolicy: 'Never', nodeSelector: { 'beta.kubernetes.io/os': 'x' } }) },
        },
      },
    }),
    post(`${NS}/persistentvolumeclaims${DRY}`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c', annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } },
    }),
    post(`/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses${DRY}`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i', annotations: { 'kubernetes.io/ingress.class': 'x' } },
      spec: { defaultBackend: { service: { name: 's', port: { number: 1 } } } },
    }),
    post(`${NS}/serviceaccounts${DRY}`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'i', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    }),
    post(`${NS}/resourcequotas${DRY}`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'i' },
      spec: { hard: { 'requests.cpu': '2', 'limits.cpu': '1', memory: '2Gi', 'limits.memory': '1Gi' } },
    }),
    tlsSecret({ 'tls.crt': base64('x'), 'tls.key': base64('y') }),
    tlsSecret({ 'tls.crt': base64(KEY), 'tls.key': base64(CERT) }),
    tlsSecret({ 'tls.crt': base64(CERT), 'tls.key': base64('x') }),
    tlsSecret({ 'tls.crt': base64(CERT), 'tls.key': base64(CERT) }),
    tlsSecret({ 'tls.crt': base64(KEY + KEY), 'tls.key': base64(CERT) }),
    tlsSecret({ 'tls.crt': base64(CERT), 'tls.key': base64(KEY) }),
    tlsSecret({ 'tls.crt': '', 'tls.key': '' }),
    post(
      `${NS}/services${DRY}`,
      service('s', { clusterIP: 'None', externalIPs: ['1.1.1.1'], sessionAffinity: 'ClientIP', selector: { a: 'b' } }),
    ),
    post(
      `${NS}/services${DRY}`,
      service('s', { clusterIP: 'None', externalName: 'x', trafficDistribution: 'PreferClose', selector: { a: 'b' } }),
    ),
    post(`${NS}/services${DRY}`, service('s', { type: 'ExternalName', externalName: 'x', externalIPs: ['1.1.1.1'] })),
    post(`${NS}/replicationcontrollers${DRY}`, {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'a.b' },
      spec: { selector: { app: 'w' }, template: template({ nodeSelector: { 'beta.kubernetes.io/os': 'x' } }) },
    }),
    post(`${NS}/podtemplates${DRY}`, {
      apiVersion: 'v1',
      kind: 'PodTemplate',
      metadata: { name: 'a.b' },
      template: template({ nodeSelector: { 'beta.kubernetes.io/os': 'x' } }),
    }),
    patch('strategic', `${DEPLOY}/u`, {
      spec: {
        template: {
          spec: {
            nodeSelector: null,
            containers: [
              {
                name: 'c',
                env: [
                  { name: 'A', value: '1' },
                  { name: 'A', value: '3' },
                ],
              },
            ],
          },
        },
      },
    }),
  ),
];
