/** Online backup of the SQLite store, and restore. Both work on files; the hub may run during a backup, not a restore. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import Database from 'libsql';
import { openDatabase } from './sqlite-tables.ts';
import { StoreUnusableError } from './store-errors.ts';

/**
 * Versions handed out after the backup was made must not come again with other contents, so a restored store starts
 * this much above the backup's revision; watches from before get 410 and list anew.
 */
const REVISION_LEAP = 1_000_000_000;

/** Writes a consistent copy of the store at `source` to `target`, which must not exist. Throws StoreUnusableError. */
export function backupStore(source: string, target: string): void {
  if (!existsSync(source)) throw new StoreUnusableError(`There is no store at ${source}`);
  if (existsSync(target)) throw new StoreUnusableError(`${target} exists; name a file that does not`);
  const db = new Database(source, { readonly: true } as never);
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
  const fresh = `${target}.restoring`;
  rmSync(fresh, { force: true });
  backupStore(backup, fresh);
  const db = openDatabase(fresh, { integrityCheck: 'full' });
  try {
    const [newest] = db.prepare('SELECT max(id) FROM log').raw().get() as unknown as [number | null];
    const [floor] = (db.prepare("SELECT value FROM meta WHERE name = 'floor'").raw().get() ?? ['1']) as unknown as [
      string,
    ];
    const start = Math.max(newest ?? 1, Number(floor)) + REVISION_LEAP;
    const set = db.prepare(
      'INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    set.run('floor', String(start));
    set.run('horizon', String(start));
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
  if (existsSync(target)) renameSync(target, `${target}.replaced`);
  for (const suffix of ['-wal', '-shm']) rmSync(`${target}${suffix}`, { force: true });
  renameSync(fresh, target);
}
