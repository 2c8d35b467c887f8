/** Webhook configurations and policies that kube-apiserver refuses, or does not. */
import { post, put, type RequestSequence, type RequestStep, sequence } from '../oracle/step.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const dryRun = (kind: string, name: string, content: object): RequestStep =>
  post(`${GROUP}/${kind.toLowerCase().replace(/y$/, 'ie')}s?dryRun=All`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    ...content,
  });

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const hook = (more: object = {}) => ({
  name: 'a.example.com',
  clientConfig: { url: 'https://hooks.example.com/a' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const validating = (...webhooks: object[]) => dryRun('ValidatingWebhookConfiguration', 'a', { webhooks });
const mutating = (...webhooks: object[]) => dryRun('MutatingWebhookConfiguration', 'a', { webhooks });
const url = (text: string) => validating(hook({ clientConfig: { url: text } }));
const service = (more: object) =>
  validating(hook({ clientConfig: { service: { name: 'a', namespace: 'b', ...more } } }));
const rules = (more: object) => validating(hook({ rules: [{ ...rule, ...more }] }));
const condition = (name: string, expression: string) => validating(hook({ matchConditions: [{ name, expression }] }));

const policy = (more: object = {}, name = 'a') =>
  dryRun('ValidatingAdmissionPolicy', name, {
    spec: {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: 'true' }],
      ...more,
    },
  });
const validation = (more: object) => policy({ validations: [{ expression: 'true', ...more }] });
const expression = (text: string) => validation({ expression: text });
const binding = (more: object = {}) =>
  dryRun('ValidatingAdmissionPolicyBinding', 'a', {
    spec: { policyName: 'a', validationActions: ['Deny'], ...more },
  });
const param = (more: object) => binding({ paramRef: more });

export const REGISTRATION_CASES: readonly RequestSequence[] = [
  sequence(
    'webhooks: names, versions, side effects, times',
    validating(hook()),
    mutating(hook()),
    validating(hook({ name: 'short.name' })),
    validating(hook({ name: '' })),
    validating(hook({ name: 'Not.A.Name' })),
    validating(hook(), hook()),
    validating(hook({ admissionReviewVersions: [] })),
    validating(hook({ admissionReviewVersions: ['v2'] })),
    validating(hook({ admissionReviewVersions: ['v1', 'v1', 'V9'] })),
    validating(hook({ sideEffects: undefined })),
    validating(hook({ sideEffects: 'Some' })),
    validating(hook({ timeoutSeconds: 31 })),
    validating(hook({ timeoutSeconds: 0 })),
    validating(hook({ failurePolicy: 'Maybe' })),
    validating(hook({ matchPolicy: 'Near' })),
    mutating(hook({ reinvocationPolicy: 'Often' })),
    validating(hook({ objectSelector: { matchExpressions: [{ key: 'a', operator: 'Near' }] } })),
    validating(hook({ namespaceSelector: { matchLabels: { 'a b': 'c' } } })),
  ),
  sequence(
    'webhooks: where they lead',
    validating(hook({ clientConfig: {} })),
    validating(hook({ clientConfig: { url: 'https://a.b', service: { name: 'a', namespace: 'b' } } })),
    url('http://hooks.example.com'),
    url('https://'),
    url('https://user:pw@hooks.example.com'),
    url('https://hooks.example.com/a?b=c'),
    url('https://hooks.example.com/a#b'),
    url('hooks.example.com'),
    service({}),
    service({ port: 0 }),
    service({ port: 70_000 }),
    service({ name: '', namespace: '' }),
    service({ path: 'a' }),
    service({ path: '/a//b' }),
    service({ path: '/a/B' }),
    service({ path: '//' }),
    service({ path: '/a/b/' }),
  ),
  sequence(
    'webhooks: rules',
    rules({ operations: [] }),
    rules({ operations: ['*', 'CREATE'] }),
    rules({ operations: ['PATCH'] }),
    rules({ apiGroups: [] }),
    rules({ apiGroups: ['*', 'apps'] }),
    rules({ apiVersions: [] }),
    rules({ apiVersions: [''] }),
    rules({ resources: [] }),
    rules({ resources: ['*', 'pods'] }),
    rules({ resources: ['*/*', 'pods'] }),
    rules({ resources: ['pods/*', 'pods/status'] }),
    rules({ resources: ['*/status', 'pods/status'] }),
    rules({ resources: ['*', '*/status'] }),
    rules({ resources: [''] }),
    rules({ scope: 'Galaxy' }),
  ),
  sequence(
    'webhooks: conditions',
    condition('a', 'true'),
    condition('', 'true'),
    condition('a b', 'true'),
    condition('a', ''),
    condition('a', '1'),
    condition('a', 'object.metadata.name'),
    condition('a', 'nope == 1'),
    condition('a', 'params.a == 1'),
    validating(
      hook({
        matchConditions: [
          { name: 'a', expression: 'true' },
          { name: 'a', expression: 'true' },
        ],
      }),
    ),
    validating(
      hook({ matchConditions: Array.from({ length: 65 }, (_, at) => ({ name: `c${at}`, expression: 'true' })) }),
    ),
  ),
  sequence(
    'policies: expressions',
    expression('object.spec.replicas <= 5'),
    expression('has(object.spec) && object.spec.replicas in [1, 2]'),
    expression('nope.x == 1'),
    expression('size(object.metadata.name)'),
    expression("'text'"),
    expression('object.metadata.name'),
    expression(''),
    expression('params.max > 1'),
    expression('1 + "a" == 2'),
    expression('nofunction(object)'),
    expression("'a'.nomethod()"),
    expression("object.metadata.name.matches('(')"),
    policy({ paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'params.max > 1' }] }),
    policy({
      variables: [{ name: 'ok', expression: 'object.spec.replicas > 1' }],
      validations: [{ expression: 'variables.ok' }],
    }),
  ),
  sequence(
    'policies: messages, reasons, variables, annotations, conditions',
    validation({ message: 'a\nb' }),
    validation({ message: ' ' }),
    validation({ messageExpression: ' ' }),
    validation({ messageExpression: '1' }),
    validation({ messageExpression: "'a' + nope" }),
    validation({ messageExpression: "'a'" }),
    validation({ reason: 'Because' }),
    policy({ variables: [{ name: 'in', expression: 'true' }] }),
    policy({ variables: [{ name: 'a-b', expression: 'true' }] }),
    policy({ variables: [{ name: 'a', expression: 'nope' }] }),
    policy({ variables: [{ name: 'a', expression: '' }] }),
    policy({ validations: [] }),
    policy({ validations: [], auditAnnotations: [{ key: 'a', valueExpression: "'x'" }] }),
    policy({ auditAnnotations: [{ key: 'a b', valueExpression: '1' }] }),
    policy({
      auditAnnotations: [
        { key: 'a', valueExpression: "'x'" },
        { key: 'a', valueExpression: 'null' },
      ],
    }),
    policy({ matchConditions: [{ name: 'a', expression: 'nope' }] }),
    policy({ failurePolicy: 'Maybe' }),
  ),
  sequence(
    'policies: what they are about',
    policy({ matchConstraints: undefined }),
    policy({ matchConstraints: {} }),
    policy({ matchConstraints: { resourceRules: [{ ...rule, operations: [] }] } }),
    policy({ matchConstraints: { resourceRules: [{ ...rule, resourceNames: ['a', 'a', 'b/c'] }] } }),
    policy({ matchConstraints: { resourceRules: [rule], matchPolicy: 'Near' } }),
    policy({ matchConstraints: { resourceRules: [rule], excludeResourceRules: [{ ...rule, resources: [] }] } }),
    policy({ paramKind: { apiVersion: '', kind: '' } }),
    policy({ paramKind: { apiVersion: 'Bad_Group/v1', kind: 'A' } }),
    policy({ paramKind: { apiVersion: 'a.b/1', kind: 'a_b' } }),
  ),
  sequence(
    'bindings',
    binding(),
    binding({ policyName: '' }),
    binding({ policyName: 'Not a name' }),
    binding({ validationActions: [] }),
    binding({ validationActions: ['Deny', 'Warn'] }),
    binding({ validationActions: ['Deny', 'Deny', 'Shout'] }),
    param({}),
    param({ name: 'a', parameterNotFoundAction: 'Deny' }),
    param({ name: 'a/b', parameterNotFoundAction: 'Maybe' }),
    param({ name: 'a', selector: {}, parameterNotFoundAction: 'Deny' }),
    binding({ matchResources: { resourceRules: [{ ...rule, apiGroups: [] }] } }),
  ),
  sequence(
    'a policy keeps what it had',
    post(`${GROUP}/validatingadmissionpolicies`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: '{ns}' },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] },
    }),
    put(`${GROUP}/validatingadmissionpolicies/{ns}`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: '{ns}', resourceVersion: '$0.metadata.resourceVersion' },
      spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'nope' }] },
    }),
  ),
];
