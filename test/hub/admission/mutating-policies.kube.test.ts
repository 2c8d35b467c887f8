/** The same MutatingAdmissionPolicies in the hub and in a kube-apiserver: the same objects come out. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { compareSequence } from '../oracle/compare.ts';
import { hubSide, kubeSide, type Side } from '../oracle/sides.ts';
import { configMap, deployment, post } from '../oracle/step.ts';
import { MUTATING_POLICY_CASES, type MutatingPolicyCase } from './mutating-policy-cases.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
let sides: { hub: Side; kube: Side };
beforeAll(async () => {
  sides = { hub: await hubSide(), kube: await kubeSide('mutating-policies') };
});
afterAll(async () => {
  await sides?.hub.close();
  await sides?.kube.close();
});

describe('policies change objects as in kube-apiserver', () => {
  test.each(MUTATING_POLICY_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, one, at) => {
    const namespace = `mutated-${at}`;
    try {
      await Promise.all([register(sides.hub, one, namespace), register(sides.kube, one, namespace)]);
      expect(await compareSequence(sides, { name: one.name, steps: one.steps }, namespace)).toEqual([]);
    } finally {
      await Promise.all([unregister(sides.hub, namespace), unregister(sides.kube, namespace)]);
    }
  });
});

/** A mutation of its own tells when the policy is in force. */
const probeOf = (name: string) => ({
  patchType: 'JSONPatch',
  jsonPatch: {
    expression: `has(object.metadata.annotations) && 'probe' in object.metadata.annotations
      ? [JSONPatch{op: "add", path: "/metadata/annotations/probe", value: "${name} is in force"}] : []`,
  },
});

async function register(side: Side, one: MutatingPolicyCase, name: string): Promise<void> {
  const { resources = 'configmaps', mutations, spec, binding } = one;
  const deployments = resources === 'deployments';
  const rule = {
    apiGroups: [deployments ? 'apps' : ''],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources: [resources],
  };
  const policy = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      reinvocationPolicy: 'Never',
      matchConstraints: { resourceRules: [rule] },
      mutations: [probeOf(name), ...mutations],
      ...spec,
    },
  };
  const bound = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, ...binding },
  };
  for (const [url, body] of [
    ['mutatingadmissionpolicies', policy],
    ['mutatingadmissionpolicybindings', bound],
  ] as const) {
    const answer = await side.ask(post(`${GROUP}/${url}`, body));
    expect(answer.status, answer.text).toBe(201);
  }
  const annotated = { annotations: { probe: 'yes' } };
  const probe = deployments
    ? post('/apis/apps/v1/namespaces/default/deployments?dryRun=All', deployment('probe', {}, annotated))
    : post('/api/v1/namespaces/default/configmaps?dryRun=All', configMap('probe', { data: { p: '1' } }, annotated));
  let last = '';
  await waitFor(
    'the policy to be in force',
    async () => {
      const { text } = await side.ask(probe);
      last = text;
      return text.includes(`${name} is in force`) || text.includes(`policy '${name}'`);
    },
    { timeoutMs: 10_000 },
  ).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}: ${last}`);
  });
}

async function unregister(side: Side, name: string): Promise<void> {
  for (const kind of ['mutatingadmissionpolicybindings', 'mutatingadmissionpolicies'])
    await side.ask({ method: 'DELETE', url: `${GROUP}/${kind}/${name}` });
}
