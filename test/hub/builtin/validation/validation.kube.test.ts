/** What a real kube-apiserver says of invalid bodies and forbidden changes, beside what is said here. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/object.ts';
import type { Status } from '../../../../src/kube/status.ts';
import { startCluster } from '../../../kube/cluster.ts';
import type { KubeCluster } from '../../../kube/kube-cluster.ts';
import { SAMPLES } from '../../../support/builtin-samples.ts';
import { INVALID_SAMPLES } from '../../../support/invalid-samples.ts';
import recorded from './recorded-causes.json' with { type: 'json' };
import { causeTexts, validated } from './validated.ts';

let cluster: KubeCluster;

beforeAll(async () => {
  cluster = await startCluster({ name: 'validation', controllers: false });
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  for (const name of ['default', 'runner']) {
    await cluster.fetchOk(accounts, { method: 'POST', body: { metadata: { name } } });
  }
});
afterAll(async () => {
  await cluster?.stop();
});

const answers: Readonly<Record<string, readonly string[]>> = recorded;

// Causes that upstream finds declaratively, or in maps, come in no fixed order.
test.each(INVALID_SAMPLES.map((sample) => [sample.what, sample] as const))('%s', async (what, { path, object }) => {
  const { status, json } = await cluster.fetch<Status>(`${path}?dryRun=All`, { method: 'POST', body: object });
  expect(status).toBe(422);
  const theirs = causeTexts(json.details?.causes ?? []);
  expect(causeTexts(validated(object))).toEqual(theirs);
  expect(answers[what], 'recorded-causes.json').toEqual(theirs);
});

const sampleOf = (kind: string, name: string) => {
  const { path, object } = SAMPLES.find((one) => one.object.kind === kind && one.object.metadata.name === name)!;
  return { path: path.replace('/NS/', '/default/'), object };
};

type Change = (object: KubeObject & { spec: Record<string, unknown> }) => void;

test.each<[string, kind: string, name: string, Change]>([
  [
    'selector of a deployment',
    'Deployment',
    'minimal',
    ({ spec }) => {
      spec.selector = { matchLabels: { app: 'web', more: 'x' } };
      Object.assign((spec.template as KubeObject).metadata, { labels: { app: 'web', more: 'x' } });
    },
  ],
  ['service name of a stateful set', 'StatefulSet', 'minimal', ({ spec }) => Object.assign(spec, { serviceName: 'b' })],
  [
    'role of a binding',
    'RoleBinding',
    'minimal',
    (object) => {
      object.roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'other' };
    },
  ],
  ['type of a secret', 'Secret', 'typed', (object) => Object.assign(object, { type: 'example.com/other' })],
  [
    'cluster address of a service',
    'Service',
    'minimal',
    ({ spec }) => Object.assign(spec, { clusterIP: '10.96.0.250', clusterIPs: ['10.96.0.250'] }),
  ],
  [
    'provisioner of a storage class',
    'StorageClass',
    'sample',
    (object) => Object.assign(object, { provisioner: 'q', parameters: { a: 'b' }, reclaimPolicy: 'Retain' }),
  ],
  [
    'value of a priority class',
    'PriorityClass',
    'sample',
    (object) => Object.assign(object, { value: 8, preemptionPolicy: 'Never' }),
  ],
  [
    'duration of a lease',
    'Lease',
    'minimal',
    ({ spec }) => Object.assign(spec, { leaseDurationSeconds: 0, leaseTransitions: -1 }),
  ],
  [
    'address type of an endpoint slice',
    'EndpointSlice',
    'some',
    (object) =>
      Object.assign(object, { addressType: 'IPv6', endpoints: [{ addresses: [] }, { addresses: ['10.0.0.9'] }] }),
  ],
  [
    'controller of an ingress class',
    'IngressClass',
    'sample',
    ({ spec }) => Object.assign(spec, { controller: 'example.com/other' }),
  ],
  ['completions of a job', 'Job', 'minimal', ({ spec }) => Object.assign(spec, { completions: 3 })],
])('a change of the %s is refused in the same words', async (_, kind, name, change) => {
  const { path, object } = sampleOf(kind, name);
  const { status: _status, ...body } = object;
  const old = await cluster.fetchOk(path, { method: 'POST', body });
  const changed = structuredClone(old) as KubeObject & { spec: Record<string, unknown> };
  change(changed);
  const answer = await cluster.fetch<Status>(`${path}/${name}?dryRun=All`, { method: 'PUT', body: changed });
  expect(answer.status).toBe(422);
  expect(causeTexts(validated(changed, old))).toEqual(causeTexts(answer.json.details?.causes ?? []));
});
