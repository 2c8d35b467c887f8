/** Writes of the SQLite engine: one transaction over many commits, each of which is applied or refused as a whole. */
import type { LoggedChange, SqliteReader } from './sqlite-read.ts';
import { kindOfKey, type Sqlite } from './sqlite-tables.ts';
import type { CommitResult, StoreOperation } from './store.ts';
import { asWriteError } from './store-errors.ts';

export interface AppliedBatch {
  readonly results: readonly CommitResult[];
  readonly changes: readonly LoggedChange[];
  readonly lastId: number;
}

export type SqliteWriter = ReturnType<typeof createWriter>;

export function createWriter(db: Sqlite, reader: Pick<SqliteReader, 'get' | 'newest' | 'recent'>) {
  const insertLog = db.prepare('INSERT INTO log(id, rev, prev, deleted, key, value) VALUES(?, ?, ?, ?, ?, ?)');
  const insertLive = db.prepare('INSERT INTO live(key, id, kind) VALUES(?, ?, ?)');
  const updateLive = db.prepare('UPDATE live SET id = ? WHERE key = ?');
  const deleteLive = db.prepare('DELETE FROM live WHERE key = ?');
  const insertPast = db.prepare('INSERT INTO past(key, id, until, kind) VALUES(?, ?, ?, ?)');
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');

  /** Applies every commit in one transaction. Throws (and changes nothing) when the database refuses; StoreFullError for want of space. */
  function applyBatch(commits: readonly (readonly StoreOperation[])[], lastId: number): AppliedBatch {
    const results: CommitResult[] = [];
    const changes: LoggedChange[] = [];
    let id = lastId;
    begin.run();
    try {
      for (const operations of commits) {
        const refused = refusal(operations);
        if (refused !== undefined) results.push(refused);
        else {
          const applied = apply(operations, id);
          id += applied.length;
          changes.push(...applied);
          results.push({ ok: true, revision: BigInt(id) });
        }
      }
      commit.run();
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      reader.recent.forgetAll();
      throw asWriteError(error);
    }
    return { results, changes, lastId: id };
  }

  function refusal(operations: readonly StoreOperation[]): CommitResult | undefined {
    for (const { key, expected } of operations) {
      if (expected === undefined) continue;
      const current = reader.get(key);
      if ((current?.revision ?? 0n) !== expected) return { ok: false, key, current };
    }
    return undefined;
  }

  /** Deleting what does not exist is no change. The commit's revision is the id of its last change. */
  function apply(operations: readonly StoreOperation[], lastId: number): LoggedChange[] {
    const rows = operations.map((operation) => ({
      ...operation,
      // What is expected to be new was just looked for.
      old: operation.expected === 0n ? undefined : reader.newest(operation.key),
    }));
    const effective = rows.filter((row) => row.value !== undefined || row.old !== undefined);
    const revision = lastId + effective.length;
    return effective.map(({ key, value, old }, index) => {
      const id = lastId + index + 1;
      write(id, revision, key, value, old?.id);
      return {
        id,
        type: value === undefined ? 'delete' : 'put',
        key,
        value: value ?? old?.value ?? new Uint8Array(0),
        previous: old?.value,
        previousRevision: old?.revision ?? 0n,
        revision: BigInt(revision),
      };
    });
  }

  function write(id: number, revision: number, key: string, value: Uint8Array | undefined, oldId?: number): void {
    reader.recent.changed(key, value !== undefined);
    insertLog.run(id, revision, oldId ?? 0, value === undefined ? 1 : 0, key, value ?? null);
    if (oldId !== undefined) insertPast.run(key, oldId, revision, kindOfKey(key));
    if (value === undefined) deleteLive.run(key);
    else if (oldId === undefined) insertLive.run(key, id, kindOfKey(key));
    else updateLive.run(id, key);
  }

  return { applyBatch };
}
