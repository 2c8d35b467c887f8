/** The embedded engine: SQLite over libsql. One writer process; other processes may read (backup). */
import { closeSync, openSync } from 'node:fs';
import { ChangeTail } from './change-tail.ts';
import { createGroupCommit } from './group-commit.ts';
import { createCompactor } from './sqlite-compact.ts';
import { createReader, type KeyRange, kindRange, prefixRange } from './sqlite-read.ts';
import { type OpenOptions, openDatabase } from './sqlite-tables.ts';
import { createWriter } from './sqlite-write.ts';
import { CompactedError, type ListOptions, type ListPage, type Store, type StoreChange } from './store.ts';

const WATCH_BATCH = 500;

/** Opens (or makes) a store at `path`, `:memory:` for one that lives with the process. Throws StoreUnusableError. */
export function openSqliteStore(path: string, options: OpenOptions = {}): Store {
  const db = openDatabase(path, options);
  const reader = createReader(db);
  const writer = createWriter(db, reader);
  const compactor = createCompactor(db);
  const newest = db.prepare('SELECT max(id) FROM log').raw().get() as unknown as [number | null];
  const tail = new ChangeTail(Math.max(newest[0] ?? 0, compactor.floor()));
  /** Newest id written, durable or not. */
  let written = tail.lastId;
  const walDescriptor = path === ':memory:' ? undefined : openWal(db, path);

  const commits = createGroupCommit(
    (batch) => {
      const applied = writer.applyBatch(batch, written);
      written = applied.lastId;
      return applied;
    },
    (applied) => tail.append(applied.changes, applied.lastId),
    walDescriptor,
  );

  /** What was read may be in the WAL but not yet on disk; a client must not see what a power cut can take back. */
  async function durable<T>(value: T): Promise<T> {
    if (written !== tail.lastId) await commits.flushed();
    return value;
  }

  function checkRevision(revision: bigint): void {
    const horizon = BigInt(compactor.horizon());
    if (revision < horizon) throw new CompactedError(horizon);
  }

  async function list(range: KeyRange, listOptions: ListOptions = {}): Promise<ListPage> {
    if (listOptions.at !== undefined) checkRevision(listOptions.at);
    return durable(reader.list(range, listOptions, BigInt(written)));
  }

  async function* watch(since: bigint, signal: AbortSignal): AsyncGenerator<readonly StoreChange[]> {
    let cursor = Number(since);
    while (!signal.aborted) {
      checkRevision(BigInt(cursor));
      const changes = tail.after(cursor) ?? reader.changes(cursor, WATCH_BATCH);
      const last = changes.at(-1);
      if (last === undefined) {
        await tail.next(signal);
        continue;
      }
      cursor = last.id;
      yield changes;
    }
  }

  async function compact(revision: bigint): Promise<void> {
    const target = Math.min(Number(revision), tail.lastId);
    if (target <= compactor.horizon()) return;
    compactor.setHorizon(target);
    for (let reached = compactor.compacted(); reached < target; ) {
      reached = compactor.step(reached, target);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  return {
    revision: () => durable(BigInt(written)),
    get: async (key) => {
      const entry = reader.get(key);
      return entry !== undefined && entry.revision > BigInt(tail.lastId) ? durable(entry) : entry;
    },
    list: (prefix, listOptions) => list(prefixRange(prefix), listOptions),
    listKind: (kind, listOptions) => list(kindRange(kind), listOptions),
    count: async (prefix) => reader.count(prefixRange(prefix)),
    commit: (operations) => commits.commit(operations),
    watch,
    compact,
    horizon: async () => BigInt(compactor.horizon()),
    async close() {
      await commits.close();
      if (!db.open) return;
      if (walDescriptor !== undefined) closeSync(walDescriptor);
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

/** The WAL exists once something was written; its file stays the same until the last connection closes. */
function openWal(db: ReturnType<typeof openDatabase>, path: string): number {
  db.exec("INSERT INTO meta(name, value) VALUES('opened', '1') ON CONFLICT DO UPDATE SET value = value + 1");
  return openSync(`${path}-wal`, 'r+');
}
