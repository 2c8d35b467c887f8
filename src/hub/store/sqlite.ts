/** The embedded engine: SQLite over libsql. One writer process; other processes may read (backup). */
import { closeSync, fdatasync, openSync } from 'node:fs';
import { ChangeTail } from './change-tail.ts';
import { createGroupCommit } from './group-commit.ts';
import { createCompactor } from './sqlite-compact.ts';
import { createReader, type KeyRange, kindRange, prefixRange } from './sqlite-read.ts';
import { type OpenOptions, openDatabase } from './sqlite-tables.ts';
import { createWriter } from './sqlite-write.ts';
import { CompactedError, type ListOptions, type ListPage, type Store, type StoreChange } from './store.ts';
import type { StoreFailedError } from './store-errors.ts';
import { lockStore } from './store-lock.ts';
import { createCheckpointer } from './wal-checkpoint.ts';

const WATCH_BATCH = 500;

export interface SqliteStoreOptions extends OpenOptions {
  /** Hears once that the store has stopped because the disk failed: the process should end. */
  readonly onFailure?: (failure: StoreFailedError) => void;
  /** Pages of the WAL from which on it is checkpointed. */
  readonly walPages?: number;
  /** Makes a file's contents durable; for tests of disks that fail. */
  readonly syncFile?: (descriptor: number) => Promise<void>;
}

/** Opens (or makes) a store at `path`, `:memory:` for one that lives with the process. Throws StoreUnusableError. */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const file = path === ':memory:' ? undefined : openStoreFile(path, options);
  const db = file?.db ?? openDatabase(path, options);
  const reader = createReader(db);
  const writer = createWriter(db, reader);
  const compactor = createCompactor(db);
  const newest = db.prepare('SELECT max(id) FROM log').raw().get() as unknown as [number | null];
  const tail = new ChangeTail(Math.max(newest[0] ?? 0, compactor.floor()));
  /** Newest id written, durable or not. */
  let written = tail.lastId;
  /** Keys whose deletion is written and not yet durable. */
  let vanishing: ReadonlySet<string> = new Set();

  const commits = createGroupCommit({
    apply(batch) {
      const applied = writer.applyBatch(batch, written);
      written = applied.lastId;
      vanishing = new Set(applied.changes.filter(({ type }) => type === 'delete').map(({ key }) => key));
      checkpoints?.wrote(applied.changes.length, sizeOf(applied.changes));
      return applied;
    },
    sync: async () => file?.syncWal(),
    onDurable: (applied) => tail.append(applied.changes, applied.lastId),
    pause: () => checkpoints?.pause(),
    ...(options.onFailure && { onFailure: options.onFailure }),
  });
  const checkpoints =
    file &&
    createCheckpointer({
      path,
      db,
      limit: options.walPages,
      syncWal: file.syncWal,
      onFailedSync: (error) => void commits.fail(error),
    });

  /** What was read may be in the WAL but not yet on disk; a client must not see what a power cut can take back. */
  async function durable<T>(value: T): Promise<T> {
    if (written !== tail.lastId) await commits.flushed();
    return value;
  }

  function checkRevision(revision: bigint): void {
    const horizon = BigInt(compactor.horizon());
    if (revision < horizon) throw new CompactedError(horizon);
  }

  async function get(key: string) {
    commits.check();
    const entry = reader.get(key);
    const settled = entry === undefined ? !vanishing.has(key) : entry.revision <= BigInt(tail.lastId);
    return settled ? entry : durable(entry);
  }

  async function list(range: KeyRange, listOptions: ListOptions = {}): Promise<ListPage> {
    commits.check();
    if (listOptions.at !== undefined) checkRevision(listOptions.at);
    return durable(reader.list(range, listOptions, BigInt(written)));
  }

  async function* watch(since: bigint, signal: AbortSignal): AsyncGenerator<readonly StoreChange[]> {
    let cursor = Number(since);
    while (!signal.aborted) {
      checkRevision(BigInt(cursor));
      const changes = tail.after(cursor) ?? reader.changes(cursor, WATCH_BATCH).filter(({ id }) => id <= tail.lastId);
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
      const from = reached;
      reached = compactor.step(reached, target);
      checkpoints?.wrote(reached - from, 0);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  return {
    revision: async () => {
      commits.check();
      return durable(BigInt(written));
    },
    get,
    list: (prefix, listOptions) => list(prefixRange(prefix), listOptions),
    listKind: (kind, listOptions) => list(kindRange(kind), listOptions),
    count: async (prefix) => {
      commits.check();
      return durable(reader.count(prefixRange(prefix)));
    },
    commit: (operations) => commits.commit(operations),
    watch,
    compact,
    horizon: async () => BigInt(compactor.horizon()),
    async close() {
      await commits.close();
      if (!db.open) return;
      await checkpoints?.close();
      file?.close();
      db.close();
    },
  };
}

const sizeOf = (changes: readonly StoreChange[]): number => changes.reduce((sum, { value }) => sum + value.length, 0);

/** A store's file, locked, with its WAL. */
function openStoreFile(path: string, { syncFile = syncData, ...options }: SqliteStoreOptions) {
  const lock = lockStore(path);
  try {
    const db = openDatabase(path, options);
    const wal = openSync(`${path}-wal`, 'r+');
    return {
      db,
      syncWal: () => syncFile(wal),
      close() {
        closeSync(wal);
        // Nothing is lost by leaving it to the next start.
        try {
          db.pragma('wal_checkpoint(TRUNCATE)');
        } catch {}
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

const syncData = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(descriptor, (error) => (error ? reject(error) : resolve())));
