import { describe, expect, test } from 'vitest';
import { matchesResources } from '../../../src/hub/admission/match-resources.ts';
import type { PolicyRequest } from '../../../src/hub/admission/policy-request.ts';
import {
  admitByPolicies,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '../../../src/hub/admission/validating-policy.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { bindingOf, POLICY_CASES, policyOf, requestOf } from './policy-cases.ts';

const configMap = (data: Record<string, string>, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', namespace: 'default', labels },
  data,
});
const policy = (spec: object): ValidatingAdmissionPolicy =>
  policyOf('p', { name: '', spec, object: configMap({}) }) as ValidatingAdmissionPolicy;
const binding = (spec: object = {}): ValidatingAdmissionPolicyBinding => {
  const one = bindingOf('p');
  return { ...one, spec: { ...(one.spec as object), ...spec } } as ValidatingAdmissionPolicyBinding;
};
const admit = (spec: object, object: KubeObject, bound: object = {}, params: readonly KubeObject[] = []) =>
  admitByPolicies([policy(spec)], [binding(bound)], requestOf(object), () => params);

describe('validating policies', () => {
  test.each(POLICY_CASES.map(({ name, spec, object }) => [name, spec, object] as const))('%s', (name, spec, object) => {
    const admitted = [
      'admits',
      'an error is ignored',
      'a match condition that is false',
      'the request',
      'the namespace',
    ].includes(name);
    if (admitted) expect(admit(spec, object)).toEqual([]);
    else expect(() => admit(spec, object)).toThrow("ValidatingAdmissionPolicy 'p' with binding 'p' denied request: ");
  });

  test('a reason decides the status code', () => {
    const validations = [{ expression: 'false', reason: 'Forbidden' }];
    expect(() => admit({ validations }, configMap({}))).toThrow(
      expect.objectContaining({ code: 403, reason: 'Forbidden' }),
    );
  });

  test('Warn warns', () => {
    expect(
      admit({ validations: [{ expression: 'false', message: 'hm' }] }, configMap({}), { validationActions: ['Warn'] }),
    ).toEqual(["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': hm"]);
  });

  test('parameters are passed in, each judged on its own, and may be required', () => {
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [
        { expression: 'int(object.data.n) <= int(params.data.max)', messageExpression: '"max " + params.data.max' },
      ],
    };
    const paramRef = { name: 'limits', parameterNotFoundAction: 'Deny' };
    const bound = { paramRef };
    expect(admit(spec, configMap({ n: '3' }), bound, [configMap({ max: '5' })])).toEqual([]);
    expect(() => admit(spec, configMap({ n: '3' }), bound, [configMap({ max: '5' }), configMap({ max: '2' })])).toThrow(
      'max 2',
    );
    expect(() => admit(spec, configMap({ n: '3' }), bound)).toThrow('no params found for policy binding');
    expect(admit(spec, configMap({ n: '3' }), { paramRef: { ...paramRef, parameterNotFoundAction: 'Allow' } })).toEqual(
      [],
    );
  });

  test('a policy that would run for ever denies in time', () => {
    const data = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`k${at}`, 'v']));
    const start = performance.now();
    const expression = 'object.data.all(a, object.data.all(b, object.data.all(c, a + b + c != "")))';
    expect(() => admit({ validations: [{ expression }] }, configMap(data))).toThrow('cost budget');
    expect(performance.now() - start).toBeLessThan(3_000);
  });
});

describe('what is matched', () => {
  const request: PolicyRequest = requestOf(configMap({}, { app: 'web' }));
  const rule = { operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: ['configmaps'] };
  test.each<[object | undefined, Partial<PolicyRequest>, boolean]>([
    [undefined, {}, true],
    [{ resourceRules: [rule] }, {}, true],
    [{ resourceRules: [{ ...rule, operations: ['UPDATE'] }] }, {}, false],
    [{ resourceRules: [{ ...rule, resources: ['*'] }] }, {}, true],
    [{ resourceRules: [{ ...rule, resources: ['*'] }] }, { subresource: 'status' }, false],
    [{ resourceRules: [{ ...rule, resources: ['configmaps/*'] }] }, { subresource: 'status' }, true],
    [{ resourceRules: [{ ...rule, resourceNames: ['y'] }] }, {}, false],
    [{ resourceRules: [{ ...rule, scope: 'Cluster' }] }, {}, false],
    [{ resourceRules: [rule], excludeResourceRules: [rule] }, {}, false],
    [{ objectSelector: { matchLabels: { app: 'web' } } }, {}, true],
    [{ objectSelector: { matchLabels: { app: 'api' } } }, {}, false],
    [{ namespaceSelector: { matchLabels: { team: 'a' } } }, {}, true],
    [{ namespaceSelector: { matchLabels: { team: 'b' } } }, {}, false],
    [{ namespaceSelector: { matchLabels: { team: 'b' } } }, { namespace: '' }, true],
  ])('%j with %j: %s', (match, more, expected) => {
    expect(matchesResources(match, { ...request, ...more })).toBe(expected);
  });
});
