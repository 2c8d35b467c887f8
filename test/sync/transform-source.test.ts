/** ResourceTransforms between a hub and two clusters, with all controllers. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { copies, DEPLOYMENTS, deployment, EVENTS, type Line, startLine, until } from './line.ts';

const TRANSFORMS = { group: 'tmc.kcp.io', resource: 'resourcetransforms' };
let line: Line;
beforeEach(async () => {
  line = await startLine();
});
afterEach(() => line.close());

const transform = (name: string, transforms: object[], spec: object = {}): KubeObject => ({
  apiVersion: 'tmc.kcp.io/v1alpha1',
  kind: 'ResourceTransform',
  metadata: { name },
  spec: { resources: [DEPLOYMENTS], transforms, ...spec },
});
const author = (object: KubeObject): Promise<KubeObject> => line.hub.client.create('root', TRANSFORMS, object);
const ENV = { operation: 'Template', path: '/metadata/labels/env', template: 'on-{{ .cluster.name }}' };

const labelsIn = async (cluster: Line['east']): Promise<(string | undefined)[]> =>
  (await copies(cluster, DEPLOYMENTS)).map(({ metadata }) => metadata.labels?.env);
const shown = (east: unknown[], west: unknown[]) =>
  until(`env to be ${String(east)} and ${String(west)}`, async () => {
    const found = [await labelsIn(line.east), await labelsIn(line.west)];
    return JSON.stringify(found) === JSON.stringify([east, west]);
  });

it('differ by cluster, follow their transform, and go with it', async () => {
  await author(transform('env', [ENV]));
  await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
  await shown(['on-east'], ['on-west']);
  const authored = await line.hub.client.get({ workspace: 'root', ...DEPLOYMENTS, namespace: 'default', name: 'web' });
  expect(authored?.metadata.labels?.env).toBeUndefined();

  await author(
    transform('later', [{ operation: 'Set', path: '/metadata/labels/env', value: 'x' }], {
      priority: 1,
      clusters: ['west'],
    }),
  );
  await shown(['on-east'], ['x']);
  for (const name of ['env', 'later']) await line.hub.client.delete({ workspace: 'root', ...TRANSFORMS, name });
  await shown([null], [null]);
});

it('never reach another workspace', async () => {
  await line.hub.client.create('root:other', TRANSFORMS, transform('env', [ENV]));
  await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 2));
  await author(transform('marker', [{ operation: 'Set', path: '/metadata/labels/marker', value: 'y' }]));
  await until('the own transform to be applied', async () =>
    (await copies(line.east, DEPLOYMENTS)).some(({ metadata }) => metadata.labels?.marker === 'y'),
  );
  expect(await labelsIn(line.east)).toEqual([undefined]);
});

it('leave the last copy standing and are told in an Event where they cannot be applied, until they are mended', async () => {
  await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 2));
  await shown([null], [null]);
  const bad = { operation: 'Replace', path: '/spec/template/spec/nowhere/deep', value: 1 };
  await author(transform('bad', [ENV, bad]));
  const event = await until('an Event', async () =>
    (await line.hub.client.list('root', EVENTS)).items.find(({ object }) => object.reason === 'SyncInvalidTransform'),
  );
  expect(event.object).toMatchObject({
    type: 'Warning',
    message: 'ResourceTransform "bad" cannot Replace /spec/template/spec/nowhere/deep: there is no nowhere',
    involvedObject: { kind: 'Deployment', name: 'web' },
  });
  expect(await labelsIn(line.east)).toEqual([undefined]);
  await line.hub.client.patch(
    { workspace: 'root', ...TRANSFORMS, name: 'bad' },
    { type: 'merge', body: { spec: { transforms: [ENV] } } },
  );
  await shown(['on-east'], ['on-west']);
});

it('do not decide the replicas that placement divides', async () => {
  await author(transform('many', [{ operation: 'Set', path: '/spec/replicas', value: 9 }]));
  await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
  const replicas = async (cluster: Line['east']) =>
    (await copies(cluster, DEPLOYMENTS)).map(({ spec }) => (spec as { replicas: number }).replicas);
  await until('two and two', async () => String([await replicas(line.east), await replicas(line.west)]) === '2,2');
});
