/** Quotas and limits of a namespace, with what is then asked of it. */
import { CM, configMap, del, get, NS, patch, post, put, type RequestStep, service } from '../oracle/step.ts';

export interface QuotaCase {
  readonly name: string;
  readonly steps: readonly RequestStep[];
}

const PODS = `${NS}/pods`;
const CLAIMS = `${NS}/persistentvolumeclaims`;
const SERVICES = `${NS}/services`;
const quota = (name: string, hard: object, more: object = {}) =>
  post(`${NS}/resourcequotas`, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name },
    spec: { hard, ...more },
  });
/** Waits until what is used is known, and says so. */
const used = (name: string, text = '"used":{') => get(`${NS}/resourcequotas/${name}`, { untilText: text });
const limits = (name: string, ...items: object[]) =>
  post(`${NS}/limitranges`, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name }, spec: { limits: items } });
type Resources = Readonly<Record<string, object>>;
const container = (name: string, resources: Resources = {}, more: object = {}) => ({
  name,
  image: 'nginx',
  resources,
  ...more,
});
const pod = (name: string, resources: Resources = {}, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { automountServiceAccountToken: false, containers: [container('c', resources)], ...spec },
});
const claim = (name: string, storage: string, storageClassName = 'gold') => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
});
const cpu = (requests: string, limit = requests) => ({ requests: { cpu: requests }, limits: { cpu: limit } });

export const QUOTA_CASES: readonly QuotaCase[] = [
  {
    name: 'object counts, by both of their names',
    steps: [
      quota('q', { configmaps: '3', 'count/configmaps': '10', 'count/deployments.apps': '0', secrets: '1k' }),
      used('q'),
      post(CM, configMap('a')),
      used('q', '"configmaps":"2"'),
      post(CM, configMap('b')),
      post(CM, configMap('c')),
      post('/apis/apps/v1/namespaces/{ns}/deployments', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container('c')] } },
        },
      }),
      del(`${CM}/a`),
      used('q', '"configmaps":"2"'),
      post(`${CM}?dryRun=All`, configMap('dry')),
      used('q', '"configmaps":"2"'),
    ],
  },
  {
    name: 'compute resources of pods',
    steps: [
      quota('q', {
        pods: '3',
        'requests.cpu': '1',
        'limits.cpu': '2',
        memory: '1Gi',
        'requests.ephemeral-storage': '1Gi',
        'requests.nvidia.com/gpu': '1',
      }),
      used('q'),
      post(PODS, pod('undeclared')),
      post(PODS, pod('half', { requests: { cpu: '100m' } })),
      post(PODS, pod('a', { requests: { cpu: '600m', memory: '512Mi' }, limits: { cpu: '1', memory: '512Mi' } })),
      used('q', '"requests.cpu":"600m"'),
      post(PODS, pod('b', { requests: { cpu: '600m', memory: '600Mi' }, limits: { cpu: '600m', memory: '1Gi' } })),
      post(
        PODS,
        pod('gpu', {
          requests: { cpu: '0', memory: '0', 'nvidia.com/gpu': '2' },
          limits: { cpu: '0', memory: '0', 'nvidia.com/gpu': '2' },
        }),
      ),
      post(
        PODS,
        pod('init', cpu('0'), {
          containers: [container('c', { requests: { cpu: '0', memory: '1Mi' }, limits: { cpu: '0' } })],
          initContainers: [container('i', { requests: { cpu: '500m', memory: '1Mi' }, limits: { cpu: '500m' } })],
        }),
      ),
      post(
        PODS,
        pod('sidecar', cpu('0'), {
          containers: [container('c', { requests: { cpu: '300m', memory: '1Mi' }, limits: { cpu: '300m' } })],
          initContainers: [
            container(
              's',
              { requests: { cpu: '300m', memory: '1Mi' }, limits: { cpu: '300m' } },
              { restartPolicy: 'Always' },
            ),
          ],
        }),
      ),
      used('q', '"pods":"1"'),
    ],
  },
  {
    name: 'scopes',
    steps: [
      quota('best', { pods: '1' }, { scopes: ['BestEffort'] }),
      quota('ending', { pods: '1' }, { scopes: ['Terminating'] }),
      quota(
        'prior',
        { pods: '0' },
        {
          scopeSelector: {
            matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
          },
        },
      ),
      used('best'),
      used('ending'),
      used('prior'),
      post(PODS, pod('a')),
      post(PODS, pod('b')),
      post(PODS, pod('c', cpu('1'))),
      post(PODS, pod('d', cpu('1'), { activeDeadlineSeconds: 60 })),
      post(PODS, pod('e', cpu('1'), { activeDeadlineSeconds: 60 })),
      used('best', '"pods":"1"'),
      used('ending', '"pods":"1"'),
    ],
  },
  {
    name: 'services',
    steps: [
      quota('q', { services: '3', 'services.loadbalancers': '1', 'services.nodeports': '3' }),
      used('q'),
      post(
        SERVICES,
        service('a', {
          type: 'NodePort',
          ports: [
            { name: 'a', port: 1 },
            { name: 'b', port: 2 },
          ],
        }),
      ),
      post(SERVICES, service('b', { type: 'LoadBalancer' })),
      post(SERVICES, service('c', { type: 'LoadBalancer' })),
      post(SERVICES, service('c', {})),
      patch('merge', `${SERVICES}/c`, { spec: { type: 'NodePort' } }),
      post(SERVICES, service('d', {})),
      used('q', '"services":"3"'),
    ],
  },
  {
    name: 'claims, by storage class',
    steps: [
      quota('q', {
        persistentvolumeclaims: '3',
        'requests.storage': '10Gi',
        'gold.storageclass.storage.k8s.io/requests.storage': '5Gi',
        'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '2',
      }),
      used('q'),
      post(CLAIMS, claim('a', '3Gi')),
      post(CLAIMS, claim('b', '3Gi')),
      post(CLAIMS, claim('c', '6Gi', 'silver')),
      post(CLAIMS, claim('d', '2Gi', 'silver')),
      used('q', '"requests.storage":"9Gi"'),
    ],
  },
  {
    name: 'two quotas, both of which must hold',
    steps: [
      quota('a', { 'count/secrets': '5' }),
      quota('b', { secrets: '0' }),
      used('a'),
      used('b'),
      post(`${NS}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }),
      used('a', '"count/secrets":"0"'),
    ],
  },
  {
    name: 'limits: defaults and bounds of containers',
    steps: [
      limits('l', {
        type: 'Container',
        default: { cpu: '500m', memory: '256Mi' },
        defaultRequest: { cpu: '250m' },
        min: { cpu: '100m' },
        max: { cpu: '1', memory: '1Gi' },
        maxLimitRequestRatio: { cpu: '4' },
      }),
      get(`${NS}/limitranges/l`),
      post(PODS, pod('a')),
      post(PODS, pod('b', cpu('2'))),
      post(PODS, pod('c', cpu('50m', '60m'))),
      post(PODS, pod('d', cpu('100m', '900m'))),
      post(PODS, pod('e', { requests: { memory: '2Gi' }, limits: { memory: '2Gi' } })),
      post(PODS, pod('f', cpu('200m', '300m'), { initContainers: [container('i')] })),
      put(`${PODS}/nosuch`, pod('nosuch')),
    ],
  },
  {
    name: 'quotas that are none',
    steps: [
      quota('a', { nosuch: '1' }),
      quota('b', { pods: '-1' }),
      quota('c', { pods: '1500m' }),
      quota('d', { 'requests.nvidia.com/gpu': '1', 'count/things.example.com': '3', 'bad key!': '1' }),
      quota('e', { pods: '1' }, { scopes: ['Terminating', 'NotTerminating'] }),
      quota('f', { configmaps: '1' }, { scopes: ['BestEffort'] }),
      quota('g', { pods: '1' }, { scopes: ['Nope'] }),
      ...[
        { scopeName: 'PriorityClass', operator: 'In' },
        { scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] },
        { scopeName: 'Terminating', operator: 'DoesNotExist' },
        { scopeName: 'PriorityClass', operator: 'Near' },
      ].map((one, at) => quota(`s${at}`, { pods: '1' }, { scopeSelector: { matchExpressions: [one] } })),
      quota('h', { pods: '1' }, { scopes: ['Terminating'] }),
      patch('merge', `${NS}/resourcequotas/h`, { spec: { scopes: ['NotTerminating'] } }),
      patch('merge', `${NS}/resourcequotas/h`, { spec: { hard: { pods: '2' } } }),
    ],
  },
  {
    name: 'limits that are none',
    steps: [
      limits('a', { type: 'Container', default: { cpu: '1' }, max: { cpu: '500m' } }),
      limits('b', { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }),
      limits('c', { type: 'Container', defaultRequest: { cpu: '2' }, default: { cpu: '1' }, max: { cpu: '3' } }),
      limits('d', { type: 'Container', defaultRequest: { cpu: '1' }, min: { cpu: '2' } }),
      limits('e', { type: 'Pod', default: { cpu: '1' } }),
      limits('f', { type: 'PersistentVolumeClaim', default: { storage: '1Gi' } }),
      limits('g', { type: 'Nope', max: { cpu: '1' } }),
      limits('h', { type: 'Container', max: { nosuch: '1' } }),
      limits('i', { type: 'Container', max: { cpu: '1' } }, { type: 'Container', max: { cpu: '2' } }),
      limits('j', { type: 'Container', maxLimitRequestRatio: { cpu: '500m' } }),
      limits('k', { type: 'Container', maxLimitRequestRatio: { cpu: '5' }, min: { cpu: '1' }, max: { cpu: '2' } }),
      limits('l', {
        type: 'Container',
        default: { 'nvidia.com/gpu': '2' },
        defaultRequest: { 'nvidia.com/gpu': '1' },
      }),
      limits('m', { type: 'PersistentVolumeClaim', max: { nosuch: '1', storage: '1Gi' } }),
    ],
  },
  {
    name: 'limits: bounds of pods and claims',
    steps: [
      limits(
        'l',
        { type: 'Pod', max: { cpu: '1' }, min: { memory: '1Mi' }, maxLimitRequestRatio: { cpu: '2' } },
        { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } },
      ),
      post(PODS, pod('a')),
      post(PODS, pod('b', { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1500m' } })),
      post(PODS, pod('c', { requests: { cpu: '250m', memory: '1Mi' }, limits: { cpu: '1' } })),
      post(PODS, pod('d', { requests: { cpu: '750m', memory: '1Mi' }, limits: { cpu: '1' } })),
      post(CLAIMS, claim('a', '500Mi')),
      post(CLAIMS, claim('b', '6Gi')),
      post(CLAIMS, claim('c', '2Gi')),
    ],
  },
];
