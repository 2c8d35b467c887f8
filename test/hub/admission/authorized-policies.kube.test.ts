/** The same policies in the hub and in a kube-apiserver, with each side's own RBAC behind the authorizer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRbac } from '../../../auth/authorize.ts';
import type { HubClient } from '../../../src/hub/client.ts';
import { createHub } from '../../../src/hub/hub.ts';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import { waitFor } from '../../support/wait-for.ts';
import { compareSequence } from '../oracle/compare.ts';
import { hubSide, kubeSide, type Side } from '../oracle/sides.ts';
import { configMap, post } from '../oracle/step.ts';
import { JUDGED_CASES, type JudgedCase } from './authorized-policy-cases.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const stop = new AbortController();
let sides: { hub: Side; kube: Side };
beforeAll(async () => {
  sides = { hub: await authorizedHub(), kube: await kubeSide('authorized-policies') };
});
afterAll(async () => {
  stop.abort();
  await sides?.hub.close();
  await sides?.kube.close();
});

/** RBAC reads the hub that asks it. */
async function authorizedHub(): Promise<Side> {
  const store = openSqliteStore(':memory:');
  const reader = await createHub({ store, profile: 'hub' });
  const hub: Pick<HubClient, 'list' | 'watch'> = reader.client;
  const rbac = createRbac({ hub, rootWorkspace: 'root', signal: stop.signal });
  await rbac.whenReady();
  const side = await hubSide({
    store,
    authorize: (workspace, question) => rbac.authorize(workspace, { ...question, isResource: question.path === '' }),
  });
  return {
    ask: side.ask,
    async close() {
      await reader.close();
      await side.close();
    },
  };
}

describe('policies judge as in kube-apiserver', () => {
  test.each(JUDGED_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, one, at) => {
    const namespace = `judged-${at}`;
    const before = await compareSequence(sides, { name: one.name, steps: one.before ?? [] }, namespace);
    expect(before).toEqual([]);
    try {
      await Promise.all([register(sides.hub, one, namespace), register(sides.kube, one, namespace)]);
      expect(await compareSequence(sides, { name: one.name, steps: one.steps }, namespace)).toEqual([]);
    } finally {
      await Promise.all([unregister(sides.hub, namespace), unregister(sides.kube, namespace)]);
    }
  });
});

async function register(side: Side, { spec, binding, rule }: JudgedCase, name: string): Promise<void> {
  const probe = `${name}-probe`;
  const rules = [rule ?? { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
  const selected = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
  const own = JSON.parse(JSON.stringify(spec).replaceAll('{ns}', name)) as object;
  await create(side, name, { matchConstraints: { resourceRules: rules, ...selected }, ...own }, binding);
  // One that is made after it tells when both are in force.
  const asked = `object.metadata.name != '${probe}'`;
  const constraints = {
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
  };
  await create(side, probe, { matchConstraints: constraints, validations: [{ expression: asked }] });
  await waitFor(
    'the policy to be in force',
    async () =>
      (await side.ask(post('/api/v1/namespaces/default/configmaps?dryRun=All', configMap(probe)))).text.includes(
        `binding '${probe}'`,
      ),
    { timeoutMs: 20_000 },
  );
}

async function create(side: Side, name: string, spec: object, binding: object = {}): Promise<void> {
  const head = (kind: string) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name } });
  const policy = { ...head('ValidatingAdmissionPolicy'), spec };
  const bound = {
    ...head('ValidatingAdmissionPolicyBinding'),
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  };
  for (const [kind, body] of [
    ['validatingadmissionpolicies', policy],
    ['validatingadmissionpolicybindings', bound],
  ] as const) {
    const answer = await side.ask(post(`${GROUP}/${kind}`, body));
    expect(answer.status, answer.text).toBe(201);
  }
}

async function unregister(side: Side, name: string): Promise<void> {
  for (const own of [name, `${name}-probe`])
    for (const kind of ['validatingadmissionpolicybindings', 'validatingadmissionpolicies'])
      await side.ask({ method: 'DELETE', url: `${GROUP}/${kind}/${own}` });
}
