import { expect, test } from 'vitest';
import { defaultsFor } from '../../../../src/hub/builtin/defaults/defaults-for.ts';
import type { KubeObject } from '../../../../src/kube/object.ts';
import { parseApiVersion } from '../../../../src/kube/resource.ts';

type Fields = Record<string, unknown>;

function defaulted(apiVersion: string, kind: string, fields: Fields): KubeObject & { spec: Fields } {
  const object = { apiVersion, kind, metadata: { name: 'n' }, ...structuredClone(fields) } as KubeObject;
  defaultsFor({ ...parseApiVersion(apiVersion), kind })?.(object);
  return object as KubeObject & { spec: Fields };
}
const podSpec = (fields: Fields): Fields => defaulted('v1', 'Pod', { spec: fields }).spec;
const container = (fields: Fields): Fields =>
  (podSpec({ containers: [{ name: 'c', ...fields }] }).containers as Fields[])[0]!;

test.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['nginx:1.27', 'IfNotPresent'],
  ['registry.example.com:5000/team/web', 'Always'],
  ['registry.example.com:5000/team/web:v1', 'IfNotPresent'],
  [`web@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
  [`web:latest@sha256:${'0'.repeat(64)}`, 'Always'],
  ['Not An Image', 'IfNotPresent'],
])('image %s is pulled %s', (image, policy) => expect(container({ image }).imagePullPolicy).toBe(policy));

test('a policy that is given stays', () => {
  expect(container({ image: 'nginx', imagePullPolicy: 'Never' }).imagePullPolicy).toBe('Never');
});

test('requests follow limits in pods, and not in templates', () => {
  const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } };
  expect(container({ resources }).resources).toEqual({ ...resources, requests: { cpu: '500m', memory: '1Gi' } });
  const { spec } = defaulted('apps/v1', 'Deployment', {
    spec: { template: { spec: { containers: [{ name: 'c', resources }] } } },
  });
  expect((spec.template as { spec: { containers: Fields[] } }).spec.containers[0]?.resources).toEqual(resources);
});

test('quantities finer than a thousandth are rounded up', () => {
  expect(container({ resources: { limits: { cpu: '100u' } } }).resources).toMatchObject({ limits: { cpu: '1m' } });
});

test('a volume without source is an empty directory, and defaults of the schema hold everywhere', () => {
  const { volumes, containers } = podSpec({
    containers: [{ name: 'c', ports: [{ containerPort: 1 }] }],
    volumes: [{ name: 'v' }, { name: 'i', iscsi: { lun: 0 } }],
  }) as { volumes: Fields[]; containers: Fields[] };
  expect(volumes[0]).toEqual({ name: 'v', emptyDir: {} });
  expect(volumes[1]).toMatchObject({ iscsi: { iscsiInterface: 'default' } });
  expect(containers[0]?.ports).toEqual([{ containerPort: 1, protocol: 'TCP' }]);
});

test('both names of the service account are kept equal', () => {
  expect(podSpec({ serviceAccount: 'a' })).toMatchObject({ serviceAccountName: 'a', serviceAccount: 'a' });
});

test('a deployment rolls by a quarter unless it is recreated', () => {
  expect(defaulted('apps/v1', 'Deployment', { spec: {} }).spec).toMatchObject({
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  });
  const recreated = defaulted('apps/v1', 'Deployment', { spec: { replicas: 0, strategy: { type: 'Recreate' } } });
  expect(recreated.spec).toMatchObject({ replicas: 0, strategy: { type: 'Recreate' } });
  expect(recreated.spec.strategy).not.toHaveProperty('rollingUpdate');
});

test('a job counts to one unless it runs in parallel', () => {
  expect(defaulted('batch/v1', 'Job', { spec: {} }).spec).toMatchObject({ completions: 1, parallelism: 1 });
  expect(defaulted('batch/v1', 'Job', { spec: { parallelism: 2 } }).spec).not.toHaveProperty('completions');
});

test('a service targets its own port, and only a balanced one gets node ports', () => {
  const ports = [{ port: 80 }, { port: 53, targetPort: 'dns', protocol: 'UDP' }];
  const { spec } = defaulted('v1', 'Service', { spec: { ports } });
  expect(spec).toMatchObject({ type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' });
  expect(spec.ports).toEqual([
    { port: 80, targetPort: 80, protocol: 'TCP' },
    { port: 53, targetPort: 'dns', protocol: 'UDP' },
  ]);
  expect(spec).not.toHaveProperty('externalTrafficPolicy');
  expect(defaulted('v1', 'Service', { spec: { type: 'LoadBalancer', ports } }).spec).toMatchObject({
    allocateLoadBalancerNodePorts: true,
    externalTrafficPolicy: 'Cluster',
  });
});

test('a secret keeps no stringData', () => {
  const secret = defaulted('v1', 'Secret', { stringData: { a: 'hi' }, data: { a: 'eA==', b: 'eQ==' } });
  expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'aGk=', b: 'eQ==' } });
  expect(secret).not.toHaveProperty('stringData');
});

test('a namespace carries its name as a label', () => {
  expect(defaulted('v1', 'Namespace', {}).metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'n' });
});

test('defaulting twice changes nothing more, and unknown kinds have no defaults', () => {
  const once = defaulted('apps/v1', 'StatefulSet', { spec: { volumeClaimTemplates: [{ spec: {} }] } });
  const twice = structuredClone(once);
  defaultsFor({ group: 'apps', version: 'v1', kind: 'StatefulSet' })?.(twice);
  expect(twice).toEqual(once);
  expect(defaultsFor({ group: 'example.com', version: 'v1', kind: 'Thing' })).toBeUndefined();
});
