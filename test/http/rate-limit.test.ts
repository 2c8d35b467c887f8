import { describe, expect, it } from 'vitest';
import type { Authorized } from '../../src/http/context.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';

const request = (name: string, workspace: string, groups: string[] = [], impersonator?: string) =>
  ({
    user: { name, groups, extra: {} },
    impersonator: impersonator === undefined ? undefined : { name: impersonator, groups: [], extra: {} },
    workspace,
  }) as unknown as Authorized;

function limited() {
  const clock = { now: 0 };
  const limit = createRateLimit({ user: { qps: 1, burst: 2 }, workspace: { qps: 10, burst: 3 } }, () => clock.now);
  const passes = (...args: Parameters<typeof request>) => {
    try {
      return limit(request(...args)).admitted;
    } catch (error) {
      return (error as { status: { details: { retryAfterSeconds: number } } }).status.details.retryAfterSeconds;
    }
  };
  return { clock, passes };
}

describe('the rate limit', () => {
  it('lets a burst pass, then one per period, and says when', () => {
    const { clock, passes } = limited();
    expect([passes('ann', 'a'), passes('ann', 'b'), passes('ann', 'c')]).toEqual([true, true, 1]);
    clock.now += 1_000;
    expect([passes('ann', 'd'), passes('ann', 'e')]).toEqual([true, 1]);
  });

  it('counts per user and per workspace', () => {
    const { passes } = limited();
    expect([passes('a', 'w'), passes('b', 'w'), passes('c', 'w'), passes('d', 'w'), passes('d', 'v')]).toEqual([
      true,
      true,
      true,
      1,
      true,
    ]);
  });

  it('charges whoever really calls, and spares administrators', () => {
    const { passes } = limited();
    expect([passes('x', 'a', [], 'ann'), passes('y', 'b', [], 'ann'), passes('z', 'c', [], 'ann')]).toEqual([
      true,
      true,
      1,
    ]);
    for (let i = 0; i < 10; i++) expect(passes('root', 'q', ['system:masters'])).toBe(true);
  });

  it('is not lifted by impersonating an administrator', () => {
    const { passes } = limited();
    const calls = ['a', 'b', 'c'].map((workspace) => passes('root', workspace, ['system:masters'], 'ann'));
    expect(calls).toEqual([true, true, 1]);
  });
});
