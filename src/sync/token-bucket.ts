/** Requests per second to one cluster (client-go `flowcontrol`): bursts up to `burst`, then `qps` on average. */
import type { Clock } from '../reconcile/clock.ts';

export class TokenBucket {
  readonly #qps: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  /** `qps` 0: no limit. */
  constructor(qps: number, burst: number, clock: Clock) {
    this.#qps = qps;
    this.#burst = Math.max(1, burst);
    this.#clock = clock;
    this.#tokens = this.#burst;
    this.#filledAt = clock.now();
  }

  /** Resolves when one more request may be sent; in the order of the calls. */
  async take(): Promise<void> {
    if (this.#qps <= 0) return;
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1_000) * this.#qps);
    this.#filledAt = now;
    // Below zero is a debt: each waiter pays for itself, so they come out one by one.
    this.#tokens -= 1;
    if (this.#tokens >= 0) return;
    const waitMs = Math.ceil((-this.#tokens / this.#qps) * 1_000);
    await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve));
  }
}
