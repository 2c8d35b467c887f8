import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterChange, ClusterRegistry } from '../../src/clusters/downstream.ts';
import { CLUSTER_REGISTRATIONS, SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import { withPulledClusters } from '../../src/clusters/pulled-clusters.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import { HEARTBEAT_STALE_MS, isSilent, reportedHealth } from '../../src/clusters/reported-cluster.ts';
import type { ClusterRegistration, SyncTarget } from '../../src/hub/kinds/workload.ts';
import { rfc3339 } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryHub } from '../support/memory-hub.ts';
import { waitFor } from '../support/wait-for.ts';
import { register, syncTarget } from './fixtures.ts';

const NOW = 1_700_000_000_000;
const reported = (ready: 'True' | 'False' | 'Unknown', at: number, reason = 'ClusterHealthy'): SyncTarget => ({
  ...syncTarget('edge'),
  status: {
    conditions: [{ type: 'SyncerReady', status: ready, reason, message: 'as told', lastTransitionTime: rfc3339(NOW) }],
    lastSyncerHeartbeatTime: rfc3339(at),
    syncedResources: [{ group: 'apps', resource: 'deployments', versions: ['v1'], state: 'Accepted' }],
  },
});

describe('reportedHealth', () => {
  it.each([
    ['nothing yet', syncTarget('edge'), 'Unknown'],
    ['ready', reported('True', NOW), 'Healthy'],
    ['ready but degraded', reported('True', NOW, 'ClusterDegraded'), 'Degraded'],
    ['not ready', reported('False', NOW), 'Unhealthy'],
    ['ready, at the edge of too long ago', reported('True', NOW - HEARTBEAT_STALE_MS), 'Healthy'],
    ['ready, too long ago', reported('True', NOW - HEARTBEAT_STALE_MS - 1_000), 'Unhealthy'],
  ])('of a syncer that said %s: %s is judged', (_what, target, state) => {
    expect(reportedHealth(target, NOW).state).toBe(state);
  });

  it('leaves the word to the syncer for as long as it speaks', () => {
    expect(isSilent(reported('False', NOW), NOW)).toBe(false);
    expect(isSilent(reported('True', NOW - HEARTBEAT_STALE_MS - 1_000), NOW)).toBe(true);
    expect(isSilent(syncTarget('edge'), NOW)).toBe(true);
  });
});

describe('withPulledClusters', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function setUp() {
    const hub = new MemoryHub();
    const clock = new ManualClock();
    const pushed = createClusterRegistry({ hub, clock, log: silentLogger });
    const registry: ClusterRegistry = withPulledClusters(pushed, hub, clock);
    closers.push(
      () => pushed.close(),
      () => registry.close(),
    );
    const changes: string[] = [];
    registry.onChange(({ type, downstream }: ClusterChange) => changes.push(`${type} ${downstream.clusterName}`));
    await register(hub, 'root', 'edge', 'https://127.0.0.1:1', { slot: 3, spec: { mode: 'Pull' } });
    const target = await hub.client.get<SyncTarget>({ ...SYNC_TARGETS, workspace: 'root', name: 'edge' });
    const { status } = reported('True', clock.now());
    await hub.client.update('root', SYNC_TARGETS, { ...target!, status: status! }, { subresource: 'status' });
    await registry.whenLoaded();
    await waitFor('it to join', () => registry.get('root:a', 'edge')?.health().state === 'Healthy');
    return { hub, clock, pushed, registry, changes };
  }

  it('shows a cluster of mode Pull with what its syncer reports, and makes no connection', async () => {
    const { registry, pushed } = await setUp();
    const edge = registry.get('root:a', 'edge')!;
    expect(edge.health().state).toBe('Healthy');
    expect(edge.discovery()?.resources).toMatchObject([{ group: 'apps', version: 'v1', resource: 'deployments' }]);
    expect(edge.discovery()).toBe(edge.discovery());
    expect(registry.byKey(edge.key)).toBe(edge);
    expect(registry.visibleTo('root:a')).toEqual([edge]);
    await expect(edge.fetch({ method: 'GET', path: '/api' })).rejects.toThrow('its own syncer only');
    expect(pushed.all()).toEqual([]);
    expect(pushed.visibleTo('root:a')).toEqual([]);
  });

  it('tells when the syncer falls silent', async () => {
    const { clock, registry, changes } = await setUp();
    changes.length = 0;
    clock.advance(HEARTBEAT_STALE_MS - 5_000);
    expect(changes).not.toContain('health edge');
    clock.advance(15_000);
    expect(changes).toContain('health edge');
    expect(registry.get('root', 'edge')?.health()).toMatchObject({
      state: 'Unhealthy',
      reason: expect.stringContaining('has not reported since'),
    });
  });

  it('lets it go when its mode becomes Push, and when it is unregistered', async () => {
    const { hub, registry, changes } = await setUp();
    const edge = registry.get('root', 'edge')!;
    const found = await hub.client.get<ClusterRegistration>({
      ...CLUSTER_REGISTRATIONS,
      workspace: 'root',
      name: 'edge',
    });
    await hub.client.update('root', CLUSTER_REGISTRATIONS, { ...found!, spec: { ...found!.spec, mode: 'Push' } });
    await waitFor('it to be connected to', () => registry.get('root', 'edge') !== edge);
    expect(changes).toContain('left edge');
    expect(edge.signal.aborted).toBe(true);
    expect(registry.all()).toHaveLength(1);
    await hub.client.delete({ ...CLUSTER_REGISTRATIONS, workspace: 'root', name: 'edge' });
    await waitFor('nothing to be left', () => registry.all().length === 0);
  });
});
