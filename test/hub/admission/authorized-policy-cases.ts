/** Policies that ask the authorizer, take parameters, or look at another version, each with requests that it is about. */
import { configMap, post, type RequestStep } from '../oracle/step.ts';

export interface JudgedCase {
  readonly name: string;
  readonly spec: object;
  readonly binding?: object;
  /** Default: ConfigMaps. */
  readonly rule?: object;
  /** Asked before the policy is there. */
  readonly before?: readonly RequestStep[];
  readonly steps: readonly RequestStep[];
}

const CM = '/api/v1/namespaces/{ns}/configmaps';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const one = (name: string, data: object = {}) => post(CM, configMap(name, { data }));
const says = (expression: string, more: object = {}): object => ({ validations: [{ expression, ...more }] });
const asks = (name: string, expression: string, before: readonly RequestStep[] = []): JudgedCase => ({
  name,
  spec: says(expression, { message: 'it is not so' }),
  before,
  steps: [one('a')],
});
const someone = "authorizer.serviceAccount('{ns}', 'someone')";

const GRANT: readonly RequestStep[] = [
  post(`${RBAC}/namespaces/{ns}/roles`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reads-pods' },
    rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'], resourceNames: ['web'] }],
  }),
  post(`${RBAC}/namespaces/{ns}/rolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'reads-pods' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads-pods' },
    subjects: [{ kind: 'ServiceAccount', name: 'someone', namespace: '{ns}' }],
  }),
];
const PARAMS = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } };
const param = (name: string, max: string, labels: object = {}) =>
  post(CM, configMap(name, { data: { max } }, { labels }));
const LIMIT = {
  validations: [
    {
      expression: '!has(object.data) || !has(object.data.n) || (params != null && object.data.n <= params.data.max)',
      message: 'too much',
    },
  ],
};

export const JUDGED_CASES: readonly JudgedCase[] = [
  asks(
    'the caller may',
    "authorizer.group('apps').resource('deployments').namespace('{ns}').check('create').allowed()",
  ),
  asks('the caller may what it asks', "authorizer.requestResource.check('create').allowed()"),
  asks('a path', "authorizer.path('/healthz').check('get').allowed()"),
  asks('a service account may not', `!${someone}.group('').resource('pods').check('get').allowed()`),
  asks(
    'a service account may',
    `${someone}.group('').resource('pods').namespace('{ns}').name('web').check('get').allowed()`,
    GRANT,
  ),
  asks(
    'a service account may not by another name',
    `${someone}.group('').resource('pods').namespace('{ns}').name('x').check('get').allowed()`,
    GRANT,
  ),
  asks(
    'a subresource',
    `${someone}.group('').resource('pods').subresource('log').namespace('{ns}').name('web').check('get').allowed()`,
    GRANT,
  ),
  asks(
    'a reason',
    `${someone}.group('').resource('pods').namespace('{ns}').name('web').check('get').reason() == 'x'`,
    GRANT,
  ),
  asks(
    'no error',
    `${someone}.group('').resource('pods').check('get').errored() || ${someone}.path('/x').check('get').error() != ''`,
  ),
  asks('many questions', "['a', 'b', 'c', 'd'].all(name, authorizer.group('').resource(name).check('get').allowed())"),
  asks('an empty resource', "authorizer.group('').resource(' ').check('get').allowed()"),
  asks('an empty path', "authorizer.path('').check('get').allowed()"),
  asks(
    'no service account',
    "authorizer.serviceAccount('default', 'Not Valid').group('').resource('x').check('get').allowed()",
  ),
  asks('no namespace', "authorizer.serviceAccount('Not Valid', 'x').group('').resource('x').check('get').allowed()"),
  {
    name: 'a match condition that asks',
    spec: {
      matchConditions: [{ name: 'asks', expression: "authorizer.requestResource.check('create').allowed()" }],
      ...says('false', { message: 'never' }),
    },
    steps: [one('a')],
  },
  {
    name: 'a variable that asks',
    spec: {
      variables: [{ name: 'may', expression: "authorizer.group('').resource('pods').check('get').allowed()" }],
      ...says('!variables.may', { message: 'may' }),
    },
    steps: [one('a')],
  },
  {
    name: 'parameters by name',
    spec: { ...PARAMS, ...LIMIT },
    binding: { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } },
    before: [param('limit', '5')],
    steps: [one('a', { n: '3' }), one('b', { n: '7' })],
  },
  {
    name: 'parameters by labels',
    spec: { ...PARAMS, ...LIMIT },
    binding: { paramRef: { selector: { matchLabels: { is: 'limit' } }, parameterNotFoundAction: 'Deny' } },
    before: [param('one', '5', { is: 'limit' }), param('two', '3', { is: 'limit' }), param('other', '1')],
    steps: [one('a', { n: '2' }), one('b', { n: '4' }), one('c', { n: '7' })],
  },
  {
    name: 'parameters of another namespace',
    spec: { ...PARAMS, ...LIMIT },
    binding: { paramRef: { name: 'limit', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    steps: [one('a', { n: '3' })],
  },
  {
    name: 'no parameters, which is denied',
    spec: { ...PARAMS, ...LIMIT },
    binding: { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } },
    steps: [one('a', { n: '3' })],
  },
  {
    name: 'no parameters, which is denied, but faults are ignored',
    spec: { ...PARAMS, ...LIMIT, failurePolicy: 'Ignore' },
    binding: { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } },
    steps: [one('a', { n: '3' })],
  },
  {
    name: 'no parameters, which is allowed',
    spec: { ...PARAMS, ...LIMIT },
    binding: { paramRef: { name: 'limit', parameterNotFoundAction: 'Allow' } },
    steps: [one('a', { n: '3' })],
  },
  {
    name: 'a namespace for parameters that have none',
    spec: { paramKind: { apiVersion: 'v1', kind: 'Namespace' }, ...says('true') },
    binding: { paramRef: { name: 'default', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    steps: [one('a')],
  },
  {
    name: 'a rule of an equivalent version',
    rule: {
      apiGroups: ['autoscaling'],
      apiVersions: ['v1'],
      operations: ['CREATE'],
      resources: ['horizontalpodautoscalers'],
    },
    spec: says('object.spec.targetCPUUtilizationPercentage < 50', {
      messageExpression: "object.apiVersion + ' ' + request.kind.version + ' of ' + request.requestKind.version",
    }),
    steps: ['40', '60'].map((percent) =>
      post('/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers', {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: `of-${percent}` },
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: Number(percent) } },
            },
          ],
        },
      }),
    ),
  },
];
