/** Writes an ApiResponse to the wire: bytes, a stream or a sink, with gzip where it pays. */
import { once } from 'node:events';
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { ApiResponse } from '../kube/api.ts';
import type { RawResponse } from './exchange.ts';
import { Indenter, indented } from './pretty.ts';
import { cut, responseSink } from './sink.ts';

/** kube-apiserver's threshold: below it compression costs more than it saves (defaultGzipThresholdBytes). */
export const GZIP_THRESHOLD = 128 * 1024;
const LEVEL = { level: constants.Z_BEST_SPEED };
const compress = promisify<Uint8Array, { level: number }, Buffer>(gzip);

export interface ReplyContext {
  readonly method: string;
  readonly acceptEncoding: string | undefined;
  readonly auditId: string;
  /** JSON is indented. */
  readonly pretty: boolean;
  /** Aborts when the client is gone. */
  readonly closed: AbortSignal;
}

const COMMON: Readonly<Record<string, string>> = {
  'cache-control': 'no-cache, private',
  'x-content-type-options': 'nosniff',
};

/** Resolves when the body has been handed to the socket, or when a sink has taken it over. */
export async function reply(response: RawResponse, answer: ApiResponse, context: ReplyContext): Promise<void> {
  const headers: Record<string, string | string[]> = { ...COMMON, 'audit-id': context.auditId };
  for (const [name, value] of Object.entries(answer.headers)) {
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  const mayGzip = acceptsGzip(context.acceptEncoding) && context.method === 'GET' && !('content-encoding' in headers);
  const pretty = context.pretty && isJson(headers);
  if (answer.body instanceof Uint8Array) {
    const bytes = pretty ? new Indenter().indent(answer.body) : answer.body;
    return replyBytes(response, answer.status, headers, bytes, context, mayGzip);
  }
  if (context.method === 'HEAD') {
    writeHead(response, answer.status, headers).end();
    return;
  }
  if (typeof answer.body === 'function') {
    flush(writeHead(response, answer.status, headers));
    answer.body(responseSink(response, context.closed));
    return;
  }
  const body = pretty ? indented(answer.body) : answer.body;
  await replyStream(response, answer.status, headers, body, context, mayGzip);
}

const isJson = (headers: Readonly<Record<string, string | string[]>>): boolean =>
  !('content-encoding' in headers) && String(headers['content-type'] ?? '').startsWith('application/json');

async function replyBytes(
  response: RawResponse,
  status: number,
  headers: Record<string, string | string[]>,
  body: Uint8Array,
  context: ReplyContext,
  mayGzip: boolean,
): Promise<void> {
  let bytes = body;
  if (mayGzip && body.length >= GZIP_THRESHOLD) {
    bytes = await compress(body, LEVEL);
    Object.assign(headers, GZIPPED);
  }
  if (status !== 204 && status !== 304) headers['content-length'] = String(bytes.length);
  writeHead(response, status, headers);
  if (context.method === 'HEAD') response.end();
  else response.end(bytes);
}

const GZIPPED = { 'content-encoding': 'gzip', vary: 'Accept-Encoding' };

/** Holds back up to the threshold to decide on gzip, then passes on with backpressure. */
async function replyStream(
  response: RawResponse,
  status: number,
  headers: Record<string, string | string[]>,
  body: AsyncIterable<Uint8Array>,
  context: ReplyContext,
  mayGzip: boolean,
): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    const held: Uint8Array[] = [];
    let size = 0;
    while (mayGzip && size < GZIP_THRESHOLD) {
      const next = await iterator.next();
      if (next.done) return await replyBytes(response, status, headers, Buffer.concat(held, size), context, false);
      held.push(next.value);
      size += next.value.length;
    }
    flush(writeHead(response, status, mayGzip ? { ...headers, ...GZIPPED } : headers));
    const all = prepend(held, iterator);
    for await (const chunk of mayGzip ? gzipped(all) : all) {
      if (context.closed.aborted) return;
      if (!(response as NodeJS.WritableStream).write(chunk)) await drained(response, context.closed);
    }
    response.end();
  } catch (error) {
    if (!response.headersSent) throw error;
    cut(response, error as Error);
  } finally {
    await iterator.return?.();
  }
}

async function* prepend(held: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* held;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** An error on either side, or the reader's early return, ends both. */
async function* gzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zip = createGzip(LEVEL);
  pipeline(Readable.from(source, { objectMode: true }), zip, () => undefined);
  yield* zip as AsyncIterable<Buffer>;
}

const drained = (response: RawResponse, closed: AbortSignal): Promise<unknown> =>
  once(response as NodeJS.WritableStream & NodeJS.EventEmitter, 'drain', { signal: closed }).catch(() => undefined);

export function writeHead(
  response: RawResponse,
  status: number,
  headers: Record<string, string | string[]>,
): RawResponse {
  // In one go where the head waits for the body anyway; HTTP/2 would send it by itself.
  if (!('stream' in response)) return response.writeHead(status, headers);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  return response;
}

/** Both response classes have it; the HTTP/2 one's type does not say so. */
const flush = (response: RawResponse): void => (response as unknown as { flushHeaders(): void }).flushHeaders();

const acceptsGzip = (accept: string | undefined): boolean =>
  accept?.split(',').some((part) => /^\s*gzip\s*(;\s*q\s*=\s*(?!0(\.0*)?\s*$).*)?$/i.test(part)) ?? false;
