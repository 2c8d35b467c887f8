/** How long a request may take. */
import type { RequestInfo } from '../kube/request-info.ts';
import { ApiError } from '../kube/status.ts';

const STREAMING_SUBRESOURCES = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

/** Requests that last as long as the client likes (kube-apiserver's LongRunningFunc). */
export const isLongRunning = (info: RequestInfo, query: URLSearchParams): boolean =>
  info.verb === 'watch' ||
  (STREAMING_SUBRESOURCES.has(info.subresource) && (info.subresource !== 'log' || query.get('follow') === 'true'));

/** Throws 504 with upstream's text when the answer does not come within `ms`. */
export function withinDeadline<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut()), ms);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

const timedOut = (): ApiError =>
  new ApiError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {});
