/** The two requests of a reflector: a paged list and a watch, over one cluster's connection. */

import { CUT, JsonScanError, type ScannedObject, scanFirst } from '../kube/object-scan.ts';
import { type ResourceInfo, resourcePath } from '../kube/resource.ts';
import { ClusterError, type Downstream, type DownstreamResponse } from './downstream.ts';
import { LineSplitter, readWatchLine, type WatchLine } from './reflector-lines.ts';
import { type ListEnvelope, ListScanner, type ReadItem } from './reflector-list-scan.ts';

/** The cluster answered, but not with what was asked for. */
export class UnexpectedAnswer extends Error {
  readonly code: number;
  readonly reason: string;
  /** From Retry-After. */
  readonly retryAfterMs: number | undefined;
  constructor(code: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'UnexpectedAnswer';
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The version is too old, or of another history: only a new list helps. */
export const needsRelist = (error: unknown): boolean =>
  error instanceof UnexpectedAnswer &&
  (error.code === 410 || error.reason === 'ResourceVersionTooLarge' || error.reason === 'Expired');

const SLICE_MS = 8;

/** Lets others run when this much time has passed since they last could. */
export function makeBreather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now();
        resolve();
      }),
    );
  };
}

export interface ListRequest {
  readonly pageSize: number;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
  /** Its bytes are a slice of a received buffer. */
  readonly onItem: (item: ScannedObject) => void;
}

/** Reads every page; answers the version of the snapshot. Throws UnexpectedAnswer, ClusterError, JsonScanError. */
export async function readWholeList(
  downstream: Downstream,
  resource: ResourceInfo,
  request: ListRequest,
): Promise<bigint> {
  let token = '';
  let version = '';
  do {
    const query = new URLSearchParams({
      limit: String(request.pageSize),
      ...(token === '' ? {} : { continue: token }),
    });
    const { metadata } = await readPage(downstream, `${resourcePath(resource)}?${query}`, request);
    version = metadata.resourceVersion;
    token = metadata.continue;
  } while (token !== '');
  return parseVersion(version);
}

/** The cluster's version of now: never behind what it has told before, unless its history is another one. */
export async function readVersion(
  downstream: Downstream,
  resource: ResourceInfo,
  signal: AbortSignal,
): Promise<bigint> {
  const request = { pageSize: 1, signal, onBytes: () => undefined, onItem: () => undefined };
  const { metadata } = await readPage(downstream, `${resourcePath(resource)}?limit=1`, request);
  return parseVersion(metadata.resourceVersion);
}

function parseVersion(version: string): bigint {
  if (!/^[0-9]{1,19}$/.test(version)) throw new JsonScanError(`a list with the version "${version}"`);
  return BigInt(version);
}

/** Items that are objects with metadata. */
export const objectReader =
  (onItem: (item: ScannedObject) => void): ReadItem =>
  (bytes) => {
    const scanned = scanFirst(bytes);
    if (scanned === undefined) return CUT;
    onItem(scanned);
    return scanned.bytes.length;
  };

async function readPage(downstream: Downstream, path: string, request: ListRequest): Promise<ListEnvelope> {
  const { signal } = request;
  const response = await downstream.request({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
  await expectJson(response);
  const scanner = new ListScanner(objectReader(request.onItem));
  const breathe = makeBreather();
  for await (const chunk of response.body) {
    request.onBytes(chunk.byteLength);
    scanner.push(chunk);
    await breathe();
  }
  return scanner.finish();
}

export interface WatchRequest {
  readonly resourceVersion: bigint;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** The cluster has accepted the watch. */
  readonly onOpen: () => void;
  readonly onBytes: (count: number) => void;
  readonly onLine: (line: WatchLine) => void;
}

/** Resolves when the cluster ends the watch. Throws UnexpectedAnswer (also for ERROR events), ClusterError, JsonScanError. */
export async function readWatch(downstream: Downstream, resource: ResourceInfo, request: WatchRequest): Promise<void> {
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: String(request.resourceVersion),
    timeoutSeconds: String(request.timeoutSeconds),
  });
  const { signal } = request;
  const path = `${resourcePath(resource)}?${query}`;
  const response = await downstream.request({ method: 'GET', path, headers: { accept: 'application/json' }, signal });
  await expectJson(response);
  request.onOpen();
  const lines = new LineSplitter();
  const breathe = makeBreather();
  for await (const chunk of response.body) {
    request.onBytes(chunk.byteLength);
    for (const line of lines.push(chunk)) {
      const event = readWatchLine(line);
      if (event.type === 'ERROR') throw fromStatus(event.object);
      request.onLine(event);
    }
    await breathe();
  }
}

/** Throws UnexpectedAnswer for everything but a JSON answer with 200. */
export async function expectJson(response: DownstreamResponse): Promise<void> {
  if (response.status === 200) {
    const type = response.headers['content-type'] ?? '';
    if (type.startsWith('application/json')) return;
    response.body.destroy();
    throw new UnexpectedAnswer(
      200,
      'Garbage',
      `answered ${type === '' ? 'without a content type' : type} instead of JSON`,
    );
  }
  const body = await readSome(response);
  const retryAfter = Number.parseInt(response.headers['retry-after'] ?? '', 10);
  throw fromStatus(body, response.status, Number.isNaN(retryAfter) ? undefined : retryAfter * 1_000);
}

const STATUS_BYTES = 64 * 1024;

async function readSome(response: DownstreamResponse): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    parts.push(chunk);
    size += chunk.byteLength;
    if (size > STATUS_BYTES) break;
  }
  response.body.destroy();
  return Buffer.concat(parts).subarray(0, STATUS_BYTES);
}

function fromStatus(body: Buffer, httpStatus = 500, retryAfterMs?: number): UnexpectedAnswer {
  try {
    const status = JSON.parse(body.toString('utf8')) as {
      code?: number;
      reason?: string;
      message?: string;
      details?: { causes?: { reason?: string }[] };
    };
    const tooLarge = status.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') === true;
    const code = typeof status.code === 'number' ? status.code : httpStatus;
    const reason = tooLarge ? 'ResourceVersionTooLarge' : String(status.reason ?? '');
    return new UnexpectedAnswer(code, reason, String(status.message ?? `answered ${code}`), retryAfterMs);
  } catch {
    return new UnexpectedAnswer(httpStatus, '', `answered ${httpStatus}`, retryAfterMs);
  }
}

/** What a person is told about a failed attempt. */
export const reasonOf = (error: unknown): string =>
  error instanceof ClusterError || error instanceof UnexpectedAnswer || error instanceof JsonScanError
    ? error.message
    : error instanceof Error
      ? error.message
      : String(error);
