/** A response body whose failures name the cluster, and reading one whole within a limit. */
import type { Readable } from 'node:stream';
import { clusterError } from './classify-error.ts';

export interface DownstreamBody extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): void;
  /** Runs when the last byte was read or the body was destroyed. */
  onClosed(listener: () => void): void;
}

/** `explain` turns what the stream failed with into what the reader is to see. */
export function downstreamBody(readable: Readable, explain: (error: unknown) => unknown): DownstreamBody {
  // Destroying an unread body emits an error that nobody else waits for.
  readable.on('error', () => undefined);
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* readable as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw explain(error);
      }
    },
    destroy: (error) => void readable.destroy(error),
    onClosed: (listener) => {
      if (readable.closed) listener();
      else readable.once('close', listener);
    },
  };
}

/** Throws ClusterError `garbage` beyond the limit, `timeout` when no byte comes for `idleMs`. */
export async function readWhole(
  clusterName: string,
  body: DownstreamBody,
  limitBytes: number,
  idleMs: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let late: Error | undefined;
  const timer = setTimeout(() => {
    late = clusterError(clusterName, 'timeout', `no byte of the body for ${idleMs} ms`);
    body.destroy(late);
  }, idleMs);
  try {
    for await (const chunk of body) {
      timer.refresh();
      size += chunk.byteLength;
      if (size > limitBytes)
        throw clusterError(clusterName, 'garbage', `its answer is larger than ${limitBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw late ?? error;
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks, size);
}
