/**
 * Group commit. Writes queued while the previous sync runs go into one transaction; the transaction is written in the
 * event loop (page cache only, ~20 µs a row), then the WAL file is synced in libuv's pool, and only then are its writers
 * told. So the event loop never waits for the disk, and an acknowledged write survives kill -9 and power loss.
 */
import type { AppliedBatch } from './sqlite-write.ts';
import type { CommitResult, StoreOperation } from './store.ts';
import { StoreFailedError } from './store-errors.ts';

/** Bounds one transaction, so that a flood cannot keep the event loop. */
const MAX_BATCH = 512;

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitSteps {
  /** Applies a batch in one transaction: synchronous; throws without effect. */
  readonly apply: (commits: readonly (readonly StoreOperation[])[]) => AppliedBatch;
  /** Makes what was applied durable. A rejection stops the store for good. */
  readonly sync: () => Promise<void>;
  /** Hears of each batch once it is durable, before its writers. */
  readonly onDurable: (batch: AppliedBatch) => void;
  /** Asked before each batch: what it has to wait for. */
  readonly pause?: () => Promise<void> | undefined;
  readonly onFailure?: (failure: StoreFailedError) => void;
}

export interface GroupCommit {
  commit(operations: readonly StoreOperation[]): Promise<CommitResult>;
  /** Resolves once everything applied so far is durable; rejects when it never will be. */
  flushed(): Promise<void>;
  /** Stops the store: every write from now on, and what awaits `flushed`, is rejected. */
  fail(cause: Error): StoreFailedError;
  /** Throws when the store has stopped. */
  check(): void;
  /** Refuses new writes and resolves when the queue is empty. */
  close(): Promise<void>;
}

export function createGroupCommit(steps: GroupCommitSteps): GroupCommit {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let inFlight: Promise<void> | undefined;
  let failure: StoreFailedError | undefined;
  let closed = false;

  async function run(): Promise<void> {
    // The rest of this turn's writes join the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      await steps.pause?.();
      const waiting = queue.slice(0, MAX_BATCH);
      queue = queue.slice(MAX_BATCH);
      await runBatch(waiting);
    }
    running = undefined;
  }

  async function runBatch(waiting: readonly Waiting[]): Promise<void> {
    try {
      check();
      const batch = steps.apply(waiting.map((one) => one.operations));
      if (batch.changes.length > 0) {
        inFlight = sync();
        await inFlight;
      }
      steps.onDurable(batch);
      batch.results.forEach((result, index) => {
        waiting[index]?.resolve(result);
      });
    } catch (error) {
      for (const one of waiting) one.reject(error);
    } finally {
      inFlight = undefined;
    }
  }

  async function sync(): Promise<void> {
    try {
      await steps.sync();
    } catch (error) {
      throw fail(error as Error);
    }
    // Another sync of the same file may have failed meanwhile.
    check();
  }

  function fail(cause: Error): StoreFailedError {
    if (failure !== undefined) return failure;
    failure = new StoreFailedError(cause);
    steps.onFailure?.(failure);
    return failure;
  }

  function check(): void {
    if (failure !== undefined) throw failure;
  }

  return {
    commit(operations) {
      if (closed) return Promise.reject(new Error('the store is closed'));
      return new Promise((resolve, reject) => {
        queue.push({ operations, resolve, reject });
        running ??= run();
      });
    },
    async flushed() {
      await inFlight;
      check();
    },
    fail,
    check,
    async close() {
      closed = true;
      await running;
    },
  };
}
