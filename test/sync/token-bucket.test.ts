import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/sync/token-bucket.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('TokenBucket', () => {
  it('lets a burst through, then so many per second, in order', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(10, 2, clock);
    const passed: number[] = [];
    for (let at = 0; at < 5; at++) void bucket.take().then(() => passed.push(at));
    await Promise.resolve();
    expect(passed).toEqual([0, 1]);
    expect(clock.waiting()).toEqual([100, 200, 300]);
    clock.advance(200);
    await new Promise(setImmediate);
    expect(passed).toEqual([0, 1, 2, 3]);
  });

  it('limits nothing at 0', async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket(0, 0, clock);
    for (let at = 0; at < 100; at++) await bucket.take();
    expect(clock.waiting()).toEqual([]);
  });
});
