/**
 * The tables of the SQLite engine. A value is stored once, in the append-only `log`; `live` points at the newest row of
 * each key, `past` at rows that a later one superseded, which pinned lists and watches still need until compaction.
 */
import Database from 'libsql';
import { asWriteError, StoreFullError, StoreUnusableError } from './store-errors.ts';

export type Sqlite = InstanceType<typeof Database>;

/** Bumped when the tables change; an older binary refuses a newer file. */
const FORMAT = 1;

const TABLES = `
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log(
  id INTEGER PRIMARY KEY,      -- one per change; the last of a commit is the commit's revision
  rev INTEGER NOT NULL,
  prev INTEGER NOT NULL,       -- id of the row that this one supersedes, 0 for none
  deleted INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB                   -- NULL in tombstones
);
CREATE TABLE IF NOT EXISTS live(key TEXT PRIMARY KEY, id INTEGER NOT NULL, kind TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS live_kind ON live(kind, key, id);
CREATE TABLE IF NOT EXISTS past(key TEXT NOT NULL, id INTEGER NOT NULL, until INTEGER NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY(key, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS past_kind ON past(kind, key, id, until);
`;

export interface OpenOptions {
  /** `quick` (default) checks structure, `full` indexes too, `off` nothing. */
  readonly integrityCheck?: 'quick' | 'full' | 'off';
}

/**
 * Takes a file path or `:memory:`. WAL with synchronous=NORMAL: SQLite itself syncs at checkpoints only
 * (wal-checkpoint.ts); the commit queue syncs the WAL before it acknowledges (group-commit.ts), which makes the pair as
 * durable as FULL.
 */
export function openDatabase(path: string, options: OpenOptions = {}): Sqlite {
  const db = new Database(path);
  try {
    // First: the last connection of a process that just ended, or a backup's, may still be closing.
    db.pragma('busy_timeout = 5000');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    // The kernel keeps the file's pages too: a second copy of many is memory for nothing.
    db.pragma('cache_size = -32768');
    if (options.integrityCheck !== 'off') checkIntegrity(db, options.integrityCheck ?? 'quick');
    db.exec(TABLES);
    checkFormat(db);
    settle(db);
    // The check has read every page.
    db.pragma('shrink_memory');
    db.pragma('wal_autocheckpoint = 0');
    return db;
  } catch (error) {
    db.close();
    if (error instanceof StoreUnusableError) throw error;
    throw new StoreUnusableError(`Cannot open the store ${path}: ${(error as Error).message}`, error);
  }
}

/**
 * From here on what is read is on the disk, whatever became of syncs before: the database gets all of the WAL, and is
 * synced. On a full disk it cannot, and is served for reading until it can.
 */
function settle(db: Sqlite): void {
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
    // The WAL gets its header; what wal-checkpoint.ts writes is one page.
    db.exec("INSERT INTO meta(name, value) VALUES('restarts', '0') ON CONFLICT DO UPDATE SET value = '0'");
  } catch (error) {
    if (!(asWriteError(error) instanceof StoreFullError)) throw error;
  }
}

function checkIntegrity(db: Sqlite, level: 'quick' | 'full'): void {
  const pragma = level === 'full' ? 'integrity_check' : 'quick_check';
  const findings = db.prepare(`PRAGMA ${pragma}(5)`).raw().all() as unknown as string[][];
  const text = findings.map((row) => row[0]).join('; ');
  if (text !== 'ok')
    throw new StoreUnusableError(`The store is damaged (${text}); restore a backup made with "tmc backup"`);
}

function checkFormat(db: Sqlite): void {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'format'").raw().get() as unknown as [string] | undefined;
  if (row === undefined) db.prepare("INSERT INTO meta(name, value) VALUES('format', ?)").run(String(FORMAT));
  else if (Number(row[0]) > FORMAT)
    throw new StoreUnusableError(
      `The store has format ${row[0]}, this version reads up to ${FORMAT}; use a newer version`,
    );
}

/** `/<workspace>/<group>/<resource>/…` → `<group>/<resource>`. */
export function kindOfKey(key: string): string {
  const workspaceEnd = key.indexOf('/', 1);
  const groupEnd = key.indexOf('/', workspaceEnd + 1);
  const resourceEnd = key.indexOf('/', groupEnd + 1);
  return key.slice(workspaceEnd + 1, resourceEnd < 0 ? key.length : resourceEnd);
}
