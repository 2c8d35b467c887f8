import { describe, expect, it } from 'vitest';
import { backoffDelay, DEFAULT_BACKOFF } from '../../src/reconcile/backoff.ts';
import { type QueueOptions, WorkQueue } from '../../src/reconcile/queue.ts';
import { ManualClock } from '../support/manual-clock.ts';

function queueWith(process: QueueOptions['process'], options: Partial<QueueOptions> = {}) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const queue = new WorkQueue({ process, signal: stop.signal, clock, random: () => 0, ...options });
  return { queue, clock, stop };
}

function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('WorkQueue', () => {
  it('collapses a burst of one key into one run', async () => {
    const runs: string[] = [];
    const { queue } = queueWith(async (key) => void runs.push(key));
    for (let i = 0; i < 10; i++) queue.add('a');
    queue.add('b');
    await queue.whenIdle();
    expect(runs).toEqual(['a', 'b']);
  });

  it('runs a key once more when it was added while running, never twice at a time', async () => {
    const first = gate();
    let running = 0;
    let most = 0;
    let runs = 0;
    const { queue } = queueWith(
      async () => {
        most = Math.max(most, ++running);
        if (++runs === 1) await first.opened;
        running--;
      },
      { concurrency: 4 },
    );
    queue.add('a');
    await Promise.resolve();
    await Promise.resolve();
    queue.add('a');
    queue.add('a');
    first.open();
    await queue.whenIdle();
    expect({ runs, most }).toEqual({ runs: 2, most: 1 });
  });

  it('handles as many keys at once as its concurrency', async () => {
    const all = gate();
    let running = 0;
    let most = 0;
    const { queue } = queueWith(
      async () => {
        most = Math.max(most, ++running);
        await all.opened;
        running--;
      },
      { concurrency: 3 },
    );
    for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key);
    await Promise.resolve();
    expect(queue.depth).toBe(2);
    all.open();
    await queue.whenIdle();
    expect(most).toBe(3);
  });

  it('retries a failing key at 1, 2, 4 … 30 seconds and forgets failures after a success', async () => {
    let fail = true;
    const delays: number[] = [];
    const { queue, clock } = queueWith(
      async () => {
        if (fail) throw new Error('no');
      },
      { onError: (_key, _error, retry) => delays.push(retry.delayMs) },
    );
    queue.add('a');
    for (let i = 0; i < 7; i++) {
      await queue.whenIdle();
      clock.advance(30_000);
    }
    await queue.whenIdle();
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    fail = false;
    clock.advance(30_000);
    await queue.whenIdle();
    expect(queue.failures('a')).toBe(0);
  });

  it('returns to a key after the time it asked for, or earlier when it is added', async () => {
    let runs = 0;
    const { queue, clock } = queueWith(async () => {
      runs++;
      return { requeueAfterMs: 5_000 };
    });
    queue.add('a');
    await queue.whenIdle();
    clock.advance(4_999);
    await queue.whenIdle();
    expect(runs).toBe(1);
    clock.advance(1);
    await queue.whenIdle();
    expect(runs).toBe(2);
    queue.add('a');
    await queue.whenIdle();
    expect(runs).toBe(3);
    expect(clock.waiting()).toEqual([5_000]);
  });

  it('drops everything that waits when its signal aborts', async () => {
    const runs: string[] = [];
    const { queue, clock, stop } = queueWith(async (key) => void runs.push(key));
    queue.addAfter('a', 1_000);
    stop.abort();
    queue.add('b');
    clock.advance(2_000);
    await queue.whenIdle();
    expect(runs).toEqual([]);
    expect(clock.waiting()).toEqual([]);
  });
});

describe('backoffDelay', () => {
  it('stays within the policy for every failure count and random number', () => {
    for (let failures = 1; failures < 2_000; failures += 7)
      for (const random of [0, 0.5, 0.999]) {
        const delay = backoffDelay(DEFAULT_BACKOFF, failures, random);
        expect(delay).toBeGreaterThanOrEqual(800);
        expect(delay).toBeLessThanOrEqual(30_000);
      }
  });
});
