/** Sequences of requests that must be answered alike by the hub and by a kube-apiserver. */
export interface RequestStep {
  readonly method: string;
  /** `$0.metadata.uid` stands for what the first step answered. */
  readonly url: string;
  readonly body?: unknown;
  readonly patch?: 'json' | 'merge' | 'strategic' | 'apply';
  readonly type?: string;
  readonly accept?: string;
  /** Asked again until both sides answer with this status: what controllers do takes a moment. */
  readonly until?: number;
}
export interface RequestCase {
  readonly name: string;
  readonly steps: readonly RequestStep[];
}

const NS = '/api/v1/namespaces/default';
const CM = `${NS}/configmaps`;
const DEPLOY = '/apis/apps/v1/namespaces/default/deployments';

const configMap = (name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...more,
});
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    ...spec,
  },
});
const GADGETS = '/apis/example.com/v1/namespaces/default/gadgets';
const gadget = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Gadget',
  metadata: { name, ...metadata },
  spec,
});
const crd = (name: string, more: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        selectableFields: [{ jsonPath: '.spec.color' }],
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
                  color: { type: 'string', enum: ['red', 'green'] },
                  replicas: { type: 'integer' },
                },
                'x-kubernetes-validations': [
                  { rule: '!has(oldSelf.size) || self.size >= oldSelf.size', message: 'must not shrink' },
                ],
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
    ...more,
  },
});
const post = (url: string, body: unknown): RequestStep => ({ method: 'POST', url, body });
const get = (url: string, accept?: string): RequestStep => ({ method: 'GET', url, ...(accept ? { accept } : {}) });
const put = (url: string, body: unknown): RequestStep => ({ method: 'PUT', url, body });
const patch = (kind: RequestStep['patch'], url: string, body: unknown): RequestStep => ({
  method: 'PATCH',
  url,
  body,
  ...(kind ? { patch: kind } : {}),
});
const del = (url: string, body?: unknown): RequestStep => ({ method: 'DELETE', url, ...(body ? { body } : {}) });
const one = (name: string, ...steps: RequestStep[]): RequestCase => ({ name, steps });

export const REQUEST_CASES: readonly RequestCase[] = [
  one(
    'create, get, delete a ConfigMap',
    post(CM, configMap('c1', { data: { a: 'b' } }, { labels: { x: 'y' }, annotations: { n: 'm' } })),
    get(`${CM}/c1`),
    del(`${CM}/c1`),
    get(`${CM}/c1`),
    del(`${CM}/c1`),
  ),
  one('create twice', post(CM, configMap('c2')), post(CM, configMap('c2'))),
  one('invalid name', post(CM, configMap('Not_Valid'))),
  one('no name', post(CM, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} })),
  one('empty body', post(CM, {})),
  one(
    'invalid labels and annotations',
    post(CM, configMap('c3', {}, { labels: { 'a b': 'c d' }, annotations: { 'a b': 'x' } })),
  ),
  one(
    'invalid finalizers and owners',
    post(
      CM,
      configMap(
        'c4',
        {},
        { finalizers: ['x y'], ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '' }] },
      ),
    ),
  ),
  one('another namespace in the body', post(CM, configMap('c5', {}, { namespace: 'other' }))),
  one('a namespace that does not exist', post('/api/v1/namespaces/none/configmaps', configMap('c6'))),
  one('another kind in the body', post(CM, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })),
  one('another version in the body', post(CM, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'x' } })),
  one('resourceVersion on create', post(CM, configMap('c7', {}, { resourceVersion: '5' }))),
  one('unknown field warned of', post(CM, configMap('c8', { surprise: 1 }))),
  one('unknown field refused', post(`${CM}?fieldValidation=Strict`, configMap('c9', { surprise: 1 }))),
  one('wrong field type', post(CM, configMap('c10', { data: { a: 1 } }))),
  one('malformed JSON', post(CM, '{"a":')),
  one('unknown options', post(`${CM}?dryRun=Some&fieldValidation=Perhaps`, configMap('c11'))),
  one('dry-run create', post(`${CM}?dryRun=All`, configMap('c12')), get(`${CM}/c12`)),
  one(
    'update rules',
    post(CM, configMap('u1', { data: { a: '1' } })),
    put(`${CM}/u1`, configMap('u1', { data: { a: '2' } })),
    put(`${CM}/u1`, configMap('u1', { data: { a: '3' } }, { resourceVersion: '$0.metadata.resourceVersion' })),
    put(`${CM}/u1`, configMap('u1', {}, { resourceVersion: 'abc' })),
    put(`${CM}/u1`, configMap('other')),
    put(`${CM}/u1`, configMap('u1', {}, { uid: '00000000-0000-0000-0000-000000000000' })),
    put(`${CM}/none`, configMap('none')),
    put(`${CM}/u1`, { apiVersion: 'v1', kind: 'ConfigMap', data: {} }),
  ),
  one(
    'create on update where the kind allows it',
    put('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/r1', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'r1' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    put(`${CM}/absent`, configMap('absent')),
  ),
  one(
    'a Lease needs a resourceVersion',
    post('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l1' },
      spec: { holderIdentity: 'me' },
    }),
    put('/apis/coordination.k8s.io/v1/namespaces/default/leases/l1', {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l1' },
      spec: { holderIdentity: 'you' },
    }),
  ),
  one(
    'immutable ConfigMap and Secret type',
    post(`${NS}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's1' }, stringData: { k: 'v' } }),
    get(`${NS}/secrets/s1`),
  ),
  one(
    'Deployment: defaults, generation, status, scale',
    post(DEPLOY, deployment('d1')),
    put(`${DEPLOY}/d1`, { ...deployment('d1', { replicas: 3 }), status: { replicas: 9 } }),
    patch('merge', `${DEPLOY}/d1/status`, { spec: { replicas: 7 }, status: { replicas: 2 } }),
    get(`${DEPLOY}/d1/scale`),
    patch('merge', `${DEPLOY}/d1/scale`, { spec: { replicas: 4 } }),
    get(`${DEPLOY}/d1`),
    put(`${DEPLOY}/d1/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd1', namespace: 'default' },
      spec: { replicas: -1 },
    }),
    patch('strategic', `${DEPLOY}/d1`, {
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'c', image: 'nginx:2' },
              { name: 'e', image: 'x' },
            ],
          },
        },
      },
    }),
    patch('json', `${DEPLOY}/d1`, [{ op: 'replace', path: '/spec/replicas', value: 6 }]),
    patch('json', `${DEPLOY}/d1`, [{ op: 'test', path: '/spec/replicas', value: 1 }]),
    patch('json', `${DEPLOY}/d1`, { op: 'test' }),
    patch('apply', `${DEPLOY}/d1`, deployment('d1')),
    patch('apply', `${DEPLOY}/d1?fieldManager=me`, deployment('d1', { replicas: 2 })),
    patch('apply', `${DEPLOY}/d1?fieldManager=me&force=true`, deployment('d1', { replicas: 2 })),
    patch('merge', `${DEPLOY}/d1?force=true`, {}),
    del(`${DEPLOY}/d1`, { propagationPolicy: 'Background' }),
  ),
  one(
    'apply creates',
    patch('apply', `${CM}/a1?fieldManager=me`, configMap('a1', { data: { x: 'y' } })),
    patch('apply', `${CM}/a1?fieldManager=you`, configMap('a1', { data: { x: 'z' } })),
  ),
  one('a patch type that is none', { method: 'PATCH', url: `${CM}/none`, body: {}, type: 'application/json' }),
  one('patch of nothing', patch('merge', `${CM}/none`, {})),
  one(
    'delete preconditions',
    post(CM, configMap('p1')),
    del(`${CM}/p1`, { preconditions: { uid: 'wrong' } }),
    del(`${CM}/p1`, { preconditions: { resourceVersion: '1' } }),
    del(`${CM}/p1`, { preconditions: { uid: '$0.metadata.uid' } }),
  ),
  one(
    'finalizers hold',
    post(CM, configMap('f1', {}, { finalizers: ['example.com/x'] })),
    del(`${CM}/f1`),
    del(`${CM}/f1`),
    patch('merge', `${CM}/f1`, { metadata: { finalizers: ['example.com/x', 'example.com/y'] } }),
    patch('merge', `${CM}/f1`, { metadata: { finalizers: null } }),
    get(`${CM}/f1`),
  ),
  one(
    'delete options that are none',
    post(CM, configMap('o1')),
    del(`${CM}/o1`, { propagationPolicy: 'Sideways' }),
    del(`${CM}/o1`, { dryRun: ['Some'] }),
    del(`${CM}/o1`, { dryRun: ['All'] }),
    del(`${CM}/o1?propagationPolicy=Foreground`),
  ),
  one(
    'delete answers the object for some kinds',
    post(`${NS}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa1' } }),
    del(`${NS}/serviceaccounts/sa1`),
  ),
  one(
    'lists, pages and their options',
    post(CM, configMap('l1', {}, { labels: { list: 'me', n: '1' } })),
    post(CM, configMap('l2', {}, { labels: { list: 'me', n: '2' } })),
    post(CM, configMap('l3', {}, { labels: { list: 'me', n: '3' } })),
    get(`${CM}?labelSelector=list%3Dme`),
    get(`${CM}?labelSelector=list%3Dme,n+in+(1,3)&limit=1`),
    get(`${CM}?labelSelector=list%3Dme,n+notin+(1,3)`),
    get(`${CM}?fieldSelector=metadata.name%3Dl2`),
    get(`${CM}?fieldSelector=metadata.name!%3Dl2&labelSelector=list`),
    get(`${CM}?fieldSelector=data.x%3Dy`),
    get(`${CM}?labelSelector=a%20b`),
    get(`${CM}?resourceVersionMatch=Exact`),
    get(`${CM}?resourceVersionMatch=Sometimes&resourceVersion=1`),
    get(`${CM}?resourceVersionMatch=Exact&resourceVersion=0`),
    get(`${CM}?resourceVersion=abc`),
    get(`${CM}?limit=abc`),
    get(`${CM}?continue=abc`),
    get(`${CM}?sendInitialEvents=true`),
    get(`${CM}?labelSelector=list%3Dme`, 'application/json;as=Table;v=v1;g=meta.k8s.io'),
    get(`${CM}?labelSelector=list%3Dme`, 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'),
    get(`${CM}?labelSelector=list%3Dme&includeObject=Perhaps`, 'application/json;as=Table;v=v1;g=meta.k8s.io'),
    { method: 'DELETE', url: `${CM}?labelSelector=list%3Dme` },
    get(`${CM}?labelSelector=list%3Dme`),
  ),
  one(
    'watch options',
    get(`${CM}?watch=1&sendInitialEvents=true`),
    get(`${CM}?watch=1&resourceVersionMatch=NotOlderThan`),
    get(`${CM}?watch=1&fieldSelector=a%3Db`),
  ),
  one('what cannot be answered or read', get(CM, 'image/png'), {
    method: 'POST',
    url: CM,
    body: 'x',
    type: 'text/plain',
  }),
  one(
    'methods that are not served',
    { method: 'PUT', url: CM, body: {} },
    { method: 'POST', url: `${CM}/x`, body: {} },
    get('/api/v1/nothings'),
    get('/apis/apps/v1/nothings'),
    get(`${DEPLOY}/x/nothing`),
  ),
  one(
    'Service and its defaults',
    post(`${NS}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'Bad_Name' },
      spec: { ports: [{ port: 80 }] },
    }),
  ),
  one(
    'Namespace',
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n1' } }),
    get('/api/v1/namespaces/n1'),
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } }),
    patch('merge', '/api/v1/namespaces/n1', { metadata: { labels: { a: 'b' } } }),
    del('/api/v1/namespaces/default'),
  ),
  one(
    'Job: dependents are orphaned by default, with a warning',
    post('/apis/batch/v1/namespaces/default/cronjobs', {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'cj' },
      spec: {
        schedule: '* * * * *',
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
        },
      },
    }),
    get('/apis/batch/v1/namespaces/default/cronjobs/cj'),
  ),
  one(
    'events of both groups are one',
    post(`${NS}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e1' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Why',
      message: 'text',
      type: 'Normal',
      firstTimestamp: '2024-01-01T00:00:00Z',
      lastTimestamp: '2024-01-01T00:00:00Z',
      count: 1,
      source: { component: 'x' },
    }),
    get('/apis/events.k8s.io/v1/namespaces/default/events/e1'),
    get(`${NS}/events?fieldSelector=involvedObject.name%3Dp`),
  ),
  one(
    'autoscaler versions are one kind',
    post('/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h1' },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
        targetCPUUtilizationPercentage: 50,
      },
    }),
    get('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/h1'),
  ),
  one(
    'a CRD and its objects',
    post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd('wrong.example.com', {})),
    post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd('gadgets.example.com', {})),
    { ...get('/apis/example.com/v1/namespaces/default/gadgets'), until: 200 },
    post(GADGETS, gadget('g1', { size: 3, color: 'red', extra: 1 })),
    post(`${GADGETS}?fieldValidation=Strict`, gadget('g2', { size: 3, extra: 1 })),
    post(GADGETS, gadget('g3', { size: 0 })),
    post(GADGETS, gadget('g4', { size: 11 })),
    post(GADGETS, gadget('g5', { size: 'x' })),
    post(GADGETS, { ...gadget('g6', {}), kind: 'Widget' }),
    post(GADGETS, { apiVersion: 'example.com/v2', kind: 'Gadget', metadata: { name: 'g7' } }),
    get(`${GADGETS}/g1`),
    get(GADGETS),
    get(GADGETS, 'application/json;as=Table;v=v1;g=meta.k8s.io'),
    put(`${GADGETS}/g1`, gadget('g1', { size: 4 })),
    put(`${GADGETS}/g1`, gadget('g1', { size: 2 }, { resourceVersion: '$3.metadata.resourceVersion' })),
    put(`${GADGETS}/g1`, gadget('g1', { size: 5 }, { resourceVersion: '$3.metadata.resourceVersion' })),
    patch('merge', `${GADGETS}/g1/status`, { spec: { size: 9 }, status: { replicas: 2 } }),
    patch('merge', `${GADGETS}/g1/scale`, { spec: { replicas: 2 } }),
    get(`${GADGETS}/g1/scale`),
    patch('strategic', `${GADGETS}/g1`, {}),
    patch('apply', `${GADGETS}/g8?fieldManager=me`, gadget('g8', { size: 1 })),
    patch('json', `${GADGETS}/g1`, [{ op: 'remove', path: '/spec/nothing' }]),
    get(`${GADGETS}?fieldSelector=spec.color%3Dred`),
    get(`${GADGETS}?fieldSelector=spec.size%3D1`),
    del(`${GADGETS}/g1`),
    del(`${GADGETS}/g1`),
  ),
  one(
    'RBAC objects',
    post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'a:b' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'a/b' },
    }),
  ),
  one('generated names', post(CM, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'Bad_' } })),
  one(
    'selectors of other kinds',
    get(`${NS}/secrets?fieldSelector=type%3DOpaque,metadata.name%3Dnone`),
    get(`${NS}/secrets?fieldSelector=data%3Dx`),
    get(`${NS}/pods?fieldSelector=status.phase%3DRunning,spec.nodeName%3Dn`),
    get(`${NS}/pods?fieldSelector=spec.x%3Dn`),
    get('/api/v1/namespaces?fieldSelector=status.phase%3DNone'),
    get('/api/v1/namespaces?fieldSelector=metadata.namespace%3DNone'),
    get('/apis/batch/v1/jobs?fieldSelector=status.successful%3D1'),
    get('/apis/batch/v1/jobs?fieldSelector=status.x%3D1'),
  ),
];
