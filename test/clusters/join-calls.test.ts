import { afterEach, describe, expect, test } from 'vitest';
import { type ClusterCalls, clusterCalls } from '../../src/clusters/join-calls.ts';
import { json, startFaultServer, status } from '../support/fault-server.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A cluster that asks to come again so many times before it answers. */
async function busy(times: number): Promise<{ calls: ClusterCalls; asked: () => number }> {
  let left = times;
  const server = await startFaultServer((...request) => {
    const initializing = status(429, '{"message":"storage is (re)initializing"}', { 'retry-after': '0' });
    (left-- > 0 ? initializing : json({ kind: 'GizmoList', items: [] }))(...request);
  });
  const credentials = { current: async () => ({ authorization: 'Bearer t' }), invalidate: () => false };
  const calls = clusterCalls({ name: 'west', intent: 'leave' }, { serverURL: server.origin }, credentials);
  closers.push(
    () => server.close(),
    () => calls.close(),
  );
  return { calls, asked: () => server.requests.length };
}

describe('a cluster that says when to come again', () => {
  test('is asked again', async () => {
    const { calls, asked } = await busy(3);
    expect(await calls.call('GET', '/gizmos', 'list gizmos')).toEqual({ kind: 'GizmoList', items: [] });
    expect(asked()).toBe(4);
  });

  test('is given up after ten times, with what it says', async () => {
    const { calls, asked } = await busy(100);
    await expect(calls.call('GET', '/gizmos', 'list gizmos')).rejects.toThrow(
      'Cannot leave "west": cannot list gizmos: storage is (re)initializing',
    );
    expect(asked()).toBe(11);
  });
});
