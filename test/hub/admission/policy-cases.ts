/** Policies over ConfigMaps, each with an object that it is asked about. */
import type { PolicyRequest } from '../../../src/hub/admission/policy-request.ts';
import type { KubeObject } from '../../../src/kube/object.ts';

export interface PolicyCase {
  readonly name: string;
  readonly spec: object;
  readonly object: KubeObject;
}

const configMap = (data: Record<string, string>, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', namespace: 'default', ...metadata },
  data,
});
const validation = (expression: string, more: object = {}) => ({ validations: [{ expression, ...more }] });

export const POLICY_CASES: readonly PolicyCase[] = [
  { name: 'admits', spec: validation("object.data.a == '1'"), object: configMap({ a: '1' }) },
  { name: 'denies by expression', spec: validation("object.data.a == '1'"), object: configMap({ a: '2' }) },
  { name: 'denies with a message', spec: validation('false', { message: 'never' }), object: configMap({}) },
  {
    name: 'denies with a computed message',
    spec: validation('false', { message: 'm', messageExpression: "'name is ' + object.metadata.name" }),
    object: configMap({}),
  },
  { name: 'denies with a reason', spec: validation('false', { reason: 'Forbidden' }), object: configMap({}) },
  { name: 'an error denies', spec: validation("object.data.zzz == '1'"), object: configMap({ a: '1' }) },
  {
    name: 'an error is ignored',
    spec: { ...validation("object.data.zzz == '1'"), failurePolicy: 'Ignore' },
    object: configMap({ a: '1' }),
  },
  {
    name: 'variables',
    spec: {
      variables: [
        { name: 'size', expression: 'size(object.data)' },
        { name: 'ok', expression: 'variables.size < 2' },
      ],
      ...validation('variables.ok'),
    },
    object: configMap({ a: '1', b: '2' }),
  },
  {
    name: 'a match condition that is false',
    spec: {
      matchConditions: [{ name: 'c', expression: "has(object.data) && 'go' in object.data" }],
      ...validation('false'),
    },
    object: configMap({ a: '1' }),
  },
  {
    name: 'the request',
    spec: validation(
      "request.operation == 'CREATE' && request.resource.resource == 'configmaps' && request.namespace == 'default' && request.dryRun == true && oldObject == null",
    ),
    object: configMap({}),
  },
  { name: 'the namespace', spec: validation("namespaceObject.metadata.name == 'default'"), object: configMap({}) },
];

/** Every policy also denies objects annotated with its own name: how a test learns that it is active. */
export const policyOf = (name: string, { spec }: PolicyCase): KubeObject => {
  const given = spec as { validations: object[]; matchConditions?: { name: string; expression: string }[] };
  const probe = `has(object.metadata.annotations) && object.metadata.annotations['probe'] == '${name}'`;
  const matchConditions = given.matchConditions?.map((one) => ({
    ...one,
    expression: `(${probe}) || (${one.expression})`,
  }));
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      },
      ...given,
      ...(matchConditions ? { matchConditions } : {}),
      validations: [{ expression: `!(${probe})` }, ...given.validations],
    },
  };
};

export const bindingOf = (name: string): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name },
  spec: { policyName: name, validationActions: ['Deny'] },
});

export const requestOf = (object: KubeObject): PolicyRequest => ({
  operation: 'CREATE',
  resource: { group: '', version: 'v1', resource: 'configmaps' },
  kind: { group: '', version: 'v1', kind: 'ConfigMap' },
  subresource: '',
  namespace: 'default',
  name: object.metadata.name ?? '',
  object,
  oldObject: undefined,
  namespaceObject: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: { team: 'a' } } },
  user: { name: 'admin', groups: ['system:masters'], extra: {} },
  dryRun: true,
});
