/** Policies that are not there yet, over a hub and two clusters with all controllers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatObjectId } from '../../src/hub/object-id.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { policyToRehearse, rehearsalSummary } from '../../src/placement/rehearse.ts';
import { DEPLOYMENTS, deployment, type Line, NAMESPACES, PLACEMENTS, startLine, until } from '../sync/line.ts';

const NOW = '2026-01-01T00:00:00Z';
const placement = (name: string, spec: object): KubeObject => ({
  apiVersion: 'placement.kcp.io/v1alpha1',
  kind: 'Placement',
  metadata: { name },
  spec,
});
const one = { placementPolicy: { maxClusters: 1 } };

describe('a policy to rehearse', () => {
  it.each<[object, string]>([
    [{ kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'x' } }, 'spec.policy must be a Placement'],
    [{ ...placement('x', {}), apiVersion: 'v1' }, 'spec.policy must be a Placement'],
    [placement('', {}), 'spec.policy.metadata.name is required'],
    [
      placement('x', { placementPolicy: { minClusters: 2, maxClusters: 1 } }),
      'Placement.placement.kcp.io "x" is invalid: spec.placementPolicy.minClusters: Invalid value: 2: must not exceed maxClusters (1)',
    ],
    [placement('x', { priority: 'high' }), 'spec.priority: Invalid value: "string"'],
    [placement('X!', {}), 'metadata.name: Invalid value: "X!"'],
  ])('is refused as it would be at its creation: %j', (object, message) =>
    expect(() => policyToRehearse('root', object as KubeObject, NOW)).toThrow(message),
  );
});

describe('a rehearsal', () => {
  let line: Line;
  beforeAll(async () => {
    line = await startLine();
    await line.hub.client.create<KubeObject>('root:other', NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'default' },
    });
    for (const [name, workspace] of [
      ['web', 'root'],
      ['api', 'root'],
      ['web', 'root:other'],
    ] as const)
      await line.hub.client.create(workspace, DEPLOYMENTS, deployment(name, 4));
    await until('placed', async () => {
      const { items } = await line.hub.client.list('*', DEPLOYMENTS);
      return items.every(({ object }) => (object.metadata.finalizers ?? []).length === 2);
    });
    await line.controllers.whenIdle();
  });
  afterAll(() => line.close());
  const rehearse = (object: KubeObject) => line.controllers.placement.rehearse(policyToRehearse('root', object, NOW));

  it('names what would move in its workspace, and leaves everything as it is', async () => {
    const before = JSON.stringify(await line.hub.client.list('root', DEPLOYMENTS));
    const policy = policyToRehearse('root', placement('narrow', { ...one, syncTargetSelector: {} }), NOW);
    const rehearsal = await line.controllers.placement.rehearse(policy);
    expect(rehearsal).toEqual({
      concerned: 2,
      more: 0,
      changes: ['api', 'web'].map((name) => ({
        group: 'apps',
        resource: 'deployments',
        namespace: 'default',
        name,
        before: { east: 2, west: 2 },
        after: { east: 4 },
      })),
    });
    expect(rehearsalSummary(policy, rehearsal)).toBe(
      'Placement "narrow" would govern 2 objects and change where 2 objects of them are',
    );
    await line.controllers.whenIdle();
    expect(JSON.stringify(await line.hub.client.list('root', DEPLOYMENTS))).toBe(before);
  });

  it('counts what it would govern and not change, and nothing where another policy comes first', async () => {
    expect(await rehearse(placement('same', {}))).toEqual({ concerned: 2, more: 0, changes: [] });
    await line.hub.client.create('root', PLACEMENTS, placement('first', { priority: 10 }));
    await line.controllers.whenIdle();
    expect(await rehearse(placement('second', { ...one, priority: 9 }))).toMatchObject({ concerned: 0, changes: [] });
    expect((await rehearse(placement('first', { ...one, priority: 10 }))).changes).toHaveLength(2);
    // Of the same priority the older one governs: a changed policy is as old as it was.
    await line.hub.client.create('root', PLACEMENTS, placement('younger', { priority: 10 }));
    await line.controllers.whenIdle();
    expect((await rehearse(placement('first', { ...one, priority: 10 }))).changes).toHaveLength(2);
  });

  it('explains one object as it would be', () => {
    const id = formatObjectId({ resource: DEPLOYMENTS, workspace: 'root', namespace: 'default', name: 'web' });
    const policy = policyToRehearse('root', placement('narrow', { ...one, priority: 99 }), NOW);
    const found = line.controllers.placement.explain(id, policy);
    expect(found ?? id).toMatchObject({ rule: 'policy', decision: { targets: [{ name: 'east', replicas: 4 }] } });
  });
});
