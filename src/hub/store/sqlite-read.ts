/** Reads of the SQLite engine: point reads, ranges now and at a pinned revision, and the log for watches. */
import { RecentReads } from './recent-reads.ts';
import type { Sqlite } from './sqlite-tables.ts';
import type { ListOptions, ListPage, StoreChange, StoredEntry } from './store.ts';

/** A change with its position in the log; several changes may share a revision, never an id. */
export interface LoggedChange extends StoreChange {
  readonly id: number;
}

/** A range of keys: by prefix or by kind. `lower` is inclusive, `upper` exclusive. */
export interface KeyRange {
  readonly kind: string | undefined;
  readonly lower: string;
  readonly upper: string;
}

export const prefixRange = (prefix: string): KeyRange => ({
  kind: undefined,
  lower: prefix,
  upper: prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1),
});

export const kindRange = (kind: string): KeyRange => ({ kind, lower: '', upper: '\u{10ffff}' });

type EntryRow = [key: string, rev: number, value: Buffer];
type NewestRow = [id: number, rev: number, value: Buffer];

/** A live entry with the id of its row. */
export interface LiveEntry extends StoredEntry {
  readonly id: number;
}
type LogRow = [
  id: number,
  rev: number,
  deleted: number,
  key: string,
  value: Buffer | null,
  Buffer | null,
  number | null,
];

export type SqliteReader = ReturnType<typeof createReader>;

export function createReader(db: Sqlite) {
  const prepare = (sql: string) => db.prepare(sql).raw();
  const getStatement = prepare('SELECT l.id, l.rev, l.value FROM live v JOIN log l ON l.id = v.id WHERE v.key = ?');
  const recent = new RecentReads<LiveEntry>();
  const logStatement = prepare(
    `SELECT l.id, l.rev, l.deleted, l.key, l.value, p.value, p.rev FROM log l LEFT JOIN log p ON p.id = l.prev
     WHERE l.id > ? ORDER BY l.id LIMIT ?`,
  );
  const statements = new Map<string, ReturnType<typeof prepare>>();
  const cached = (sql: string) => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    return statement;
  };

  const toEntry = (row: EntryRow): StoredEntry => ({ key: row[0], revision: BigInt(row[1]), value: row[2] });

  function newest(key: string): LiveEntry | undefined {
    const known = recent.get(key);
    if (known !== undefined) return known;
    const row = getStatement.get(key) as unknown as NewestRow | undefined;
    if (row === undefined) return undefined;
    const entry = { key, id: row[0], revision: BigInt(row[1]), value: row[2] };
    recent.keep(entry);
    return entry;
  }

  function get(key: string): StoredEntry | undefined {
    return newest(key);
  }

  /** `current` is the newest revision, given by the caller in the same turn: reads are synchronous, so they agree. */
  function list(range: KeyRange, options: ListOptions, current: bigint): ListPage {
    const pinned = options.at !== undefined && options.at < current ? Number(options.at) : undefined;
    if (pinned === undefined && recent.isEmpty(range)) return { entries: [], revision: current, remaining: 0 };
    const lower = options.after === undefined ? range.lower : `${options.after}\u0000`;
    const asked = options.limit === undefined || options.limit <= 0 ? -1 : options.limit;
    const source = pinned === undefined ? liveRows(range) : pinnedRows(range);
    const bounds = boundsOf(range, lower, pinned);
    const limit = options.bytes === undefined ? asked : fitting(source, bounds, asked, options.bytes);
    const rows = cached(
      `SELECT s.key, l.rev, l.value FROM (${source} ORDER BY key LIMIT ?) s JOIN log l ON l.id = s.id ORDER BY s.key`,
    ).all(...bounds, limit < 0 ? -1 : limit + 1) as unknown as EntryRow[];
    const more = limit >= 0 && rows.length > limit;
    if (more) rows.pop();
    if (rows.length === 0 && pinned === undefined && options.after === undefined) recent.keepEmpty(range);
    const last = rows.at(-1)?.[0];
    return {
      entries: rows.map(toEntry),
      revision: pinned === undefined ? current : BigInt(pinned),
      remaining: !more ? 0 : options.count === false ? 1 : countAfter(range, `${last}\u0000`, pinned),
    };
  }

  /** How many of the first rows reach so many bytes: lengths are in the rows' heads, the values are not read. At least 1. */
  function fitting(source: string, bounds: readonly (string | number)[], limit: number, bytes: number): number {
    const row = cached(
      `SELECT count(*) FROM (
         SELECT sum(size) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING) - size AS before FROM (
           SELECT s.key, length(l.value) AS size FROM (${source} ORDER BY key LIMIT ?) s JOIN log l ON l.id = s.id))
       WHERE before < ?`,
    ).get(...bounds, limit, bytes) as unknown as [number];
    return Math.max(1, row[0]);
  }

  function countAfter(range: KeyRange, lower: string, pinned?: number): number {
    const source = pinned === undefined ? liveRows(range) : pinnedRows(range);
    const row = cached(`SELECT count(*) FROM (${source})`).get(...boundsOf(range, lower, pinned));
    return (row as unknown as [number])[0];
  }

  /** Changes behind `id`, oldest first; a few more than the limit rather than half a commit. */
  function changes(id: number, limit: number): LoggedChange[] {
    const found = (logStatement.all(id, limit) as unknown as LogRow[]).map(toChange);
    const last = found.at(-1);
    const missing = last === undefined ? 0 : Number(last.revision) - last.id;
    if (last === undefined || missing === 0) return found;
    return [...found, ...(logStatement.all(last.id, missing) as unknown as LogRow[]).map(toChange)];
  }

  return { get, newest, recent, list, count: (range: KeyRange) => countAfter(range, range.lower), changes };
}

const where = (range: KeyRange) => `${range.kind === undefined ? '' : 'kind = ? AND '}key >= ? AND key < ?`;
const liveRows = (range: KeyRange) => `SELECT key, id FROM live WHERE ${where(range)}`;
/** Rows that were the newest of their key at the revision: still live and not newer, or superseded only later. */
const pinnedRows = (range: KeyRange) =>
  `${liveRows(range)} AND id <= ? UNION ALL SELECT key, id FROM past WHERE ${where(range)} AND id <= ? AND until > ?`;

function boundsOf(range: KeyRange, lower: string, pinned: number | undefined): (string | number)[] {
  const keys = range.kind === undefined ? [lower, range.upper] : [range.kind, lower, range.upper];
  return pinned === undefined ? keys : [...keys, pinned, ...keys, pinned, pinned];
}

const toChange = ([id, rev, deleted, key, value, previous, previousRev]: LogRow): LoggedChange => ({
  id,
  type: deleted === 1 ? 'delete' : 'put',
  key,
  value: (deleted === 1 ? previous : value) ?? new Uint8Array(0),
  previous: previous ?? undefined,
  previousRevision: BigInt(previousRev ?? 0),
  revision: BigInt(rev),
});
