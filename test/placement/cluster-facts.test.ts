import { expect, it } from 'vitest';
import { SYNC_TARGET } from '../../src/hub/kinds/sync-target.ts';
import type { SyncTarget } from '../../src/hub/kinds/workload.ts';
import { clusterFacts } from '../../src/placement/cluster-facts.ts';
import { FakeCluster } from '../support/fake-cluster.ts';

const target = (evictAfter: string | undefined): SyncTarget => ({
  apiVersion: 'workload.kcp.io/v1alpha1',
  kind: 'SyncTarget',
  metadata: { name: 'east' },
  spec: evictAfter === undefined ? {} : { evictAfter },
});

it.each<[string | undefined, object]>([
  [undefined, { evictAt: undefined, evictAfterMs: undefined }],
  ['2026-01-01T00:00:00Z', { evictAt: Date.parse('2026-01-01T00:00:00Z'), evictAfterMs: undefined }],
  ['10m', { evictAt: undefined, evictAfterMs: 600_000 }],
  ['0', { evictAt: undefined, evictAfterMs: 0 }],
])('evictAfter %s is an instant or a patience', (evictAfter, expected) => {
  const east = new FakeCluster({ name: 'east', slot: 1, resources: [] });
  expect(clusterFacts(east, target(evictAfter), undefined, undefined)).toMatchObject(expected);
  expect(SYNC_TARGET.validate?.(target(evictAfter), undefined)).toEqual([]);
});

it.each(['soon', '5', '-1m', '2026', '2026-13-45T00:00:00Z'])('evictAfter %s is neither', (evictAfter) => {
  const [cause] = SYNC_TARGET.validate?.(target(evictAfter), undefined) ?? [];
  expect(cause).toMatchObject({
    field: 'spec.evictAfter',
    message: `Invalid value: "${evictAfter}": must be an RFC 3339 time, or a duration such as '10m'`,
  });
});
