import { describe, expect, test } from 'vitest';
import { matchedVersion } from '../../../src/hub/admission/matched-policies.ts';
import type { Params } from '../../../src/hub/admission/policy-params.ts';
import type { PolicyRequest } from '../../../src/hub/admission/policy-request.ts';
import {
  judgeByPolicies,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '../../../src/hub/admission/validating-policy.ts';
import type { ResourceDefinition } from '../../../src/hub/resource-definition.ts';
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
const judge = (spec: object, object: KubeObject, bound: object = {}, params: Params = [undefined]) =>
  judgeByPolicies(
    [{ policy: policy(spec), bindings: [{ binding: binding(bound), params }], request: requestOf(object) }],
    ({ verb }) => ({ allowed: verb === 'get', reason: verb }),
  );
const admit = (...given: Parameters<typeof judge>): readonly string[] => {
  const { denial, warnings } = judge(...given);
  if (denial !== undefined) throw denial;
  return warnings;
};

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

  test('parameters are passed in, each judged on its own, and may be what is wrong', () => {
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [
        { expression: 'int(object.data.n) <= int(params.data.max)', messageExpression: '"max " + params.data.max' },
      ],
    };
    expect(admit(spec, configMap({ n: '3' }), {}, [configMap({ max: '5' })])).toEqual([]);
    expect(() => admit(spec, configMap({ n: '3' }), {}, [configMap({ max: '5' }), configMap({ max: '2' })])).toThrow(
      'max 2',
    );
    expect(admit(spec, configMap({ n: '3' }), {}, [])).toEqual([]);
    const fault = { of: 'binding', fault: 'none there' } as const;
    expect(() => admit(spec, configMap({ n: '3' }), {}, fault)).toThrow(
      "with binding 'p' denied request: failed to configure binding: none there",
    );
    expect(admit({ ...spec, failurePolicy: 'Ignore' }, configMap({ n: '3' }), {}, fault)).toEqual([]);
  });

  test('Audit and audit annotations go to the audit record, denied or not', () => {
    const spec = {
      validations: [{ expression: 'false', message: 'hm' }],
      auditAnnotations: [
        { key: 'size', valueExpression: "'holds ' + string(size(object.data))" },
        { key: 'none', valueExpression: 'null' },
      ],
    };
    const object = configMap({ a: '1' });
    const audited = judge(spec, object, { validationActions: ['Audit'] });
    const failure = { message: 'hm', policy: 'p', binding: 'p', expressionIndex: 1, validationActions: ['Audit'] };
    expect(audited.denial).toBeUndefined();
    expect(audited.annotations).toEqual({
      'p/size': 'holds 1',
      'validation.policy.admission.k8s.io/validation_failure': JSON.stringify([failure]),
    });
    const denied = judge(spec, object, { validationActions: ['Deny'] });
    expect(denied.denial).toBeDefined();
    expect(denied.annotations).toEqual({ 'p/size': 'holds 1' });
  });

  test('ask the authorizer', () => {
    const check = (verb: string) => `authorizer.group('').resource('pods').namespace('x').check('${verb}')`;
    const object = configMap({});
    expect(admit({ validations: [{ expression: `${check('get')}.allowed()` }] }, object)).toEqual([]);
    expect(() => admit({ validations: [{ expression: `${check('list')}.allowed()` }] }, object)).toThrow('check');
    const reason = "authorizer.requestResource.check('get').reason() == 'get'";
    expect(admit({ validations: [{ expression: reason }] }, object)).toEqual([]);
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
  const CONFIG_MAPS = { info: request.resource } as ResourceDefinition;
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
    expect(matchedVersion(match, { ...request, ...more }, CONFIG_MAPS, []) !== undefined).toBe(expected);
  });
});
