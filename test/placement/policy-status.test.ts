import { describe, expect, it } from 'vitest';
import { compilePolicy, PLACEMENTS } from '../../src/placement/policy-source.ts';
import { policyStatus } from '../../src/placement/policy-status.ts';
import { cluster, NOW } from './facts.ts';

const source = (placementPolicy: object, status: object = {}) =>
  compilePolicy('root', PLACEMENTS, {
    apiVersion: 'placement.kcp.io/v1alpha1',
    kind: 'Placement',
    metadata: { name: 'p', generation: 2 },
    spec: { placementPolicy, syncTargetSelector: { matchLabels: { tier: 'gold' } } },
    status,
  });
const gold = { labels: { tier: 'gold' } };
const clusters = [cluster('a', gold), cluster('b', gold), cluster('c')];
const placed = (...names: string[]) => new Map(names.map((name) => [`key-${name}`, undefined]));

describe('policyStatus', () => {
  it('tells where its workloads are, and of the other clusters why not', () => {
    expect(policyStatus(source({ maxClusters: 1 }), clusters, [placed('a'), placed('a')], NOW)).toMatchObject({
      conditions: [{ type: 'Ready', status: 'True', message: '2 workloads placed', observedGeneration: 2 }],
      selectedTargets: [{ name: 'a', reason: 'holds 2 workloads' }],
      rejectedTargets: [
        { name: 'b', reason: 'it was not needed: maxClusters is 1' },
        { name: 'c', reason: 'its labels do not match the selector "tier=gold"' },
      ],
    });
  });

  it.each<[string, object, Map<string, undefined>[], string]>([
    ['a workload has no place', {}, [placed('a'), placed()], 'NoFittingCluster'],
    ['there are too few clusters', { minClusters: 3 }, [placed('a', 'b')], 'TooFewClusters'],
    ['nobody knows its strategy', { strategy: 'Astrology' }, [placed('a')], 'UnknownStrategy'],
  ])('is not ready when %s', (_name, policy, targets, reason) => {
    expect(policyStatus(source(policy), clusters, targets, NOW).conditions).toMatchObject([
      { status: 'False', reason },
    ]);
  });

  it('keeps the time of a condition that stands', () => {
    const since = '2020-01-01T00:00:00Z';
    const before = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: since }] };
    expect(policyStatus(source({}, before), clusters, [placed('a')], NOW).conditions?.[0]?.lastTransitionTime).toBe(
      since,
    );
  });
});
