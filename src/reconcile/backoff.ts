/** How long a key waits after its n-th failure in a row. */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Share of the delay that is random, 0..1: keys that failed together do not return together. */
  readonly jitter: number;
}

/** MISSION F4: 1 s → 30 s, ×2 with jitter. */
export const DEFAULT_BACKOFF: BackoffPolicy = { firstMs: 1_000, maxMs: 30_000, factor: 2, jitter: 0.2 };

/**
 * Delay in milliseconds before attempt `failures + 1`, never above `maxMs`.
 * @param failures failures in a row so far, from 1
 * @param random 0 <= random < 1
 */
export function backoffDelay(policy: BackoffPolicy, failures: number, random: number): number {
  const full = Math.min(policy.maxMs, policy.firstMs * policy.factor ** Math.max(0, failures - 1));
  return Math.round(full * (1 - policy.jitter * random));
}
