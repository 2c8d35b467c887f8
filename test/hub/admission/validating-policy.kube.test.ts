import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  judgeByPolicies,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '../../../src/hub/admission/validating-policy.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { waitFor } from '../../support/wait-for.ts';
import { bindingOf, POLICY_CASES, policyOf, requestOf } from './policy-cases.ts';

const group = '/apis/admissionregistration.k8s.io/v1';
let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'policies', controllers: false });
});
afterAll(() => cluster?.stop());

describe('policies decide as kube-apiserver decides', () => {
  test.each(POLICY_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, one, at) => {
    const name = `policy-${at}`;
    const policy = policyOf(name, one) as ValidatingAdmissionPolicy;
    const binding = bindingOf(name) as ValidatingAdmissionPolicyBinding;
    await cluster.fetchOk(`${group}/validatingadmissionpolicies`, { method: 'POST', body: policy });
    await cluster.fetchOk(`${group}/validatingadmissionpolicybindings`, { method: 'POST', body: binding });
    // A probe that any active policy denies tells when this one has taken effect.
    const path = '/api/v1/namespaces/default/configmaps?dryRun=All';
    const send = (object: KubeObject) => cluster.fetch(path, { method: 'POST', body: object });
    const active = async () => (await send(probeFor(one.object, name))).text.includes(`binding '${name}'`);
    await waitFor('the policy to be active', active, { timeoutMs: 30_000 });
    const answer = await send(one.object);
    const concerned = { policy, bindings: [{ binding, params: [undefined] }], request: requestOf(one.object) };
    const { denial: ours, warnings } = judgeByPolicies([concerned], () => ({ allowed: true, reason: '' }));
    await cluster.fetchOk(`${group}/validatingadmissionpolicybindings/${name}`, { method: 'DELETE' });
    await cluster.fetchOk(`${group}/validatingadmissionpolicies/${name}`, { method: 'DELETE' });
    expect(ours?.status ?? null, answer.text).toEqual(answer.status < 300 ? null : answer.json);
    expect(warnings).toEqual([]);
  });
});

const probeFor = (object: KubeObject, name: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { probe: name } },
});
