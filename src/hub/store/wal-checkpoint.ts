/**
 * Checkpoints of the WAL in a thread of their own: they write and sync megabytes, and the event loop must not wait.
 *
 * 1. When the WAL may have grown past the limit, a first checkpoint runs beside the writers and does nearly all.
 * 2. Then the next batch is held for a second one, of the little that came meanwhile: the WAL is all in the database.
 * 3. Then one write of one page starts the WAL over from its beginning, see `restart`.
 */
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Sqlite } from './sqlite-tables.ts';
import { isFailedSync } from './store-errors.ts';

/** 64 MiB: what a start after a crash reads again. With a quarter of it half of the time goes to checkpoints. */
const DEFAULT_LIMIT_PAGES = 16_000;
/** Of the log, `live` and their indexes, beside the value's own pages; too many is harmless. */
const PAGES_PER_CHANGE = 3;
const PAGE_BYTES = 4_096;
/** Of the limit, until the next attempt after a checkpoint that could not be finished (a backup is reading, the disk is full). */
const RETRY_AFTER = 1 / 4;

/** Plain text, so that it runs alike from sources and from a bundle. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const Database = require(workerData.library);
const db = new Database(workerData.path);
const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').raw();
parentPort.on('message', (message) => {
  if (message === 'close') {
    db.close();
    parentPort.close();
    return;
  }
  try {
    const [busy, pages, moved] = checkpoint.get();
    parentPort.postMessage({ complete: busy === 0 && pages === moved, pages: pages });
  } catch ({ message, rawCode }) {
    parentPort.postMessage({ complete: false, pages: 0, error: { message, rawCode } });
  }
});`;

interface Outcome {
  readonly complete: boolean;
  /** Pages in the WAL. */
  readonly pages: number;
  readonly error?: { readonly message: string; readonly rawCode?: number };
}

export interface Checkpointer {
  /** So much was written to the WAL. */
  wrote(changes: number, bytes: number): void;
  /** What the next batch has to wait for. */
  pause(): Promise<void> | undefined;
  close(): Promise<void>;
}

export interface CheckpointOptions {
  readonly path: string;
  /** The writer's connection. */
  readonly db: Sqlite;
  /** Pages that the WAL may have. */
  readonly limit?: number | undefined;
  readonly syncWal: () => Promise<void>;
  /** The disk refused to sync. */
  readonly onFailedSync: (error: Error) => void;
}

export function createCheckpointer(options: CheckpointOptions): Checkpointer {
  const { path, db, syncWal, onFailedSync, limit = DEFAULT_LIMIT_PAGES } = options;
  const retryFrom = limit * (1 - RETRY_AFTER);
  const touch = db.prepare("UPDATE meta SET value = CASE value WHEN '1' THEN '0' ELSE '1' END WHERE name = 'restarts'");
  let worker: Worker | undefined;
  let pages = 0;
  let state: 'idle' | 'running' | 'ready' = 'idle';
  let threadless = false;

  async function first(): Promise<void> {
    state = 'running';
    const { error, pages: found } = await checkpoint();
    // Fewer than thought: wait for the rest of them.
    if (error === undefined && found >= limit) state = 'ready';
    else rest(error === undefined ? found : retryFrom);
  }

  /** While no batch is written. */
  async function second(): Promise<void> {
    state = 'running';
    const { complete } = await checkpoint();
    if (complete) await restart();
    rest(complete ? 0 : retryFrom);
  }

  function rest(known: number): void {
    pages = known;
    state = 'idle';
  }

  /**
   * The first write after a complete checkpoint goes to the WAL's beginning, over old frames, with a new header, and
   * SQLite syncs that header before anything else is written: were the header lost and later frames not, a few old
   * frames would be played over newer pages. That sync is in the event loop. A write of one frame needs none: header
   * and frame both reach the disk, or either is missing and what remains is the old WAL, whole, or none at all; the
   * database has everything either way. So that one is written without, and synced in the pool before another follows.
   */
  async function restart(): Promise<void> {
    try {
      db.exec('PRAGMA synchronous = OFF');
      touch.run();
    } catch {
      // The disk is full: the next batch hears of it.
      return;
    } finally {
      db.exec('PRAGMA synchronous = NORMAL');
    }
    await syncWal().catch(onFailedSync);
  }

  async function checkpoint(): Promise<Outcome> {
    const outcome = await ask();
    if (outcome.error !== undefined && isFailedSync(outcome.error)) onFailedSync(new Error(outcome.error.message));
    return outcome;
  }

  function ask(): Promise<Outcome> {
    return new Promise((resolve) => {
      worker ??= start();
      const thread = worker;
      const done = (outcome: Outcome): void => {
        thread.off('message', done).off('error', failed).off('exit', ended);
        resolve(outcome);
      };
      const failed = (error: Error): void => {
        worker = undefined;
        // SQLite then checkpoints as it does by itself.
        threadless = true;
        if (db.open) db.exec(`PRAGMA wal_autocheckpoint = ${limit}`);
        done({ complete: false, pages: 0, error });
      };
      const ended = (): void => failed(new Error('the checkpoint thread ended'));
      thread.on('message', done).on('error', failed).on('exit', ended);
      thread.postMessage('checkpoint');
    });
  }

  function start(): Worker {
    const library = createRequire(import.meta.url).resolve('libsql');
    const thread = new Worker(THREAD, { eval: true, execArgv: [], workerData: { library, path } });
    thread.unref();
    return thread;
  }

  return {
    wrote(changes, bytes) {
      pages += changes * PAGES_PER_CHANGE + Math.ceil(bytes / PAGE_BYTES);
      if (state === 'idle' && pages >= limit && !threadless) void first();
    },
    pause: () => (state === 'ready' ? second() : undefined),
    async close() {
      const thread = worker;
      worker = undefined;
      if (thread === undefined) return;
      await new Promise<void>((resolve) => {
        thread.once('exit', () => resolve());
        thread.postMessage('close');
      });
    },
  };
}
