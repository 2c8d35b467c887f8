/** Moving work that runs to a better place: the decision as a table, and over a hub and two clusters. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOVED_AT_ANNOTATION, STATE_LABEL_PREFIX } from '../../src/hub/kinds/workload.ts';
import { WORKLOAD_PLACEMENT } from '../../src/hub/kinds/workload-placement.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { parseLabelSelector } from '../../src/kube/selector.ts';
import { choose } from '../../src/placement/choose.ts';
import type { ClusterFacts, PlacementPolicy, Workload } from '../../src/placement/model.ts';
import { rebalanceOf } from '../../src/placement/rebalance.ts';
import { copies, DEPLOYMENTS, deployment, type Line, rollOut, startLine, until } from '../sync/line.ts';
import { calm, cluster, NOW, policy, room, workload } from './facts.ts';

describe('rebalanceOf', () => {
  const object = (movedAt: number | undefined, kind = 'Deployment', placed = true): KubeObject => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: {
      labels: placed ? { [`${STATE_LABEL_PREFIX}a`]: 'Sync' } : {},
      annotations: movedAt === undefined ? {} : { [MOVED_AT_ANNOTATION]: new Date(movedAt).toISOString() },
    },
  });
  it.each<[string, number | undefined, KubeObject, object | undefined]>([
    ['no policy asks for it', undefined, object(undefined), undefined],
    ['it was never moved', 60_000, object(undefined), { due: true, againMs: 60_000 }],
    ['it was moved a moment ago', 60_000, object(NOW - 10_000), { due: false, againMs: 50_000 }],
    ['its cool-down has passed', 60_000, object(NOW - 60_000), { due: true, againMs: 60_000 }],
    ['it has none', 0, object(NOW), { due: true, againMs: 10_000 }],
    ['it is nowhere yet', 60_000, object(undefined, 'Deployment', false), undefined],
    ['two of it must not run at once', 60_000, object(undefined, 'StatefulSet'), undefined],
  ])('when %s', (_what, rebalanceMs, one, expected) => {
    const asked = rebalanceMs === undefined ? policy() : policy({ rebalanceMs });
    expect(rebalanceOf(asked, one, NOW)).toEqual(expected);
  });
});

describe('a decision', () => {
  const due = { due: true, againMs: 60_000 };
  const one: Partial<Workload> = { replicas: 1, requests: { cpu: 4_000, memory: 0, pods: 1 } };
  it.each<[string, Partial<PlacementPolicy>, ClusterFacts[], object | undefined, string]>([
    [
      'stays without',
      { strategy: 'LeastLoaded' },
      [cluster('a', room(10_000, 9_000)), cluster('b', room(10_000, 0))],
      undefined,
      'a',
    ],
    [
      'stays in its cool-down',
      { strategy: 'LeastLoaded' },
      [cluster('a', room(10_000, 9_000)), cluster('b', room(10_000, 0))],
      { due: false, againMs: 1 },
      'a',
    ],
    [
      'moves to clearly more room',
      { strategy: 'LeastLoaded' },
      [cluster('a', room(10_000, 9_000)), cluster('b', room(10_000, 0))],
      due,
      'b',
    ],
    [
      'stays where the other is better by little',
      { strategy: 'LeastLoaded' },
      [cluster('a', room(10_000, 4_500)), cluster('b', room(10_000, 0))],
      due,
      'a',
    ],
    [
      'is not driven away by its own load',
      { strategy: 'LeastLoaded' },
      [cluster('a', room(10_000, 4_000)), cluster('b', room(10_000, 1_000))],
      due,
      'a',
    ],
    [
      'moves to what is preferred',
      { maxClusters: 1, preferences: [{ weight: 50, selector: parseLabelSelector('tier=gold') }] },
      [cluster('a'), cluster('b', { labels: { tier: 'gold' } })],
      due,
      'b',
    ],
    ['does not move for another turn', { strategy: 'RoundRobin' }, [cluster('a'), cluster('b')], due, 'a'],
    ['does not move for luck', { strategy: 'Random' }, [cluster('a'), cluster('b')], due, 'a'],
  ])('%s', (_what, over, clusters, rebalance, expected) => {
    const circumstances = {
      ...calm,
      turn: 1,
      ...(rebalance === undefined ? {} : { rebalance: rebalance as typeof due }),
    };
    const { targets, reconsiderAfterMs } = choose(
      policy(over),
      workload(one),
      clusters,
      new Map([['key-a', 1]]),
      circumstances,
    );
    expect(targets.map(({ name }) => name)).toEqual([expected]);
    expect(reconsiderAfterMs).toBe((rebalance as typeof due | undefined)?.againMs);
  });
});

describe('a cool-down', () => {
  it.each<[object, string[]]>([
    [{ rebalance: { enabled: true, coolDown: '10m' }, failover: { gracePeriod: '0s' } }, []],
    [{ rebalance: { coolDown: 'soon' } }, ['spec.rebalance.coolDown']],
    [
      { rebalance: { coolDown: '-1s' }, failover: { gracePeriod: '5' } },
      ['spec.rebalance.coolDown', 'spec.failover.gracePeriod'],
    ],
  ])('is checked: %j', (spec, fields) => {
    const object = { apiVersion: 'tmc.kcp.io/v1alpha1', kind: 'WorkloadPlacement', metadata: {}, spec };
    expect(WORKLOAD_PLACEMENT.validate?.(object, undefined)?.map(({ field }) => field)).toEqual(fields);
  });
});

describe('work that runs', () => {
  let line: Line;
  beforeEach(async () => {
    line = await startLine();
  });
  afterEach(() => line.close());
  const names = async (target: Line['east']) =>
    (await copies(target, DEPLOYMENTS)).map(({ metadata }) => metadata.name);
  const prefer = (rebalance: object): KubeObject => ({
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'WorkloadPlacement',
    metadata: { name: 'gold' },
    spec: {
      maxClusters: 1,
      rebalance,
      preferences: [{ weight: 50, clusterSelector: { matchLabels: { tier: 'gold' } } }],
    },
  });
  const label = (name: string): Promise<KubeObject> =>
    line.hub.client.create<KubeObject>(
      'root',
      { group: 'workload.kcp.io', resource: 'synctargets' },
      {
        apiVersion: 'workload.kcp.io/v1alpha1',
        kind: 'SyncTarget',
        metadata: { name, labels: { tier: 'gold' } },
        spec: {},
      },
    );

  it('moves when a better place is there, once the new one is ready, and then stays for its cool-down', async () => {
    const policies = { group: 'tmc.kcp.io', resource: 'workloadplacements' };
    await line.hub.client.create('root', policies, prefer({ enabled: false }));
    await line.hub.client.create('root', DEPLOYMENTS, deployment('web', 2));
    const first = await until('a place', async () => {
      if ((await names(line.east)).length > 0) return 'east';
      return (await names(line.west)).length > 0 ? 'west' : undefined;
    });
    const [from, to] = first === 'east' ? [line.east, line.west] : [line.west, line.east];
    await rollOut(from);
    await label(first === 'east' ? 'west' : 'east');
    await line.controllers.whenIdle();
    expect([await names(from), await names(to)]).toEqual([['web'], []]);

    await line.hub.client.patch(
      { workspace: 'root', ...policies, name: 'gold' },
      { type: 'merge', body: { spec: { rebalance: { enabled: true, coolDown: '1h' } } } },
    );
    await until('the new copy', async () => (await names(to)).length === 1);
    expect(await names(from)).toEqual(['web']);
    await rollOut(to);
    await until('the old one to go', async () => (await names(from)).length === 0);
    const web = await line.hub.client.get({ workspace: 'root', ...DEPLOYMENTS, namespace: 'default', name: 'web' });
    expect(web?.metadata.annotations?.[MOVED_AT_ANNOTATION]).toMatch(/^\d{4}-/);
    expect((await copies(to, DEPLOYMENTS))[0]?.metadata.annotations).not.toHaveProperty(MOVED_AT_ANNOTATION);
  });
});
