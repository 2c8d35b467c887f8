import { describe, expect, it } from 'vitest';
import { choose } from '../../src/placement/choose.ts';
import { explain, unplaceableMessage } from '../../src/placement/explain.ts';
import { calm, cluster, policy, workload } from './facts.ts';

const requests = { cpu: 0, memory: 0, pods: 1 };

describe('explain', () => {
  it('names the policy, the places and every cluster’s reason', () => {
    const decision = choose(
      policy({ minClusters: 3 }),
      workload(),
      [cluster('east'), cluster('west', { unschedulable: true })],
      new Map(),
      calm,
    );
    expect(explain('web', { rule: 'policy', source: undefined, decision, requests })).toEqual({
      summary: '"web" is placed in east by default placement, 2 fewer than minClusters asks for',
      clusters: [
        { name: 'east', chosen: true, reason: 'Spread score 100, 4 replicas' },
        { name: 'west', chosen: false, reason: 'it is cordoned (spec.unschedulable)' },
      ],
    });
  });

  it('says why something is nowhere, equal reasons once', () => {
    const sick = { health: 'Unhealthy', healthReason: 'connection refused' } as const;
    const clusters = [cluster('a', sick), cluster('b', sick), cluster('c', { serves: new Set() })];
    const { reasons } = choose(policy(), workload(), clusters, new Map(), calm);
    expect(unplaceableMessage('web', reasons)).toBe(
      'Cannot place "web": no ready cluster fits (2 clusters: it is Unhealthy: connection refused; c: it does not serve deployments.apps)',
    );
    expect(unplaceableMessage('web', [])).toBe('Cannot place "web": the workspace may use no cluster');
  });

  it('tells followers and what is not placed apart', () => {
    expect(explain('cm', { rule: 'follows', targets: [], because: [] }).summary).toMatch(
      /nothing that is placed needs it/,
    );
    const targets = [{ key: 'k', name: 'east', replicas: undefined }];
    expect(explain('cm', { rule: 'follows', targets, because: ['x', 'y'] })).toEqual({
      summary: '"cm" follows 2 other objects',
      clusters: [{ name: 'east', chosen: true, reason: 'needed there' }],
    });
    expect(explain('ns', { rule: 'unmanaged' }).clusters).toEqual([]);
  });
});
