import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import {
  compilePolicy,
  governingPolicy,
  PLACEMENTS,
  singlesOut,
  WORKLOAD_PLACEMENTS,
} from '../../src/placement/policy-source.ts';

const DEPLOYMENTS = { group: 'apps', resource: 'deployments' };
const SECRETS = { group: '', resource: 'secrets' };
const web: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
};
const placement = (name: string, spec: object = {}, created = '2026-01-01T00:00:00Z') =>
  compilePolicy('root', PLACEMENTS, {
    apiVersion: 'placement.kcp.io/v1alpha1',
    kind: 'Placement',
    metadata: { name, creationTimestamp: created },
    spec,
  });
const workloadPlacement = (name: string, spec: object) =>
  compilePolicy('root', WORKLOAD_PLACEMENTS, {
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'WorkloadPlacement',
    metadata: { name },
    spec,
  });

describe('governingPolicy', () => {
  it.each<[string, ReturnType<typeof placement>[], string | undefined]>([
    ['nothing selects it', [placement('a', { workloadSelector: { matchLabels: { app: 'other' } } })], undefined],
    [
      'the kind is not listed',
      [placement('a', { workloadSelector: { resources: [{ resource: 'pods' }] } })],
      undefined,
    ],
    [
      'another namespace is meant',
      [placement('a', { namespaceSelector: { matchLabels: { env: 'prod' } } })],
      undefined,
    ],
    ['its namespace is meant', [placement('a', { namespaceSelector: { matchLabels: { env: 'dev' } } })], 'a'],
    ['priorities differ', [placement('a'), placement('b', { priority: 1 })], 'b'],
    ['ages differ', [placement('a'), placement('b', {}, '2025-01-01T00:00:00Z')], 'b'],
    ['names differ', [placement('b'), placement('a')], 'a'],
    ['kinds differ', [placement('a'), workloadPlacement('z', {})], 'z'],
  ])('when %s', (_name, sources, expected) => {
    const found = governingPolicy(sources, DEPLOYMENTS, web, { env: 'dev' });
    expect(found?.object.metadata.name).toBe(expected);
  });

  it('takes Secrets along only when they are named or labelled', () => {
    expect(singlesOut(placement('a'), SECRETS)).toBe(false);
    expect(singlesOut(placement('a', { workloadSelector: { matchLabels: { sync: 'yes' } } }), SECRETS)).toBe(true);
    expect(singlesOut(placement('a', { workloadSelector: { resources: [{ resource: 'secrets' }] } }), SECRETS)).toBe(
      true,
    );
  });
});

describe('compilePolicy', () => {
  it('reads all of a WorkloadPlacement', () => {
    const { policy, priority } = workloadPlacement('full', {
      priority: 3,
      strategy: 'Balanced',
      clusters: ['east'],
      minClusters: 1,
      maxClusters: 2,
      clusterSelector: { matchLabels: { tier: 'gold' } },
      preferences: [{ weight: 5, clusterSelector: { matchLabels: { near: 'yes' } } }],
      affinity: { clusterAntiAffinity: { preferred: [{ weight: 7, selector: { matchLabels: { old: 'yes' } } }] } },
      spreadConstraints: [{ topologyKey: 'zone' }],
      replicas: { division: 'Weighted', weights: { east: 3 } },
      failover: { gracePeriod: '1m30s', alternatives: ['west'] },
      overrides: [{ clusters: ['east'], patch: [{ op: 'remove', path: '/paused' }] }],
      parameters: { region: 'eu' },
    });
    expect(priority).toBe(3);
    expect(policy).toMatchObject({
      name: 'WorkloadPlacement "full"',
      strategy: 'Balanced',
      clusterNames: new Set(['east']),
      minClusters: 1,
      maxClusters: 2,
      preferences: [{ weight: 5 }],
      clusterAntiAffinity: { preferred: [{ weight: -7 }] },
      spreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
      replicaWeights: { east: 3 },
      evictionGraceMs: 90_000,
      alternatives: new Set(['west']),
      overrides: [{ clusterNames: new Set(['east']), patch: [{ op: 'remove', path: '/paused' }] }],
      location: { region: 'eu' },
    });
  });

  it('never moves work where failover is switched off', () => {
    expect(workloadPlacement('x', { failover: { enabled: false } }).policy.evictionGraceMs).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});
