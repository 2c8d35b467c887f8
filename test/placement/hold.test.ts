import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { holdUntilReady } from '../../src/placement/hold.ts';
import type { ClusterFacts } from '../../src/placement/model.ts';
import { cluster } from './facts.ts';

const key = (name: string) => `key-${name}`;
const placed = (replicas: Record<string, number>, ready: Record<string, number>, kind = 'Deployment'): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: {
    name: 'web',
    labels: Object.fromEntries(Object.keys(replicas).map((name) => [`state.workload.kcp.io/${key(name)}`, 'Sync'])),
    annotations: {
      ...Object.fromEntries(
        Object.entries(replicas).map(([name, value]) => [
          `experimental.spec-diff.workload.kcp.io/${key(name)}`,
          JSON.stringify([{ op: 'add', path: '/replicas', value }]),
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(ready).map(([name, readyReplicas]) => [
          `experimental.status.workload.kcp.io/${key(name)}`,
          JSON.stringify({ readyReplicas }),
        ]),
      ),
    },
  },
  spec: { replicas: 4 },
});
const west4 = [{ key: key('west'), name: 'west', replicas: 4 }];
const kept = (object: KubeObject, clusters: readonly ClusterFacts[] = [cluster('east'), cluster('west')]) =>
  holdUntilReady(object, west4, clusters).map(({ name, replicas }) => [name, replicas]);

describe('holdUntilReady', () => {
  it.each<[string, unknown[], unknown[]]>([
    [
      'the new place has nothing yet',
      kept(placed({ east: 4 }, { east: 4 })),
      [
        ['west', 4],
        ['east', 4],
      ],
    ],
    [
      'the new place is half up',
      kept(placed({ east: 4 }, { east: 4, west: 2 })),
      [
        ['west', 4],
        ['east', 4],
      ],
    ],
    ['the new place is up', kept(placed({ east: 4 }, { east: 4, west: 4 })), [['west', 4]]],
    [
      'the old place is dead',
      kept(placed({ east: 4 }, {}), [cluster('east', { health: 'Unhealthy' }), cluster('west')]),
      [['west', 4]],
    ],
    ['the old place may not be used any more', kept(placed({ east: 4 }, {}), [cluster('west')]), [['west', 4]]],
    ['two must not run at once', kept(placed({ east: 4 }, {}, 'StatefulSet')), [['west', 4]]],
    ['it was nowhere before', kept(placed({}, {})), [['west', 4]]],
  ])('when %s', (_name, found, expected) => {
    expect(found).toEqual(expected);
  });
});
