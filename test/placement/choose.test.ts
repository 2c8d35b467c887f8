import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from '../../src/kube/selector.ts';
import { choose } from '../../src/placement/choose.ts';
import type { ClusterFacts, CurrentPlacement, PlacementPolicy, Workload } from '../../src/placement/model.ts';
import { STRATEGIES } from '../../src/placement/strategies.ts';
import { calm, cluster, NOW, policy, room, workload } from './facts.ts';

interface Case {
  readonly name: string;
  readonly policy?: Partial<PlacementPolicy>;
  readonly workload?: Partial<Workload>;
  readonly clusters: readonly ClusterFacts[];
  readonly current?: Readonly<Record<string, number | undefined>>;
  readonly turn?: number;
  readonly expected: Readonly<Record<string, number | undefined>>;
}

const east = cluster('east');
const west = cluster('west');

const minutes = 60_000;

const CASES: readonly Case[] = [
  { name: '4 replicas over 2 clusters are 2+2', clusters: [east, west], expected: { east: 2, west: 2 } },
  { name: '7 are 4+3', workload: { replicas: 7 }, clusters: [east, west], expected: { east: 4, west: 3 } },
  {
    name: 'scaling to 7 keeps the larger share where it is',
    workload: { replicas: 7 },
    clusters: [east, west],
    current: { east: 2, west: 3 },
    expected: { east: 3, west: 4 },
  },
  {
    name: 'scaling to nothing keeps the clusters',
    workload: { replicas: 0 },
    clusters: [east, west],
    current: { east: 2, west: 2 },
    expected: { east: 0, west: 0 },
  },
  {
    name: 'a selector narrows',
    policy: { clusterSelector: parseLabelSelector('tier=gold') },
    clusters: [east, cluster('gold', { labels: { tier: 'gold' } })],
    expected: { gold: 4 },
  },
  {
    name: 'maxClusters limits and keeps the cluster that has it',
    policy: { maxClusters: 1 },
    clusters: [east, west, cluster('north')],
    current: { west: 4 },
    expected: { west: 4 },
  },
  {
    name: 'minClusters raises a strategy that would take one',
    policy: { strategy: 'LeastLoaded', minClusters: 2 },
    clusters: [east, west, cluster('north', { placed: 5 })],
    expected: { east: 2, west: 2 },
  },
  {
    name: 'one replica goes to the emptier cluster',
    workload: { replicas: 1 },
    clusters: [cluster('east', { placed: 3 }), west],
    expected: { west: 1 },
  },
  {
    name: 'a cordoned cluster takes nothing new',
    clusters: [cluster('east', { unschedulable: true }), west],
    expected: { west: 4 },
  },
  {
    name: 'a cordoned cluster keeps what it has',
    clusters: [cluster('east', { unschedulable: true }), west],
    current: { east: 2, west: 2 },
    expected: { east: 2, west: 2 },
  },
  {
    name: 'a drained cluster loses what it has',
    clusters: [cluster('east', { unschedulable: true, evictAt: NOW - 1 }), west],
    current: { east: 2, west: 2 },
    expected: { west: 4 },
  },
  {
    name: 'a drained cluster keeps work that nothing else can take',
    clusters: [cluster('east', { evictAt: NOW - 1 }), cluster('west', { health: 'Unhealthy' })],
    current: { east: 4 },
    expected: { east: 4 },
  },
  {
    name: 'a short illness moves nothing',
    clusters: [cluster('east', { health: 'Unhealthy', unhealthySince: NOW - 4 * minutes }), west],
    current: { east: 2, west: 2 },
    expected: { east: 2, west: 2 },
  },
  {
    name: 'a long illness moves the work',
    clusters: [cluster('east', { health: 'Unhealthy', unhealthySince: NOW - 5 * minutes }), west],
    current: { east: 2, west: 2 },
    expected: { west: 4 },
  },
  {
    name: "a cluster's own patience is shorter",
    clusters: [
      cluster('east', { health: 'Unhealthy', unhealthySince: NOW - 2 * minutes, evictAfterMs: minutes }),
      west,
    ],
    current: { east: 2, west: 2 },
    expected: { west: 4 },
  },
  {
    name: "a policy's word counts more than the cluster's",
    policy: { evictionGraceMs: 10 * minutes },
    clusters: [
      cluster('east', { health: 'Unhealthy', unhealthySince: NOW - 2 * minutes, evictAfterMs: minutes }),
      west,
    ],
    current: { east: 2, west: 2 },
    expected: { east: 2, west: 2 },
  },
  {
    name: 'a cluster that is not ready gets nothing new',
    clusters: [cluster('east', { health: 'Unknown' }), west],
    expected: { west: 4 },
  },
  {
    name: 'NoSchedule keeps work out and lets running work be',
    clusters: [cluster('east', { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }), west],
    current: { east: 4 },
    expected: { east: 2, west: 2 },
  },
  {
    name: 'NoExecute evicts',
    clusters: [cluster('east', { taints: [{ key: 'gpu', value: 'h200', effect: 'NoExecute' }] }), west],
    current: { east: 4 },
    expected: { west: 4 },
  },
  {
    name: 'a toleration lets it in',
    policy: { tolerations: [{ key: 'gpu', value: 'h200', effect: 'NoExecute' }] },
    clusters: [cluster('east', { taints: [{ key: 'gpu', value: 'h200', effect: 'NoExecute' }] }), west],
    expected: { east: 2, west: 2 },
  },
  {
    name: 'a cluster that does not serve the kind is passed over',
    clusters: [cluster('east', { serves: new Set(['pods']) }), west],
    expected: { west: 4 },
  },
  {
    name: 'a full cluster is passed over',
    workload: { requests: { cpu: 500, memory: 0, pods: 1 } },
    clusters: [cluster('east', room(1_000, 800)), cluster('west', room(8_000, 0))],
    expected: { west: 4 },
  },
  {
    name: 'Spread does not overfill a small cluster',
    workload: { replicas: 10, requests: { cpu: 1_000, memory: 0, pods: 1 } },
    clusters: [cluster('east', room(2_000, 0)), cluster('west', room(64_000, 0))],
    expected: { east: 2, west: 8 },
  },
  {
    name: 'Pack fills the fuller cluster and overflows',
    policy: { strategy: 'Pack' },
    workload: { replicas: 5, requests: { cpu: 1_000, memory: 0, pods: 1 } },
    clusters: [cluster('east', room(8_000, 5_000)), cluster('west', room(8_000, 0))],
    expected: { east: 3, west: 2 },
  },
  {
    name: 'Balanced shares by free capacity',
    policy: { strategy: 'Balanced' },
    workload: { replicas: 8, requests: { cpu: 100, memory: 0, pods: 1 } },
    clusters: [cluster('east', room(16_000, 4_000)), cluster('west', room(8_000, 4_000))],
    expected: { east: 6, west: 2 },
  },
  {
    name: 'Balanced moves no running replica for the sake of load',
    policy: { strategy: 'Balanced' },
    workload: { replicas: 8, requests: { cpu: 100, memory: 0, pods: 1 } },
    clusters: [cluster('east', room(16_000, 15_000)), cluster('west', room(8_000, 0))],
    current: { east: 6, west: 2 },
    expected: { east: 6, west: 2 },
  },
  {
    name: 'LeastLoaded takes the emptiest',
    policy: { strategy: 'LeastLoaded' },
    clusters: [cluster('east', room(8_000, 4_000)), cluster('west', room(8_000, 1_000))],
    expected: { west: 4 },
  },
  {
    name: 'RoundRobin takes the next in turn',
    policy: { strategy: 'RoundRobin' },
    clusters: [west, east, cluster('north')],
    turn: 4,
    expected: { north: 4 },
  },
  {
    name: 'Affinity joins its neighbours',
    policy: { strategy: 'Affinity' },
    clusters: [cluster('east', { neighbours: 1 }), cluster('west', { neighbours: 3 })],
    expected: { west: 4 },
  },
  {
    name: 'LocationAware takes the zone, not only the region',
    policy: { strategy: 'LocationAware', location: { region: 'eu', zone: 'eu-b' } },
    clusters: [
      cluster('east', { location: { region: 'eu', zone: 'eu-a' } }),
      cluster('west', { location: { region: 'eu', zone: 'eu-b' } }),
    ],
    expected: { west: 4 },
  },
  {
    name: 'a single workload goes to one cluster, whatever minClusters says',
    policy: { minClusters: 2 },
    workload: { mode: 'single' },
    clusters: [cluster('east', { placed: 1 }), west],
    expected: { west: undefined },
  },
  {
    name: 'a copied object goes everywhere',
    workload: { mode: 'copy' },
    clusters: [east, west],
    expected: { east: undefined, west: undefined },
  },
  {
    name: 'a spread constraint takes one per zone',
    policy: {
      spreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
      maxClusters: 2,
    },
    clusters: [
      cluster('a1', { labels: { zone: 'a' } }),
      cluster('a2', { labels: { zone: 'a' } }),
      cluster('b1', { labels: { zone: 'b' }, placed: 9 }),
    ],
    current: { a1: 4 },
    expected: { a1: 2, b1: 2 },
  },
  {
    name: 'fixed shares divide by name and leave out those without',
    policy: { replicaWeights: { east: 3, west: 1 } },
    clusters: [east, west, cluster('north')],
    expected: { east: 3, west: 1 },
  },
  {
    name: 'a list of names narrows',
    policy: { clusterNames: new Set(['west']) },
    clusters: [east, west],
    expected: { west: 4 },
  },
  {
    name: 'required cluster affinity and anti-affinity',
    policy: {
      clusterAffinity: {
        required: [parseLabelSelector('tier=gold'), parseLabelSelector('tier=silver')],
        preferred: [],
      },
      clusterAntiAffinity: { required: [parseLabelSelector('old')], preferred: [] },
    },
    clusters: [
      east,
      cluster('gold', { labels: { tier: 'gold' } }),
      cluster('silver', { labels: { tier: 'silver', old: 'yes' } }),
    ],
    expected: { gold: 4 },
  },
  {
    name: 'preferences decide between equals',
    policy: { maxClusters: 1, preferences: [{ selector: parseLabelSelector('near'), weight: 10 }] },
    clusters: [east, west, cluster('north', { labels: { near: 'yes' } })],
    expected: { north: 4 },
  },
  {
    name: 'an alternative waits while another is there',
    policy: { alternatives: new Set(['west']) },
    clusters: [east, west],
    expected: { east: 4 },
  },
  {
    name: 'an alternative takes over when no other is left',
    policy: { alternatives: new Set(['west']) },
    clusters: [cluster('east', { health: 'Unhealthy', unhealthySince: NOW - 6 * minutes }), west],
    current: { east: 4 },
    expected: { west: 4 },
  },
  {
    name: 'work stays with a dead cluster where failover is switched off',
    policy: { evictionGraceMs: Number.POSITIVE_INFINITY },
    clusters: [cluster('east', { health: 'Unhealthy', unhealthySince: 0 }), west],
    current: { east: 2, west: 2 },
    expected: { east: 2, west: 2 },
  },
];

describe('choose', () => {
  it.each(CASES)('$name', ({ policy: over, workload: asked, clusters, current = {}, turn = 0, expected }) => {
    const now: CurrentPlacement = new Map(Object.entries(current).map(([name, replicas]) => [`key-${name}`, replicas]));
    const decision = choose(policy(over), workload(asked), clusters, now, { ...calm, turn });
    expect(Object.fromEntries(decision.targets.map(({ name, replicas }) => [name, replicas]))).toEqual(expected);
    expect(
      decision.reasons
        .filter(({ chosen }) => chosen)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.keys(expected).sort());
  });

  it('says for every cluster why', () => {
    const clusters = [
      cluster('a', { unschedulable: true }),
      cluster('b', { health: 'Unhealthy', healthReason: 'connection refused' }),
      cluster('c', { labels: { gpu: 'none' } }),
      cluster('d', { serves: new Set() }),
      cluster('e', { placed: 1 }),
    ];
    const { reasons } = choose(policy({ maxClusters: 1 }), workload(), clusters, new Map(), calm);
    expect(reasons.map(({ name, code }) => [name, code])).toEqual([
      ['a', 'Unschedulable'],
      ['b', 'NotReady'],
      ['c', undefined],
      ['d', 'NotServed'],
      ['e', 'NotNeeded'],
    ]);
    expect(reasons.every(({ message }) => message.length > 10)).toBe(true);
    expect(reasons.filter(({ chosen }) => chosen)).toHaveLength(1);
  });

  it("asks to be called again when a sick cluster's grace ends", () => {
    const sick = cluster('east', { health: 'Unhealthy', unhealthySince: NOW - 4 * minutes });
    const { reconsiderAfterMs } = choose(policy(), workload(), [sick, west], new Map([['key-east', 4]]), calm);
    expect(reconsiderAfterMs).toBe(minutes);
  });

  it('reports how many clusters are missing', () => {
    expect(choose(policy({ minClusters: 3 }), workload(), [east, west], new Map(), calm).shortOf).toBe(1);
  });

  it('takes a strategy that a user adds', () => {
    const mine = new Map(STRATEGIES).set('ByName', {
      summary: 'first by name',
      score: ({ position }) => 100 - position,
      count: 'one',
      weight: () => 1,
      weights: 'fixed',
    });
    const { targets } = choose(policy({ strategy: 'ByName' }), workload(), [west, east], new Map(), calm, mine);
    expect(targets.map(({ name }) => name)).toEqual(['east']);
  });

  it('holds for every strategy and state: replicas add up, no refused cluster is chosen, the answer is stable', () => {
    const anyCluster = fc.record({
      health: fc.constantFrom('Healthy', 'Degraded', 'Unhealthy', 'Unknown') as fc.Arbitrary<ClusterFacts['health']>,
      unschedulable: fc.boolean(),
      cpu: fc.integer({ min: 0, max: 64 }),
      placed: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyCluster, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(...STRATEGIES.keys()),
        fc.nat(40),
        fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
        (states, strategy, replicas, maxClusters) => {
          const clusters = states.map(({ cpu, ...facts }, at) =>
            cluster(`c${at}`, { ...facts, ...room(cpu * 1_000, 0) }),
          );
          const asked = workload({ replicas, requests: { cpu: 250, memory: 0, pods: 1 } });
          const rules = policy({ strategy, ...(maxClusters === undefined ? {} : { maxClusters }) });
          const first = choose(rules, asked, clusters, new Map(), calm);
          if (first.targets.length > 0)
            expect(first.targets.reduce((sum, target) => sum + (target.replicas ?? 0), 0)).toBe(replicas);
          if (maxClusters !== undefined) expect(first.targets.length).toBeLessThanOrEqual(maxClusters);
          for (const { key } of first.targets) {
            const chosen = clusters.find((candidate) => candidate.key === key);
            expect(chosen?.unschedulable).toBe(false);
            expect(['Healthy', 'Degraded']).toContain(chosen?.health);
          }
          const current = new Map(first.targets.map(({ key, replicas: share }) => [key, share]));
          const filled = clusters.map((one) => ({
            ...one,
            used: { cpu: 250 * (current.get(one.key) ?? 0), memory: 0, pods: current.get(one.key) ?? 0 },
          }));
          const second = choose(rules, asked, filled, current, calm);
          expect(second.targets.map(({ key }) => key)).toEqual(first.targets.map(({ key }) => key));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('places every replica over 1,000 clusters, whatever the strategy', () => {
    const clusters = Array.from({ length: 1_000 }, (_, at) =>
      cluster(`c${at}`, { ...room(64_000, at), labels: { zone: `z${at % 10}` } }),
    );
    for (const strategy of STRATEGIES.keys()) {
      const { targets } = choose(policy({ strategy }), workload({ replicas: 2_000 }), clusters, new Map(), calm);
      expect(targets.reduce((sum, { replicas = 0 }) => sum + replicas, 0)).toBe(2_000);
    }
  });
});
