import { describe, expect, it } from 'vitest';
import { createBreaker } from '../../src/clusters/breaker.ts';
import { clusterError } from '../../src/clusters/classify-error.ts';

const fail = (kind: Parameters<typeof clusterError>[1]) => () => Promise.reject(clusterError('east', kind));
const kindOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error) => error.kind ?? error.message,
  );

function breaker() {
  let now = 0;
  const made = createBreaker('east', { failures: 5, windowMs: 60_000, openMs: 60_000, now: () => now });
  return { made, advance: (ms: number) => (now += ms) };
}

describe('breaker', () => {
  it('opens after five failures in a row and then refuses without calling', async () => {
    const { made } = breaker();
    for (let i = 0; i < 5; i++) expect(await kindOf(made.run(fail('timeout')))).toBe('timeout');
    expect(made.open).toBe(true);
    let called = false;
    expect(await kindOf(made.run(async () => (called = true)))).toBe('circuit-open');
    expect(called).toBe(false);
  });

  it('stays closed when an answer comes between, or when failures are far apart', async () => {
    const { made, advance } = breaker();
    for (let i = 0; i < 4; i++) await kindOf(made.run(fail('reset')));
    await made.run(async () => 'answer');
    for (let i = 0; i < 20; i++) {
      await kindOf(made.run(fail('reset')));
      advance(20_000);
    }
    expect(made.open).toBe(false);
  });

  it('does not count callers that gave up, nor missing credentials', async () => {
    const { made } = breaker();
    for (let i = 0; i < 20; i++) {
      await kindOf(made.run(() => Promise.reject(new Error('client gone'))));
      await kindOf(made.run(fail('authentication')));
    }
    expect(made.open).toBe(false);
  });

  it('is closed at once by a probe', async () => {
    const { made } = breaker();
    for (let i = 0; i < 5; i++) await kindOf(made.run(fail('unreachable')));
    made.close();
    expect(await made.run(async () => 'answer')).toBe('answer');
    // And opens again as before.
    for (let i = 0; i < 5; i++) await kindOf(made.run(fail('unreachable')));
    expect(made.open).toBe(true);
  });
});
