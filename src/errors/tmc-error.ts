/** An error of the catalogue with what it was about. */
import { ApiError } from '../kube/status.ts';
import { ERROR_TYPES, type ErrorTypeName } from './catalogue.ts';

export interface ErrorContext {
  readonly clusterName?: string;
  readonly workspace?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly resource?: string;
}

export class TmcError extends Error {
  readonly type: ErrorTypeName;
  readonly context: ErrorContext;
  constructor(type: ErrorTypeName, message: string, context: ErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TmcError';
    this.type = type;
    this.context = context;
  }
}

/** The Status that a request ends with. */
export function toStatusError(error: TmcError): ApiError {
  const { code, reason, retryable, hint } = ERROR_TYPES[error.type];
  const details = {
    causes: [
      { reason: error.type, message: hint, ...(error.context.clusterName ? { field: error.context.clusterName } : {}) },
    ],
    ...(retryable && code === 503 ? { retryAfterSeconds: 1 } : {}),
  };
  return new ApiError(code, reason, error.message, details, { cause: error });
}
