/** Every failure becomes a Status here, and nowhere else. */
import type { ApiResponse } from '../kube/api.ts';
import { ApiError, internalError, warningHeaders } from '../kube/status.ts';

/** Only an ApiError was meant for the caller's eyes; anything else is told as a plain 500, its cause kept for the log. */
export const toApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : internalError('unexpected failure', error);

/** The response for an ApiError; Retry-After wherever a retry is meant. */
export function statusResponse(error: ApiError): ApiResponse {
  const retryAfter = error.status.details?.retryAfterSeconds;
  return {
    status: error.code,
    headers: {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      ...warningHeaders(error.warnings),
      ...(error.code === 401 ? { 'www-authenticate': 'Bearer realm="tmc"' } : {}),
    },
    body: Buffer.from(`${JSON.stringify(error.status)}\n`),
  };
}
