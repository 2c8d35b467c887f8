import { afterEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { type HubHarness, startHub } from '../hub-harness.ts';

let harness: HubHarness | undefined;
afterEach(() => harness?.close());

const group = '/apis/admissionregistration.k8s.io/v1';
const configMaps = '/api/v1/namespaces/default/configmaps';
const policy = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'sized' },
  spec: {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    matchConstraints: {
      resourceRules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] },
      ],
    },
    matchConditions: [{ name: 'not-limits', expression: "request.name != 'limits'" }],
    validations: [
      {
        expression:
          "request.operation == 'DELETE' ? oldObject.data.keep != 'yes' : size(object.data) <= int(params.data.max)",
        messageExpression: "'at most ' + params.data.max",
      },
    ],
  },
};
const binding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: 'sized' },
  spec: {
    policyName: 'sized',
    validationActions: ['Deny'],
    paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' },
  },
};
const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

describe('validating policies in the hub', () => {
  test('hold for the writes of their workspace, with parameters, and can be taken away', async () => {
    harness = await startHub();
    const { request } = harness;
    expect((await request('POST', configMaps, configMap('limits', { max: '1' }))).status).toBe(201);
    expect((await request('POST', `${group}/validatingadmissionpolicies`, policy)).status).toBe(201);
    expect((await request('POST', `${group}/validatingadmissionpolicybindings`, binding)).status).toBe(201);
    const big = configMap('big', { a: '1', b: '2' });
    const refused = async () => (await request('POST', `${configMaps}?dryRun=All`, big)).status === 422;
    await waitFor('the policy to be in force', refused);
    expect((await request('POST', configMaps, big)).json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `configmaps "big" is forbidden: ValidatingAdmissionPolicy 'sized' with binding 'sized' denied request: at most 1`,
    });
    expect((await request('POST', configMaps, configMap('small', { keep: 'yes' }))).status).toBe(201);
    expect((await request('DELETE', `${configMaps}/small`)).status).toBe(422);

    expect((await request('DELETE', `${group}/validatingadmissionpolicybindings/sized`)).status).toBe(200);
    await waitFor('the policy to be out of force', async () => !(await refused()));
    expect((await request('DELETE', `${configMaps}/small`)).status).toBe(200);
  });
});
