/** Polling with a deadline, for what has no event to await. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Default 30 s. */
  readonly timeoutMs?: number;
  /** Default 100 ms. */
  readonly intervalMs?: number;
  /** A reason to give up before the deadline. */
  readonly hopeless?: () => string | undefined;
}

/**
 * Calls `check` until it gives something truthy, and returns that. What it throws counts as "not yet".
 * @param what completes "waiting for …" in the error, e.g. `3 pods to be ready`.
 * @throws Error that names `what` and the last failure when the deadline passes.
 */
export async function waitFor<T>(
  what: string,
  check: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  { timeoutMs = 30_000, intervalMs = 100, hopeless }: WaitOptions = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    const reason = hopeless?.();
    if (reason !== undefined) throw new Error(`Cannot wait for ${what}: ${reason}`, { cause: failure });
    if (Date.now() >= deadline) break;
    await sleep(intervalMs);
  }
  const reason = failure instanceof Error ? `: ${failure.message}` : '';
  throw new Error(`Gave up after ${timeoutMs} ms waiting for ${what}${reason}`, { cause: failure });
}
