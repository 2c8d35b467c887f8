import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustReplicas, divideReplicas, fillReplicas, type Share } from '../../src/placement/divide.ts';

const share = (key: string, weight = 1, current = 0, room = Number.POSITIVE_INFINITY): Share => ({
  key,
  weight,
  current,
  room,
});
const total = (parts: ReadonlyMap<string, number>): number => [...parts.values()].reduce((sum, part) => sum + part, 0);

const anyShares = fc
  .array(
    fc.record({
      weight: fc.integer({ min: 1, max: 100 }),
      current: fc.nat(20),
      room: fc.oneof(fc.nat(30), fc.constant(Number.POSITIVE_INFINITY)),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((list) => list.map((one, at) => ({ key: `c${at}`, ...one })));

describe('divideReplicas', () => {
  it.each([
    [4, [share('a'), share('b')], [2, 2]],
    [7, [share('a'), share('b')], [4, 3]],
    [1, [share('a'), share('b', 1, 1)], [0, 1]],
    [10, [share('a', 3), share('b', 1)], [8, 2]],
    [10, [share('a', 1, 0, 2), share('b'), share('c')], [2, 4, 4]],
    [10, [share('a', 1, 0, 2), share('b', 1, 0, 3)], [5, 5]],
    [0, [share('a'), share('b')], [0, 0]],
    [5, [share('a', 1, 0, 0), share('b')], [0, 5]],
  ])('shares %i', (replicas, shares, expected) => {
    expect([...divideReplicas(replicas, shares).values()]).toEqual(expected);
  });

  it('always adds up and gives nobody more than fits while others have room', () => {
    fc.assert(
      fc.property(fc.nat(200), anyShares, (replicas, shares) => {
        for (const method of [divideReplicas, fillReplicas, adjustReplicas])
          expect(total(method(replicas, shares))).toBe(replicas);
        const parts = divideReplicas(replicas, shares);
        const room = shares.reduce((sum, one) => sum + one.room, 0);
        if (replicas <= room) for (const one of shares) expect(parts.get(one.key)).toBeLessThanOrEqual(one.room);
      }),
    );
  });

  it('takes from no cluster on the way up and gives to none on the way down, with equal weights', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.integer({ min: 1, max: 9 }), (from, to, clusters) => {
        const fresh = Array.from({ length: clusters }, (_, at) => share(`c${at}`));
        const before = divideReplicas(from, fresh);
        const after = divideReplicas(
          to,
          fresh.map((one) => ({ ...one, current: before.get(one.key) ?? 0 })),
        );
        for (const { key } of fresh) {
          const change = (after.get(key) ?? 0) - (before.get(key) ?? 0);
          expect(Math.sign(change) * Math.sign(to - from)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

describe('adjustReplicas', () => {
  it('leaves running replicas where they are, whatever the weights are now', () => {
    fc.assert(
      fc.property(anyShares, fc.nat(50), (shares, growth) => {
        const running = shares.reduce((sum, { current }) => sum + current, 0);
        fc.pre(running > 0);
        const parts = adjustReplicas(running + growth, shares);
        for (const { key, current } of shares) expect(parts.get(key)).toBeGreaterThanOrEqual(current);
        const shrunk = adjustReplicas(Math.max(0, running - growth), shares);
        for (const { key, current } of shares) expect(shrunk.get(key)).toBeLessThanOrEqual(current);
      }),
    );
  });
});
