import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ReflectorEvent, ReflectorPool } from '../../src/clusters/reflector.ts';
import { createReflectorPool } from '../../src/clusters/reflector-pool.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { FakeCluster, PODS } from '../support/fake-cluster.ts';
import { ManualClock } from '../support/manual-clock.ts';

const pools: ReflectorPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

const pod = (name: string, namespace = 'default', labels?: Record<string, string>) => ({
  metadata: { name, namespace, ...(labels ? { labels } : {}) },
  spec: { containers: [] },
});

function setUp(options: { pageSize?: number; idleMs?: number; budgetBytes?: number } = {}) {
  const cluster = new FakeCluster({ name: 'east', slot: 1, resources: [PODS] });
  const clock = new ManualClock();
  const pool = createReflectorPool({ log: silentLogger, clock, random: () => 0, ...options });
  pools.push(pool);
  return { cluster, clock, pool };
}

async function watching(set: ReturnType<typeof setUp>) {
  const { reflector, release } = set.pool.acquire(set.cluster, PODS);
  const events: ReflectorEvent[] = [];
  reflector.subscribe((event) => events.push(event));
  await reflector.whenSynced();
  await vi.waitFor(() => expect(set.cluster.watches).toBe(1));
  return { reflector, release, events, said: () => events.map((event) => `${event.type} ${event.cached.name}`) };
}

const names = (reflector: { list(): Iterable<{ name: string }> }) =>
  [...reflector.list()].map((one) => one.name).sort();
const lists = (cluster: FakeCluster) => cluster.requests.filter((request) => !request.path.includes('watch=')).length;

describe('a reflector', () => {
  test('lists in pages and holds whole objects', async () => {
    const set = setUp({ pageSize: 2 });
    set.cluster.chunkBytes = 7;
    for (const name of ['a', 'b', 'c', 'd', 'e']) set.cluster.put(PODS, pod(name));
    const { reflector } = await watching(set);
    expect(names(reflector)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(reflector.names('default')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(reflector.get('default', 'c')?.object()).toEqual(set.cluster.objects.get('/pods/default/c'));
    expect(reflector.resourceVersion).toBe(BigInt(set.cluster.version));
    const cached = reflector.get('default', 'c');
    expect(cached?.bytes.subarray(cached.nameAt, cached.nameAt + 1).toString()).toBe('c');
    expect(lists(set.cluster)).toBe(3);
  });

  test('tells each change once, in order, with the deletion version', async () => {
    const set = setUp();
    set.cluster.put(PODS, pod('a'));
    const { events, reflector, said } = await watching(set);
    set.cluster.put(PODS, pod('b'));
    set.cluster.put(PODS, pod('a', 'default', { x: 'y' }));
    set.cluster.remove(PODS, 'default', 'b');
    await vi.waitFor(() => expect(said()).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']));
    expect(events[1]?.previous?.labels).toEqual({});
    expect(events[1]?.cached.labels).toEqual({ x: 'y' });
    expect(events[2]?.resourceVersion).toBe(BigInt(set.cluster.version));
    expect(names(reflector)).toEqual(['a']);
  });

  test('resumes after a cut without listing again, and misses nothing', async () => {
    const set = setUp();
    const { said } = await watching(set);
    set.cluster.stop();
    set.cluster.put(PODS, pod('a'));
    set.cluster.start();
    await vi.waitFor(() => {
      set.clock.advance(1_000);
      expect(said()).toEqual(['ADDED a']);
    });
    // Beside the first list, one question: whether the cluster's history is still the same.
    const asked = set.cluster.requests.filter((request) => !request.path.includes('watch='));
    expect(asked.map((request) => request.path.endsWith('?limit=1'))).toEqual([false, true]);
  });

  test('keeps what it knows while the cluster is away, and says so', async () => {
    const set = setUp();
    set.cluster.put(PODS, pod('a'));
    const { reflector, events } = await watching(set);
    set.cluster.stop();
    await vi.waitFor(() => expect(reflector.state().live).toBe(false));
    expect(reflector.state()).toMatchObject({ synced: true, error: expect.stringContaining('cut') });
    expect(names(reflector)).toEqual(['a']);
    expect(events).toEqual([]);
  });

  test('lists again when its version expired, and tells only true differences', async () => {
    const set = setUp();
    for (const name of ['same', 'changed', 'gone', 'replaced']) set.cluster.put(PODS, pod(name));
    const { said, reflector } = await watching(set);
    set.cluster.stop();
    set.cluster.put(PODS, pod('changed', 'default', { x: 'y' }));
    set.cluster.remove(PODS, 'default', 'gone');
    set.cluster.remove(PODS, 'default', 'replaced');
    set.cluster.put(PODS, pod('replaced'));
    set.cluster.put(PODS, pod('fresh'));
    set.cluster.compact();
    set.cluster.start();
    await vi.waitFor(() => {
      set.clock.advance(1_000);
      expect(said()).toHaveLength(5);
    });
    expect(said()).toEqual(['MODIFIED changed', 'DELETED replaced', 'ADDED replaced', 'ADDED fresh', 'DELETED gone']);
    expect(reflector.resourceVersion).toBe(BigInt(set.cluster.version));
  });

  test('takes a cluster that was restored from a backup for what it now is', async () => {
    const set = setUp();
    set.cluster.put(PODS, pod('a'));
    const { reflector, said } = await watching(set);
    set.cluster.restore(5);
    await vi.waitFor(() => {
      set.clock.advance(1_000);
      expect(said()).toEqual(['MODIFIED a']);
    });
    expect(reflector.epoch).toBe(1);
    expect(reflector.resourceVersion).toBe(5n);
  });

  test('reconnects when the cluster sends garbage', async () => {
    const set = setUp();
    const { said, reflector } = await watching(set);
    set.cluster.garbage('<html>');
    await vi.waitFor(() => expect(reflector.state().live).toBe(false));
    set.cluster.put(PODS, pod('a'));
    await vi.waitFor(() => {
      set.clock.advance(1_000);
      expect(said()).toEqual(['ADDED a']);
    });
  });

  test('leaves a watch that fell silent', async () => {
    const set = setUp();
    await watching(set);
    const watches = (): number => set.cluster.requests.filter(({ path }) => path.includes('watch=')).length;
    const before = watches();
    set.clock.advance(400_000);
    await vi.waitFor(() => {
      set.clock.advance(1_000);
      expect(watches()).toBe(before + 1);
    });
  });

  test('takes a bookmark as progress', async () => {
    const set = setUp();
    const { reflector } = await watching(set);
    const target = BigInt(set.cluster.version + 1);
    const reached = reflector.whenReached(target, AbortSignal.timeout(5_000));
    set.cluster.put({ ...PODS, resource: 'others' }, pod('elsewhere'));
    set.cluster.bookmark();
    await reached;
    expect(reflector.resourceVersion).toBe(target);
  });

  test('rejects a wait whose time is over', async () => {
    const set = setUp();
    set.cluster.hanging = true;
    const { reflector } = set.pool.acquire(set.cluster, PODS);
    await expect(reflector.whenSynced(AbortSignal.timeout(20))).rejects.toThrow(
      'cluster "east" has not answered in time',
    );
  });

  test('holds nothing of a kind that the cluster does not serve', async () => {
    const set = setUp();
    const missing = { ...PODS, resource: 'widgets' };
    const { reflector } = set.pool.acquire(set.cluster, missing);
    await reflector.whenSynced(AbortSignal.timeout(5_000));
    expect([...reflector.list()]).toEqual([]);
    expect(reflector.state().live).toBe(false);
  });
});

describe('the pool', () => {
  test('shares one reflector and stops it when it has been idle', async () => {
    const set = setUp({ idleMs: 1_000 });
    const one = await watching(set);
    const two = set.pool.acquire(set.cluster, PODS);
    expect(two.reflector).toBe(one.reflector);
    one.release();
    one.release();
    set.clock.advance(2_000);
    expect(set.cluster.watches).toBe(1);
    two.release();
    set.clock.advance(2_000);
    await vi.waitFor(() => expect(set.cluster.watches).toBe(0));
    expect(set.pool.acquire(set.cluster, PODS).reflector).not.toBe(one.reflector);
  });

  test('drops idle reflectors for room and refuses offers beyond its budget', async () => {
    const set = setUp({ budgetBytes: 500 });
    set.cluster.put(PODS, pod('a'));
    const one = await watching(set);
    expect(set.pool.bytes).toBeGreaterThan(500);
    const other = { ...PODS, resource: 'others' };
    expect(set.pool.offer(set.cluster, other)).toBeUndefined();
    expect(set.pool.offer(set.cluster, PODS)?.reflector).toBe(one.reflector);
  });
});
