/** What can keep a store from its work. */
import { ApiError } from '../../kube/status.ts';

/** Thrown when a file cannot be opened or trusted: damaged, in use, or written by a newer version. */
export class StoreUnusableError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreUnusableError';
  }
}

/**
 * A write was refused and changed nothing; reads go on, and writes once there is space. Answered as kube-apiserver
 * answers etcd's "database space exceeded": 500 without a reason, the text being the store's own.
 */
export class StoreFullError extends ApiError {
  constructor(cause: Error) {
    super(500, '', `The store cannot be written, its disk may be full: ${cause.message}`, undefined, { cause });
    this.name = 'StoreFullError';
  }
}

/**
 * Data could not be synced to disk. The kernel may have dropped what it could not write and report no error again, so
 * neither what was read back nor a second sync can be trusted: the store stops, and the process should.
 */
export class StoreFailedError extends ApiError {
  constructor(cause: Error) {
    super(
      500,
      'InternalError',
      `The store could not be synced to disk and has stopped; check the disk and restart: ${cause.message}`,
      undefined,
      { cause },
    );
    this.name = 'StoreFailedError';
  }
}

/** No space (13), or a write, truncation or shared-memory growth that the file system refuses (quota, file size). */
const REFUSED_WRITES: readonly unknown[] = [13, 778, 1546, 4874];
/** SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC. */
const FAILED_SYNCS: readonly unknown[] = [1034, 1290];

const sqliteCode = (error: unknown): unknown => (error as { rawCode?: unknown }).rawCode;
/** The error of a transaction that was rolled back, as the store throws it. */
export const asWriteError = (error: unknown): unknown =>
  REFUSED_WRITES.includes(sqliteCode(error)) ? new StoreFullError(error as Error) : error;

export const isFailedSync = (error: unknown): error is Error => FAILED_SYNCS.includes(sqliteCode(error));
