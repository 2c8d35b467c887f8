/** A ByteSink over one HTTP response. */
import type { ByteSink } from '../kube/api.ts';
import type { RawResponse } from './exchange.ts';

export function responseSink(response: RawResponse, closed: AbortSignal): ByteSink {
  return {
    write: (chunk) => !closed.aborted && (response as NodeJS.WritableStream).write(chunk),
    get pending() {
      return response.writableLength;
    },
    end: () => void response.end(),
    destroy: (error) => cut(response, error),
    closed,
  };
}

/** Ends the connection (h1) or the stream (h2) so that the body cannot be taken for complete. */
export function cut(response: RawResponse, error?: Error): void {
  if ('stream' in response) response.stream?.destroy(error ?? new Error('response cut'));
  else response.destroy(error);
}
