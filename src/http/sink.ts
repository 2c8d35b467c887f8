/** A ByteSink over one HTTP response. */
import type { ServerResponse } from 'node:http';
import type { ByteSink } from '../kube/api.ts';
import type { RawResponse } from './exchange.ts';

/** Takes a response whose headers have been sent. */
export function responseSink(response: RawResponse, closed: AbortSignal): ByteSink {
  // Asking the signal itself costs more than the rest of a write.
  let open = !closed.aborted;
  closed.addEventListener('abort', () => (open = false), { once: true });
  return {
    write: (chunk) => open && writeTo(response, chunk),
    get pending() {
      return response.writableLength;
    },
    end: () => void response.end(),
    destroy: (error) => cut(response, error),
    closed,
  };
}

function writeTo(response: RawResponse, chunk: Uint8Array): boolean {
  const socket = 'stream' in response ? undefined : chunkedSocket(response);
  if (socket === undefined || chunk.length === 0) return (response as NodeJS.WritableStream).write(chunk);
  return socket.write(framed(chunk));
}

/**
 * The socket of a chunked HTTP/1.1 answer whose turn it is. Writing to it saves Node's own framing, four small writes to
 * a socket for each chunk, which is most of an event's cost where a thousand clients watch.
 */
const chunkedSocket = (response: ServerResponse): NodeJS.WritableStream | undefined =>
  response.chunkedEncoding && response.headersSent && response.writableLength === response.socket?.writableLength
    ? response.socket
    : undefined;

let last: { readonly chunk: Uint8Array; readonly frame: Buffer } | undefined;

/** RFC 9112 §7.1. An event is written to all of its watchers in turn: its frame is made once. */
function framed(chunk: Uint8Array): Buffer {
  if (last?.chunk !== chunk) {
    const frame = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, LINE_END]);
    last = { chunk, frame };
  }
  return last.frame;
}

const LINE_END = Buffer.from('\r\n');

/** Ends the connection (h1) or the stream (h2) so that the body cannot be taken for complete. */
export function cut(response: RawResponse, error?: Error): void {
  if ('stream' in response) response.stream?.destroy(error ?? new Error('response cut'));
  else response.destroy(error);
}
