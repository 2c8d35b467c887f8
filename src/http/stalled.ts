/** Peers that are there but do nothing: what waits for them would be kept for as long as their connection lives. */
import type { RawResponse } from './exchange.ts';
import { cut } from './sink.ts';

export interface StallLimits {
  /** kube-apiserver gives a request a minute in all; here a slow reader may take longer, as long as it reads. */
  readonly stallMs: number;
  /** What all stalled clients together may keep waiting; beyond it they are cut after a few seconds. */
  readonly budgetBytes: number;
}

const LIMITS: StallLimits = { stallMs: 60_000, budgetBytes: 256 * 1024 * 1024 };
const CHECK_MS = 5_000;

/** Watches one response; `isReading` says whether a request body is still to come. */
export type StallGuard = (response: RawResponse, isReading: () => boolean) => void;

/**
 * Cuts a response when nothing has moved in either direction while there was something to move: bytes of the answer that its
 * reader does not take, or a body that does not come. An answer that waits for events is no stall. Node starts the time anew
 * with every byte that the peer sends or takes.
 */
export function createStallGuard(limits: Partial<StallLimits> = {}): StallGuard {
  const { stallMs, budgetBytes } = { ...LIMITS, ...limits };
  const checkMs = Math.min(CHECK_MS, stallMs / 4);
  /** Those that have stood still for `checkMs` at least once. */
  const suspects = new Set<RawResponse>();
  const kept = (): number => [...suspects].reduce((sum, { writableLength }) => sum + writableLength, 0);
  return (response, isReading) => {
    let idleMs = checkMs;
    const check = (): void => {
      if (response.writableLength === 0 && !isReading()) return;
      if (!suspects.has(response)) response.once('close', () => suspects.delete(response));
      suspects.add(response);
      if (idleMs === stallMs || kept() > budgetBytes) {
        cut(response, new Error(`nothing was read or sent for ${idleMs} ms`));
        return;
      }
      idleMs = stallMs;
      response.setTimeout(idleMs);
    };
    // Given to `setTimeout`, a listener would be kept for one time (HTTP/2) or added each time (HTTP/1.1).
    if ('stream' in response) response.stream?.on('timeout', check);
    else response.on('timeout', check);
    response.setTimeout(checkMs);
  };
}
