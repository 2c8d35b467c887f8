/**
 * Group commit. Writes queued while the previous sync runs go into one transaction; the transaction is written in the
 * event loop (page cache only, ~20 µs a row), then the WAL file is synced in libuv's pool, and only then are its writers
 * told. So the event loop never waits for the disk, and an acknowledged write survives kill -9 and power loss.
 */
import { fdatasync } from 'node:fs';
import type { AppliedBatch } from './sqlite-write.ts';
import type { CommitResult, StoreOperation } from './store.ts';

/** Bounds one transaction, so that a flood cannot keep the event loop. */
const MAX_BATCH = 512;

interface Waiting {
  readonly operations: readonly StoreOperation[];
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit {
  commit(operations: readonly StoreOperation[]): Promise<CommitResult>;
  /** Resolves once everything written so far is durable: what a reader may have seen before its writer was told. */
  flushed(): Promise<void>;
  /** Refuses new writes and resolves when the queue is empty. */
  close(): Promise<void>;
}

/**
 * Takes the function that applies a batch (synchronous, throws without effect), what to do with a batch once it is
 * durable, and the descriptor of the WAL (undefined for `:memory:`).
 */
export function createGroupCommit(
  apply: (commits: readonly (readonly StoreOperation[])[]) => AppliedBatch,
  onDurable: (batch: AppliedBatch) => void,
  walDescriptor: number | undefined,
): GroupCommit {
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let failure: Error | undefined;
  let closed = false;

  async function run(): Promise<void> {
    // The rest of this turn's writes join the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const waiting = queue.slice(0, MAX_BATCH);
      queue = queue.slice(MAX_BATCH);
      await runBatch(waiting);
    }
    running = undefined;
  }

  async function runBatch(waiting: readonly Waiting[]): Promise<void> {
    try {
      if (failure !== undefined) throw failure;
      const batch = apply(waiting.map((one) => one.operations));
      if (batch.changes.length > 0) await sync();
      onDurable(batch);
      batch.results.forEach((result, index) => {
        waiting[index]?.resolve(result);
      });
    } catch (error) {
      for (const one of waiting) one.reject(error);
    }
  }

  /** After a failed sync the kernel may have dropped the pages: nothing written later could be trusted. */
  const sync = (): Promise<void> =>
    new Promise((resolve, reject) => {
      if (walDescriptor === undefined) return resolve();
      fdatasync(walDescriptor, (error) => {
        if (error === null || error === undefined) return resolve();
        failure = new Error('The store could not be synced to disk and takes no more writes; restart after repair', {
          cause: error,
        });
        reject(failure);
      });
    });

  return {
    commit(operations) {
      if (closed) return Promise.reject(new Error('the store is closed'));
      return new Promise((resolve, reject) => {
        queue.push({ operations, resolve, reject });
        running ??= run();
      });
    },
    flushed: () => running ?? Promise.resolve(),
    async close() {
      closed = true;
      await running;
    },
  };
}
