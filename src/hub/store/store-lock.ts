/**
 * One process writes a store: two would each hand out the same revisions. The lock is the one that SQLite holds on a
 * small database beside the store, `<store>.lock`, for as long as a transaction is open: the kernel frees it however the process ends,
 * so nothing is ever left to clean up. Its one row names the holder. Readers (`tmc backup`) need no lock.
 */
import { hostname } from 'node:os';
import Database from 'libsql';
import type { Sqlite } from './sqlite-tables.ts';
import { StoreUnusableError } from './store-errors.ts';

export interface StoreLock {
  release(): void;
}

/** Takes the lock of the store at `path`. Throws StoreUnusableError that names the process that holds it. */
export function lockStore(path: string): StoreLock {
  const db = openLock(path);
  try {
    // The row can only be told to others by committing, which frees the lock for a moment: whoever comes then wins.
    db.exec('BEGIN IMMEDIATE');
    nameHolder(db);
    db.exec('BEGIN IMMEDIATE');
  } catch (error) {
    const holder = holderOf(db);
    db.close();
    throw new StoreUnusableError(
      `The store ${path} is in use by ${holder}: one process at a time may write it; stop that one first`,
      error,
    );
  }
  return {
    release() {
      db.exec('ROLLBACK');
      db.close();
    },
  };
}

function openLock(path: string): Sqlite {
  try {
    return new Database(`${path}.lock`);
  } catch (error) {
    throw new StoreUnusableError(`Cannot open ${path}.lock: ${(error as Error).message}`, error);
  }
}

/** The name is a help: a full disk must not keep the store from opening. */
function nameHolder(db: Sqlite): void {
  try {
    db.exec('CREATE TABLE IF NOT EXISTS holder(one INTEGER PRIMARY KEY, pid INTEGER, host TEXT, since TEXT)');
    db.prepare('INSERT OR REPLACE INTO holder VALUES(1, ?, ?, ?)').run(
      process.pid,
      hostname(),
      new Date().toISOString(),
    );
    db.exec('COMMIT');
  } catch {
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

function holderOf(db: Sqlite): string {
  try {
    const row = db.prepare('SELECT pid, host, since FROM holder').raw().get();
    const [pid, host, since] = row as unknown as [number, string, string];
    return `process ${pid} on ${host} since ${since}`;
  } catch {
    return 'another process';
  }
}
