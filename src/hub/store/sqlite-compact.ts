/** Forgetting history, in small steps so that a long compaction never holds up writes. */
import type { Sqlite } from './sqlite-tables.ts';
import { asWriteError } from './store-errors.ts';

const STEP = 2_000;

export type SqliteCompactor = ReturnType<typeof createCompactor>;

export function createCompactor(db: Sqlite) {
  const readMeta = db.prepare('SELECT value FROM meta WHERE name = ?').raw();
  const writeMeta = db.prepare(
    'INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const dropPast = db.prepare(
    'DELETE FROM past WHERE (key, id) IN (SELECT key, prev FROM log WHERE id > ? AND id <= ? AND prev > 0)',
  );
  const dropSuperseded = db.prepare(
    'DELETE FROM log WHERE id IN (SELECT prev FROM log WHERE id > ? AND id <= ? AND prev > 0)',
  );
  // The newest row stays even as a tombstone: it carries the revision counter over a restart.
  const dropTombstones = db.prepare(
    'DELETE FROM log WHERE id > ? AND id <= ? AND deleted = 1 AND id < (SELECT max(id) FROM log)',
  );

  const metaNumber = (name: string, fallback: number): number =>
    Number((readMeta.get(name) as unknown as [string] | undefined)?.[0] ?? fallback);

  /** One step from the row `from` towards `target`; returns the row reached. The horizon is written first: a cut in between only leaves garbage. */
  function step(from: number, target: number): number {
    const to = Math.min(from + STEP, target);
    db.exec('BEGIN IMMEDIATE');
    try {
      dropPast.run(from, to);
      dropSuperseded.run(from, to);
      dropTombstones.run(from, to);
      writeMeta.run('compacted', String(to));
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw asWriteError(error);
    }
    return to;
  }

  return {
    step,
    horizon: () => metaNumber('horizon', 1),
    setHorizon(revision: number): void {
      try {
        writeMeta.run('horizon', String(revision));
      } catch (error) {
        throw asWriteError(error);
      }
    },
    compacted: () => metaNumber('compacted', 0),
    /** A restored backup starts above every revision that was ever handed out. */
    floor: () => metaNumber('floor', 1),
  };
}
