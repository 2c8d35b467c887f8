import { expect, test } from 'vitest';
import { planDeployment, REVISION_ANNOTATION } from '../../src/embedded/deployment-plan.ts';
import type { Deployment, ReplicaSet } from '../../src/embedded/types.ts';

const NOW = '2026-01-01T00:00:00Z';

const deployment = (spec: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', uid: 'd', generation: 1 },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx:1' }] } },
    ...spec,
  },
});

const withImage = (image: string, spec: Partial<Deployment['spec']> = {}): Deployment =>
  deployment({
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
    ...spec,
  });

/** Carries plans out on sets whose pods become ready at once, until nothing changes; returns every state on the way. */
function settle(object: Deployment, sets: ReplicaSet[]): { sets: ReplicaSet[]; totals: number[]; available: number[] } {
  const totals: number[] = [];
  const available: number[] = [];
  for (let step = 0; step < 50; step++) {
    const plan = planDeployment(object, sets, NOW);
    if (!plan.create && plan.scale.size === 0 && !plan.annotate && plan.remove.length === 0)
      return { sets, totals, available };
    sets = [...sets, ...(plan.create ? [plan.create] : [])]
      .filter((set) => !plan.remove.includes(set))
      .map((set) => ({
        ...set,
        spec: { ...set.spec, replicas: plan.scale.get(set.metadata.name ?? '') ?? set.spec.replicas ?? 0 },
      }))
      .map((set) => {
        const replicas = set.spec.replicas ?? 0;
        const annotations = { ...set.metadata.annotations };
        if (plan.annotate?.name === set.metadata.name) annotations[REVISION_ANNOTATION] = plan.annotate?.revision ?? '';
        return {
          ...set,
          metadata: { ...set.metadata, annotations },
          status: { replicas, readyReplicas: replicas, availableReplicas: replicas },
        };
      });
    totals.push(sets.reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0));
    available.push(sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0));
  }
  throw new Error('does not settle');
}

test('a new Deployment makes one ReplicaSet of full size', () => {
  const plan = planDeployment(deployment(), [], NOW);
  expect(plan.create?.spec.replicas).toBe(4);
  expect(plan.create?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Deployment', uid: 'd', controller: true });
  expect(plan.create?.spec.selector.matchLabels).toHaveProperty('pod-template-hash');
});

test('a rolling update keeps within surge and unavailable and ends on the new set alone', () => {
  const before = settle(deployment(), []).sets;
  const { sets, totals, available } = settle(withImage('nginx:2'), before);
  expect(Math.max(...totals)).toBeLessThanOrEqual(5);
  expect(Math.min(...available)).toBeGreaterThanOrEqual(3);
  expect(sets.map((set) => [set.spec.template.spec.containers[0]?.image, set.spec.replicas])).toEqual([
    ['nginx:1', 0],
    ['nginx:2', 4],
  ]);
});

test('Recreate lets the old pods go before it makes new ones', () => {
  const spec = { strategy: { type: 'Recreate' as const } };
  const before = settle(withImage('nginx:1', spec), []).sets;
  const plan = planDeployment(withImage('nginx:2', spec), before, NOW);
  expect(plan.create?.spec.replicas).toBe(0);
  expect([...plan.scale.values()]).toEqual([0]);
  expect(settle(withImage('nginx:2', spec), before).sets.map((set) => set.spec.replicas)).toEqual([0, 4]);
});

test('going back to an old template takes its ReplicaSet up again under a new revision', () => {
  const first = settle(deployment(), []).sets;
  const second = settle(withImage('nginx:2'), first).sets;
  const back = settle(deployment(), second).sets;
  expect(back).toHaveLength(2);
  expect(back.map((set) => [set.metadata.annotations?.[REVISION_ANNOTATION], set.spec.replicas])).toEqual([
    ['3', 4],
    ['2', 0],
  ]);
});

test('revisionHistoryLimit removes the oldest empty sets', () => {
  let sets = settle(deployment({ revisionHistoryLimit: 1 }), []).sets;
  for (const image of ['nginx:2', 'nginx:3']) sets = settle(withImage(image, { revisionHistoryLimit: 1 }), sets).sets;
  expect(sets.map((set) => set.spec.template.spec.containers[0]?.image)).toEqual(['nginx:2', 'nginx:3']);
});

test('status sums the sets and says when the rollout is complete', () => {
  const before = settle(deployment(), []).sets;
  expect(planDeployment(deployment(), before, NOW).status).toMatchObject({
    replicas: 4,
    updatedReplicas: 4,
    availableReplicas: 4,
    conditions: [
      { type: 'Available', status: 'True' },
      { type: 'Progressing', reason: 'NewReplicaSetAvailable' },
    ],
  });
  expect(planDeployment(withImage('nginx:2'), before, NOW).status.conditions?.[1]?.reason).toBe('ReplicaSetUpdated');
});

test('a paused Deployment scales but does not roll', () => {
  const before = settle(deployment(), []).sets;
  const plan = planDeployment(withImage('nginx:2', { paused: true, replicas: 6 }), before, NOW);
  expect(plan.create).toBeUndefined();
  expect([...plan.scale.values()]).toEqual([6]);
});
