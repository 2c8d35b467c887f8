import { describe, expect, it } from 'vitest';
import { type Vote, verdictOf } from '../../../src/hub/kinds/health-rule.ts';
import { byWeight, DEFAULT_RULES, inOrder, rulesOf } from '../../../src/hub/kinds/projection-rules.ts';
import type { HealthPolicy, ResourceProjection } from '../../../src/hub/kinds/resource-projection.ts';

const PODS = { group: '', resource: 'pods' };
const projection = (name: string, spec: Partial<ResourceProjection['spec']>): ResourceProjection => ({
  apiVersion: 'tmc.kcp.io/v1alpha1',
  kind: 'ResourceProjection',
  metadata: { name },
  spec: { resources: [PODS], projection: 'All', ...spec },
});

describe('the rules of a kind', () => {
  it('are the defaults where nobody names it', () => {
    expect(rulesOf([projection('a', { merge: 'Latest', resources: [{ group: 'apps', resource: '*' }] })], PODS)).toBe(
      DEFAULT_RULES,
    );
  });

  it('are of the highest priority that says something, and weights are put together', () => {
    const all = inOrder([
      projection('c', { priority: 5, health: 'Any', weights: { east: 5 } }),
      projection('b', { merge: 'Latest', health: 'Majority', weights: { east: 1, west: 7 } }),
      projection('a', { merge: 'Priority', conflict: 'Manual', resources: [{ group: '*', resource: '*' }] }),
    ]);
    expect(all.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
    const { weight, ...rules } = rulesOf(all, PODS);
    expect(rules).toEqual({ merge: 'Latest', conflict: 'Manual', status: 'Aggregated', health: 'Any' });
    expect(['east', 'west', 'north'].map(weight)).toEqual([5, 7, 1]);
    expect(['north', 'south', 'east', 'west'].sort(byWeight({ weight }))).toEqual(['west', 'east', 'north', 'south']);
  });
});

describe('health', () => {
  const [up, down, silent]: Vote['well'][] = [true, false, undefined];
  it.each<[HealthPolicy, Vote['well'][], string]>([
    ['All', [], 'Unknown'],
    ['All', [up, up], 'True'],
    ['All', [up, silent], 'Unknown'],
    ['All', [down, silent], 'False'],
    ['Majority', [up, up, down], 'True'],
    ['Majority', [up, down], 'False'],
    ['Majority', [up, silent], 'Unknown'],
    ['Majority', [up, silent, down, down], 'False'],
    ['Any', [up, down, silent], 'True'],
    ['Any', [down, silent], 'Unknown'],
    ['Any', [down, down], 'False'],
  ])('%s of %j is %s', (policy, wells, expected) =>
    expect(
      verdictOf(
        policy,
        wells.map((well) => ({ well, weight: 1 })),
      ),
    ).toBe(expected),
  );

  it.each<[[Vote['well'], number][], string]>([
    [
      [
        [up, 3],
        [down, 2],
      ],
      'True',
    ],
    [
      [
        [up, 2],
        [down, 2],
      ],
      'False',
    ],
    [
      [
        [up, 2],
        [silent, 1],
        [down, 2],
      ],
      'Unknown',
    ],
    [
      [
        [up, 0],
        [silent, 0],
      ],
      'False',
    ],
  ])('Weighted of %j is %s', (votes, expected) =>
    expect(
      verdictOf(
        'Weighted',
        votes.map(([well, weight]) => ({ well, weight })),
      ),
    ).toBe(expected),
  );
});
