/** Online backup of the SQLite store, and restore. Both work on files; the hub may run during a backup, not a restore. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { type BackupSeal, checkSeal, sealOf, writeSeal } from './backup-seal.ts';
import { openDatabase, type Sqlite } from './sqlite-tables.ts';
import { StoreUnusableError } from './store-errors.ts';
import { lockStore } from './store-lock.ts';

/**
 * Versions handed out after the backup was made must not come again with other contents, so a restored store starts
 * this much above the backup's revision; watches from before get 410 and list anew.
 */
const REVISION_LEAP = 1_000_000_000;

/**
 * Writes a consistent copy of the store at `source` to `target`, which must not exist: everything that was acknowledged
 * before it began, and each later commit as a whole or not at all. The target appears when it is complete, checked and
 * on the disk. Returns what it holds; throws StoreUnusableError.
 */
export function backupStore(source: string, target: string): BackupSeal {
  if (!existsSync(source)) throw new StoreUnusableError(`There is no store at ${source}`);
  if (existsSync(target)) throw new StoreUnusableError(`${target} exists; name a file that does not`);
  const partial = `${target}.partial`;
  removeStore(partial);
  try {
    copyStore(source, partial);
    const seal = withCopy(partial, (db) => {
      const made = sealOf(db);
      writeSeal(db, made);
      return made;
    });
    renameSync(partial, target);
    syncPath(dirname(target));
    return seal;
  } finally {
    removeStore(partial);
  }
}

function copyStore(source: string, target: string): void {
  const db = new Database(source);
  try {
    db.pragma('busy_timeout = 10000');
    db.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`);
  } finally {
    db.close();
  }
}

/** Puts a backup in the place of the store at `target`; what was there is kept as `<target>.replaced`. */
export function restoreStore(backup: string, target: string): void {
  if (!existsSync(backup)) throw new StoreUnusableError(`There is no backup at ${backup}`);
  const lock = lockStore(target);
  const fresh = `${target}.restoring`;
  try {
    removeStore(fresh);
    copyStore(backup, fresh);
    withCopy(fresh, (db) => {
      checkSeal(db);
      leap(db);
    });
    putAside(target);
    renameSync(fresh, target);
    syncPath(dirname(target));
  } finally {
    removeStore(fresh);
    lock.release();
  }
}

function leap(db: Sqlite): void {
  const [newest] = db.prepare('SELECT max(id) FROM log').raw().get() as unknown as [number | null];
  const [floor] = (db.prepare("SELECT value FROM meta WHERE name = 'floor'").raw().get() ?? ['1']) as unknown as [
    string,
  ];
  const start = Math.max(newest ?? 1, Number(floor)) + REVISION_LEAP;
  const set = db.prepare('INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value');
  set.run('floor', String(start));
  set.run('horizon', String(start));
  db.exec("DELETE FROM meta WHERE name = 'backup'");
}

/** Keeps the store's files, its WAL too, under another name; the store's own name stays until it is replaced. */
function putAside(target: string): void {
  const aside = `${target}.replaced`;
  removeStore(aside);
  // Damaged or not: nothing of the old WAL may be played over the new store.
  if (existsSync(`${target}-wal`)) renameSync(`${target}-wal`, `${aside}-wal`);
  rmSync(`${target}-shm`, { force: true });
  if (existsSync(target)) linkSync(target, aside);
}

/** Opens a copy that nobody else knows, checks it in full, and leaves all of it in its one file, on the disk. */
function withCopy<T>(path: string, work: (db: Sqlite) => T): T {
  const db = openDatabase(path, { integrityCheck: 'full' });
  try {
    const result = work(db);
    db.pragma('wal_checkpoint(TRUNCATE)');
    return result;
  } finally {
    db.close();
    syncPath(path);
  }
}

const removeStore = (path: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
};

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
