/**
 * Keyed work queue (client-go `util/workqueue`): a key that is added while it waits runs once; added while it runs, it
 * runs once more afterwards; never twice at the same time. A failed key comes back with backoff, a key may ask to be
 * looked at again later.
 */
import { type BackoffPolicy, backoffDelay, DEFAULT_BACKOFF } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';

export interface ReconcileResult {
  /** Look at the key again after this long, even if nothing happens to it. */
  readonly requeueAfterMs?: number;
}

/** What a reconciler may return: nothing, or a result. */
export type Reconciled = Promise<ReconcileResult | undefined> | Promise<void>;

/** Hooks for the numbers of one queue; seconds are wall-clock. */
export interface QueueMetrics {
  depth?(waiting: number): void;
  finished?(result: 'success' | 'error', seconds: number): void;
  retried?(): void;
}

export interface QueueOptions {
  /** Handles one key. A rejection is a failure of that key. */
  readonly process: (key: string, signal: AbortSignal) => Reconciled;
  readonly signal: AbortSignal;
  /** Keys handled at the same time; default 1. */
  readonly concurrency?: number;
  readonly backoff?: BackoffPolicy;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly onError?: (key: string, error: unknown, retry: { failures: number; delayMs: number }) => void;
  readonly metrics?: QueueMetrics;
}

export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #clock: Clock;
  /** Insertion order is the order of work. */
  readonly #waiting = new Set<string>();
  /** Where the next key stands: beginning anew each time would step over all that have left, which is quadratic. */
  #order = this.#waiting.values();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, { at: number; cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    options.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /** Keys that wait to be run, without those that wait for a timer. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Failures in a row of the key; 0 when its last run succeeded. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Run the key as soon as a worker is free; a pending timer of the key is overtaken. */
  add(key: string): void {
    if (this.#options.signal.aborted) return;
    this.#cancelTimer(key);
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#options.metrics?.depth?.(this.#waiting.size);
    this.#schedule();
  }

  /** Run the key after `ms`; an earlier time that is already set stands. */
  addAfter(key: string, ms: number): void {
    if (this.#options.signal.aborted || this.#waiting.has(key)) return;
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.now() + ms;
    const present = this.#timers.get(key);
    if (present !== undefined && present.at <= at) return;
    present?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(key);
      this.add(key);
    });
    this.#timers.set(key, { at, cancel });
  }

  /** Runs every key now that waits for its backoff or for a later look: what they waited for has changed. */
  wake(): void {
    for (const key of [...this.#timers.keys()]) this.add(key);
  }

  /** Resolves when nothing waits or runs; keys that wait for a timer do not count. */
  async whenIdle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Work starts in a turn of its own: a listener that adds keys never runs a reconciler, and its burst is one run. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const limit = this.#options.concurrency ?? 1;
    while (this.#waiting.size > 0 && this.#running.size < limit) {
      const { value: key } = this.#order.next();
      if (key === undefined) this.#order = this.#waiting.values();
      else {
        this.#waiting.delete(key);
        this.#running.add(key);
        void this.#run(key);
      }
    }
  }

  async #run(key: string): Promise<void> {
    const { metrics, signal } = this.#options;
    const started = this.#clock.now();
    try {
      const result = await this.#options.process(key, signal);
      this.#failures.delete(key);
      metrics?.finished?.('success', (this.#clock.now() - started) / 1_000);
      this.#release(key);
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      metrics?.finished?.('error', (this.#clock.now() - started) / 1_000);
      this.#release(key);
      if (!signal.aborted) this.#retry(key, error);
    }
    this.#dispatch();
    if (this.#waiting.size === 0 && this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #release(key: string): void {
    this.#running.delete(key);
    if (this.#again.delete(key) && !this.#options.signal.aborted) this.#waiting.add(key);
    this.#options.metrics?.depth?.(this.#waiting.size);
  }

  #retry(key: string, error: unknown): void {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    const random = this.#options.random ?? Math.random;
    const delayMs = backoffDelay(this.#options.backoff ?? DEFAULT_BACKOFF, failures, random());
    this.#options.metrics?.retried?.();
    this.#options.onError?.(key, error, { failures, delayMs });
    this.addAfter(key, delayMs);
  }

  #cancelTimer(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
  }

  #stop(): void {
    for (const key of [...this.#timers.keys()]) this.#cancelTimer(key);
    this.#waiting.clear();
    this.#again.clear();
    if (this.#running.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
