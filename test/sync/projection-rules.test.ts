/** What ResourceProjections say of copies, between a hub and two clusters, with all controllers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceProjection } from '../../src/hub/kinds/resource-projection.ts';
import { CLUSTER_STATUSES_ANNOTATION, RESOLVE_CONFLICT_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { copies, DEPLOYMENTS, deployment, EVENTS, type Line, rollOut, startLine, until } from './line.ts';

const PROJECTIONS = { group: 'tmc.kcp.io', resource: 'resourceprojections' };
const WEB = { workspace: 'root', ...DEPLOYMENTS, namespace: 'default', name: 'web' };
let line: Line;
beforeEach(async () => {
  line = await startLine();
});
afterEach(() => line.close());

const project = (spec: Partial<ResourceProjection['spec']>): Promise<KubeObject> =>
  line.hub.client.create<KubeObject>('root', PROJECTIONS, {
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ResourceProjection',
    metadata: { name: 'rules' },
    spec: { resources: [DEPLOYMENTS], ...spec },
  });
const reproject = (spec: Partial<ResourceProjection['spec']>): Promise<KubeObject> =>
  line.hub.client.patch({ workspace: 'root', ...PROJECTIONS, name: 'rules' }, { type: 'merge', body: { spec } });
const authored = async (): Promise<KubeObject> => (await line.hub.client.get(WEB)) as KubeObject;

const copyIn = async (cluster: Line['east']): Promise<KubeObject | undefined> =>
  (await copies(cluster, DEPLOYMENTS))[0];
const imageOf = (object: KubeObject | undefined): string | undefined =>
  (object?.spec as { template: { spec: { containers: { image: string }[] } } } | undefined)?.template.spec.containers[0]
    ?.image;
const images = (east: string, west: string) =>
  until(`images ${east} and ${west}`, async () => {
    const found = [imageOf(await copyIn(line.east)), imageOf(await copyIn(line.west))];
    return JSON.stringify(found) === JSON.stringify([east, west]);
  });
const setImage = (image: string) => [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }];
const driftIn = async ({ cluster }: Line['east'], image: string): Promise<void> => {
  const { namespace = '', name = '' } =
    (await copyIn(cluster === line.east.cluster ? line.east : line.west))?.metadata ?? {};
  await cluster.client.patch(
    { workspace: 'root', ...DEPLOYMENTS, namespace, name },
    { type: 'json', body: setImage(image) },
    { fieldManager: 'somebody' },
  );
};
/** Nothing can be waited for where nothing is to happen: a later change of the same copy is. */
const settled = async (): Promise<void> => {
  for (const cluster of [line.east, line.west]) {
    const { namespace = '', name = '' } = (await copyIn(cluster))?.metadata ?? {};
    await cluster.cluster.client.patch(
      { workspace: 'root', ...DEPLOYMENTS, namespace, name },
      { type: 'merge', body: { metadata: { annotations: { seen: 'yes' } } } },
    );
  }
  await line.controllers.whenIdle();
};

describe('conflict', () => {
  beforeEach(async () => {
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
    await images('nginx:1', 'nginx:1');
  });

  it('FirstWriter, the default, puts back what the workspace wrote', async () => {
    await driftIn(line.east, 'drifted:1');
    await images('nginx:1', 'nginx:1');
  });

  it('LastWriter leaves the cluster its word until the workspace says something new', async () => {
    await project({ conflict: 'LastWriter' });
    await line.controllers.whenIdle();
    await driftIn(line.east, 'drifted:1');
    await settled();
    await images('drifted:1', 'nginx:1');
    await line.hub.client.patch(WEB, { type: 'json', body: setImage('nginx:2') });
    await images('nginx:2', 'nginx:2');
    await driftIn(line.east, 'drifted:2');
    await settled();
    await reproject({ conflict: 'FirstWriter' });
    await images('nginx:2', 'nginx:2');
  });

  it('ClusterWeight leaves it to clusters that weigh more than the workspace', async () => {
    await project({ conflict: 'ClusterWeight', weights: { west: 2 } });
    await line.controllers.whenIdle();
    await driftIn(line.west, 'drifted:1');
    await driftIn(line.east, 'drifted:1');
    await images('nginx:1', 'drifted:1');
  });

  it('Manual writes nothing over what others hold, says so, and goes on when it is decided', async () => {
    await project({ conflict: 'Manual' });
    await line.controllers.whenIdle();
    await rollOut(line.east);
    await rollOut(line.west);
    await driftIn(line.east, 'drifted:1');
    const message = 'east: .spec.template.spec.containers[name="main"].image is held by "somebody"';
    const conflicted = async () =>
      ((await authored()).status as { conditions?: { type: string }[] })?.conditions?.find(
        ({ type }) => type === 'SyncConflict',
      );
    expect(await until('the condition', conflicted)).toMatchObject({
      status: 'True',
      reason: 'DecisionNeeded',
      message,
    });
    await until('the Event', async () =>
      (await line.hub.client.list('root', EVENTS)).items.some(
        ({ object }) => object.reason === 'SyncConflict' && object.message === message,
      ),
    );
    await line.hub.client.patch(WEB, { type: 'json', body: setImage('nginx:2') });
    await images('drifted:1', 'nginx:2');
    const decide = (annotations: Record<string, string | null>) =>
      line.hub.client.patch(WEB, { type: 'merge', body: { metadata: { annotations } } });
    await decide({ [RESOLVE_CONFLICT_ANNOTATION]: 'Workspace' });
    await images('nginx:2', 'nginx:2');
    await until('the condition to go', async () => (await conflicted()) === undefined);
    expect((await copyIn(line.east))?.metadata.annotations).not.toHaveProperty(RESOLVE_CONFLICT_ANNOTATION);
    expect(Object.keys((await authored()).metadata.annotations ?? {}).join()).not.toContain('conflict.workload');
  });

  it('Manual ends where the workspace agrees', async () => {
    await project({ conflict: 'Manual' });
    await line.controllers.whenIdle();
    await driftIn(line.west, 'drifted:1');
    await until('the conflict', async () =>
      Object.keys((await authored()).metadata.annotations ?? {}).some((name) => name.startsWith('conflict.workload')),
    );
    await line.hub.client.patch(WEB, { type: 'json', body: setImage('drifted:1') });
    await images('drifted:1', 'drifted:1');
    await until('it to be over', async () =>
      Object.keys((await authored()).metadata.annotations ?? {}).every((name) => !name.startsWith('conflict.workload')),
    );
  });
});

describe('status', () => {
  const replicas = async () => (await authored()).status as { replicas?: number } | undefined;
  const shows = (expected: number) =>
    until(`${expected} replicas`, async () => (await replicas())?.replicas === expected);

  it('is the sum, of the heaviest cluster alone, or the sum with each beside it', async () => {
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 5));
    await until(
      'copies',
      async () => (await copyIn(line.east)) !== undefined && (await copyIn(line.west)) !== undefined,
    );
    await rollOut(line.east);
    await rollOut(line.west);
    await shows(5);
    const own = async (cluster: Line['east']) =>
      ((await copies(cluster, DEPLOYMENTS))[0]?.spec as { replicas: number } | undefined)?.replicas ?? 0;
    await project({ status: 'Primary', weights: { west: 9 } });
    await shows(await own(line.west));
    await reproject({ weights: { east: 10 } });
    await shows(await own(line.east));
    await reproject({ status: 'Combined' });
    await shows(5);
    const combined = await until(
      'statuses side by side',
      async () => (await authored()).metadata.annotations?.[CLUSTER_STATUSES_ANNOTATION],
    );
    const statuses = JSON.parse(combined) as Record<string, { replicas: number }>;
    expect(Object.keys(statuses)).toEqual(['east', 'west']);
    expect(statuses.west?.replicas).toBe(await own(line.west));
    expect((await copyIn(line.east))?.metadata.annotations).not.toHaveProperty(CLUSTER_STATUSES_ANNOTATION);
    await reproject({ status: 'Aggregated' });
    await until(
      'no annotation',
      async () => (await authored()).metadata.annotations?.[CLUSTER_STATUSES_ANNOTATION] === undefined,
    );
  });

  it('is of the own workspace: another one does not change it', async () => {
    await line.hub.client.create('root:other', PROJECTIONS, {
      apiVersion: 'tmc.kcp.io/v1alpha1',
      kind: 'ResourceProjection',
      metadata: { name: 'rules' },
      spec: { resources: [{ group: '*', resource: '*' }], status: 'Primary', conflict: 'LastWriter' },
    } as KubeObject);
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 4));
    await images('nginx:1', 'nginx:1');
    await rollOut(line.east);
    await rollOut(line.west);
    await shows(4);
    await driftIn(line.east, 'drifted:1');
    await images('nginx:1', 'nginx:1');
  });
});
