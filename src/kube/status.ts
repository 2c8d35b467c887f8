/** Kubernetes Status and the errors that carry one (apimachinery `api/errors`). Texts are upstream's: clients match on them. */
import { type GroupResource, groupResourceName } from './resource.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, unknown>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** An answer that is a Status. Thrown by handlers, caught once at the HTTP edge. */
export class ApiError extends Error {
  readonly status: Status;
  /** Said on the way to the refusal: sent beside it as Warning headers. */
  readonly warnings: string[] = [];
  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    options?: { cause?: unknown; metadata?: Record<string, unknown> },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: options?.metadata ?? {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
  get code(): number {
    return this.status.code ?? 500;
  }
  get reason(): string {
    return this.status.reason ?? '';
  }
}

/** The error, with warnings where it is one for the caller. */
export function withWarnings<E>(error: E, warnings: readonly string[]): E {
  if (error instanceof ApiError) error.warnings.push(...warnings);
  return error;
}

/** RFC 7234 warnings as kube-apiserver sends them: `299 - "text"`. */
export const warningHeaders = (warnings: readonly string[]): Record<string, readonly string[]> =>
  warnings.length === 0
    ? {}
    : { warning: [...new Set(warnings)].map((text) => `299 - ${JSON.stringify(text.replace(/[\r\n]+/g, ' '))}`) };

const details = (gr: GroupResource, name?: string, causes?: readonly StatusCause[]): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(gr.group ? { group: gr.group } : {}),
  ...(gr.resource ? { kind: gr.resource } : {}),
  ...(causes && causes.length > 0 ? { causes } : {}),
});

export const notFound = (gr: GroupResource, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${groupResourceName(gr)} "${name}" not found`, details(gr, name));

export const alreadyExists = (gr: GroupResource, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${groupResourceName(gr)} "${name}" already exists`, details(gr, name));

export const conflict = (gr: GroupResource, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${groupResourceName(gr)} "${name}": ${why}`,
    details(gr, name),
  );

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

/** 403. `why` is optional detail; empty resource means a non-resource path. */
export const forbidden = (gr: GroupResource, name: string, why: string): ApiError =>
  new ApiError(
    403,
    'Forbidden',
    gr.group === '' && gr.resource === ''
      ? `forbidden: ${why}`
      : `${groupResourceName(gr)}${name ? ` "${name}"` : ''} is forbidden: ${why}`,
    details(gr, name),
  );

/** 422. `kind` is the Kind (not the resource), as upstream; message joins the causes as `field.ErrorList.ToAggregate` does. */
export function invalid(gk: { group: string; kind: string }, name: string, causes: readonly StatusCause[]): ApiError {
  const texts = [
    ...new Set(causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message ?? ''}` : (cause.message ?? '')))),
  ];
  const joined = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const kind = gk.group === '' ? gk.kind : `${gk.kind}.${gk.group}`;
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${joined}`, {
    ...(name ? { name } : {}),
    ...(gk.group ? { group: gk.group } : {}),
    ...(gk.kind ? { kind: gk.kind } : {}),
    causes,
  });
}

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);
export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');
export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message);
export const methodNotAllowed = (gr: GroupResource, verb: string): ApiError =>
  new ApiError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${groupResourceName(gr)}"`,
    details(gr),
  );
export const notAcceptable = (accepted: readonly string[]): ApiError =>
  new ApiError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
export const tooLarge = (message: string): ApiError => new ApiError(413, 'RequestEntityTooLarge', message);
/** 404 for a path that no resource stands at (upstream's text). */
export const pathNotFound = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
export const tooManyRequests = (message: string, retryAfterSeconds: number): ApiError =>
  new ApiError(429, 'TooManyRequests', message, { retryAfterSeconds });
export const unavailable = (message: string, retryAfterSeconds = 1, causes?: readonly StatusCause[]): ApiError =>
  new ApiError(503, 'ServiceUnavailable', message, { retryAfterSeconds, ...(causes ? { causes } : {}) });
export const internalError = (message: string, cause?: unknown): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }, { cause });
/** 504 with the cause that client-go looks for when it asked for a version this server has not reached. */
export const versionTooLarge = (wanted: bigint, current: bigint): ApiError =>
  new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
