/** How long a request may take. */
import type { RequestInfo } from '../kube/request-info.ts';
import { ApiError } from '../kube/status.ts';

const STREAMING_SUBRESOURCES = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

/** Requests that last as long as the client likes (kube-apiserver's LongRunningFunc). */
export const isLongRunning = (info: RequestInfo, query: URLSearchParams): boolean =>
  info.verb === 'watch' ||
  (STREAMING_SUBRESOURCES.has(info.subresource) && (info.subresource !== 'log' || query.get('follow') === 'true'));

/** Throws 504 with upstream's text when the answer does not come within `ms`. */
export async function withinDeadline<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut()), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

const timedOut = (): ApiError =>
  new ApiError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {});
