/** What a real kube-apiserver says of invalid bodies and forbidden changes, beside what is said here. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/kube/object.ts';
import type { Status, StatusCause } from '../../../../src/kube/status.ts';
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

/** Labels stay matched: only the selector's change is at fault. */
function withSelector(spec: Record<string, unknown>): void {
  const labels = { app: 'web', more: 'x' };
  spec.selector = { matchLabels: labels };
  Object.assign((spec.template as KubeObject).metadata, { labels });
}

function withImage(spec: Record<string, unknown>, image: string): void {
  const template = spec.template as { spec: { containers: { image: string }[] } };
  for (const container of template.spec.containers) container.image = image;
}

/** Without Go's structures and differences, which upstream prints where it cannot say what changed. */
const outlines = (causes: readonly StatusCause[]): string[] =>
  causeTexts(causes).map((text) =>
    text.replace(/Invalid value: [{[].*[}\]]: /, 'Invalid value: {…}: ').replace(/\n.*/s, ''),
  );

let created = 0;

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
  ['template of a job', 'Job', 'minimal', ({ spec }) => withImage(spec, 'other')],
  ['selector of a job', 'Job', 'minimal', ({ spec }) => Object.assign(spec, { completionMode: 'Indexed' })],
  ['selector of a replica set', 'ReplicaSet', 'minimal', ({ spec }) => withSelector(spec)],
  ['selector of a daemon set', 'DaemonSet', 'minimal', ({ spec }) => withSelector(spec)],
  ['selector of a stateful set', 'StatefulSet', 'minimal', ({ spec }) => withSelector(spec)],
  [
    'claims and order of a stateful set',
    'StatefulSet',
    'minimal',
    ({ spec }) => {
      const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      spec.volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: claim }];
      spec.podManagementPolicy = 'Parallel';
    },
  ],
  [
    'class of a claim',
    'PersistentVolumeClaim',
    'minimal',
    ({ spec }) => Object.assign(spec, { storageClassName: 'other', accessModes: ['ReadWriteMany'] }),
  ],
  [
    'size of a claim',
    'PersistentVolumeClaim',
    'minimal',
    ({ spec }) => Object.assign(spec, { resources: { requests: { storage: '1Mi' } } }),
  ],
  [
    'containers of a pod',
    'Pod',
    'pending',
    ({ spec }) => Object.assign(spec, { terminationGracePeriodSeconds: 5, hostNetwork: true }),
  ],
  ['deadline of a pod', 'Pod', 'pending', ({ spec }) => Object.assign(spec, { activeDeadlineSeconds: 0 })],
  ['completions of a job', 'Job', 'minimal', ({ spec }) => Object.assign(spec, { completions: 3 })],
])('a change of the %s is refused in the same words', async (_, kind, name, change) => {
  const { path, object } = sampleOf(kind, name);
  const { status: _status, ...sample } = object;
  const own = `${name}-${created++}`;
  const body = { ...sample, metadata: { ...sample.metadata, name: own } };
  const old = await cluster.fetchOk(path, { method: 'POST', body });
  const changed = structuredClone(old) as KubeObject & { spec: Record<string, unknown> };
  change(changed);
  const answer = await cluster.fetch<Status>(`${path}/${own}?dryRun=All`, { method: 'PUT', body: changed });
  expect(answer.status).toBe(422);
  expect(outlines(validated(changed, old))).toEqual(outlines(answer.json.details?.causes ?? []));
});
