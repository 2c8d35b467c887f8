/** Loop protection: proxies of this kind count themselves in a header, and one hop too many is refused. */
import { ApiError } from '../kube/status.ts';
import { headerValue, type RawHeaders } from './headers.ts';

export const HOPS_HEADER = 'x-tmc-hops';
export const MAX_HOPS = 4;

/** The value to send on. Throws 508 when the request has come through too many gateways already. */
export function nextHop(raw: RawHeaders): string {
  const came = headerValue(raw, HOPS_HEADER);
  const hops = came !== undefined && /^\d{1,4}$/.test(came) ? Number(came) : 0;
  if (hops >= MAX_HOPS) {
    throw new ApiError(
      508,
      'LoopDetected',
      `the request has passed ${hops} gateways: a cluster's address leads back here`,
    );
  }
  return String(hops + 1);
}
