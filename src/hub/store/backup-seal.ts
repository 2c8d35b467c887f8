/**
 * What a backup says about itself: how much it holds, and a hash over all of it, so that a copy that was cut short or
 * changed on its way is refused instead of restored.
 */
import { createHash } from 'node:crypto';
import type { Sqlite } from './sqlite-tables.ts';
import { StoreUnusableError } from './store-errors.ts';

export interface BackupSeal {
  /** The newest revision in it. */
  readonly revision: number;
  /** Objects that it would restore. */
  readonly objects: number;
  /** Rows of the history, the objects among them. */
  readonly rows: number;
  /** SHA-256 over the rows, hex. */
  readonly sha256: string;
}

/** Counts and hashes what the database holds now. */
export function sealOf(db: Sqlite): BackupSeal {
  const [objects] = db.prepare('SELECT count(*) FROM live').raw().get() as unknown as [number];
  const read = db
    .prepare('SELECT id, rev, prev, deleted, key, value FROM log WHERE id > ? ORDER BY id LIMIT 500')
    .raw();
  const hash = createHash('sha256');
  let rows = 0;
  let revision = 0;
  for (;;) {
    const page = read.all(revision) as unknown as (number | string | Buffer | null)[][];
    for (const row of page) {
      const value = row.pop() as Buffer | null;
      hash.update(`${JSON.stringify(row)} ${value?.length ?? -1}\n`);
      if (value !== null) hash.update(value);
    }
    rows += page.length;
    const last = page.at(-1);
    if (last === undefined) break;
    revision = last[0] as number;
  }
  const live = db.prepare('SELECT key, id FROM live ORDER BY key').raw();
  for (const row of live.all() as unknown[][]) hash.update(JSON.stringify(row));
  return { revision, objects, rows, sha256: hash.digest('hex') };
}

export function writeSeal(db: Sqlite, seal: BackupSeal): void {
  db.prepare("INSERT OR REPLACE INTO meta(name, value) VALUES('backup', ?)").run(JSON.stringify(seal));
}

/** Compares what a backup holds with what it says; throws StoreUnusableError. Backups of before have no seal. */
export function checkSeal(db: Sqlite): void {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'backup'").raw().get() as unknown as [string] | undefined;
  if (row === undefined) return;
  const said = JSON.parse(row[0]) as BackupSeal;
  const found = sealOf(db);
  for (const name of ['revision', 'objects', 'rows', 'sha256'] as const)
    if (said[name] !== found[name])
      throw new StoreUnusableError(`The backup is incomplete: ${name} is ${found[name]} and should be ${said[name]}`);
}
