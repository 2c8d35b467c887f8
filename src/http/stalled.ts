/** Peers that are there but do nothing: what waits for them would be kept for as long as their connection lives. */
import type { RawResponse } from './exchange.ts';
import { cut } from './sink.ts';

/** kube-apiserver gives a request a minute in all; here a slow reader may take longer, as long as it reads. */
export const STALL_MS = 60_000;

/**
 * Cuts the response when for `ms` nothing has moved in either direction while there was something to move: bytes of the answer
 * that its reader does not take, or, as long as `isReading` says so, a body that does not come. An answer that waits for
 * events is no stall. Node starts the time anew with every byte that the peer sends or takes.
 */
export function cutWhenStalled(response: RawResponse, ms: number, isReading: () => boolean): void {
  response.setTimeout(ms, () => {
    if (response.writableLength > 0 || isReading()) cut(response, new Error(`nothing was read or sent for ${ms} ms`));
  });
}
