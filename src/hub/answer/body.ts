/** Request bodies: JSON, YAML, protobuf, told apart by Content-Type. */
import type { ApiRequest } from '../../kube/api.ts';
import type { Json } from '../../kube/object.ts';
import { ApiError, badRequest, unsupportedMediaType } from '../../kube/status.ts';
import type { WriteOptions } from '../core.ts';
import { decodeProtobuf, PROTOBUF } from '../encoding/protobuf.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type DecodedBody, decodeBody as decodeText, unrecognized, withTypeMeta } from '../schema/decode-body.ts';
import { looksStrictly } from '../schema/field-validation.ts';

const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF];

export const mediaTypeOf = (request: Pick<ApiRequest, 'headers'>): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

interface Expected {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The decoded body; undefined when it is empty. Throws ApiError 400, 413, 415. */
export const decodeBody = (request: Pick<ApiRequest, 'headers' | 'body'>, expected: Expected): unknown =>
  request.body.length === 0 ? undefined : decodeStrictly(request, expected, { bare: true }).value;

/** With what strict decoding found. `custom` kinds have no protobuf form. */
function decodeStrictly(
  request: Pick<ApiRequest, 'headers' | 'body'>,
  expected: Expected,
  { custom = false, strict = false, bare = false }: { custom?: boolean; strict?: boolean; bare?: boolean } = {},
): DecodedBody {
  const kind = expected.kind;
  switch (mediaTypeOf(request)) {
    case '':
    case 'application/json':
      return decodeText(request.body, 'json', { kind, strict, bare });
    case 'application/yaml':
      return decodeText(request.body, 'yaml', { kind, strict, bare });
    case PROTOBUF:
      if (!custom) return { value: decodeBinary(request.body, expected), duplicates: [] };
      throw unsupportedMediaType(ACCEPTED.slice(0, 2));
    default:
      throw unsupportedMediaType(ACCEPTED);
  }
}

/** A fault in protobuf is told as one in JSON is. */
function decodeBinary(body: Uint8Array, expected: Expected): Json {
  try {
    return decodeProtobuf(body, expected) as unknown as Json;
  } catch (error) {
    throw error instanceof ApiError && error.code === 400 ? unrecognized(error.message, body, expected) : error;
  }
}

/** The body of a create or update, with what strict decoding said of it. */
export function decodeObject(
  request: ApiRequest,
  { info, custom }: ResourceDefinition,
  options: WriteOptions,
): { value: unknown; options: WriteOptions } {
  const strict = looksStrictly(options.fieldValidation);
  const { value, duplicates } = decodeStrictly(request, info, { custom, strict });
  const typed =
    mediaTypeOf(request) === PROTOBUF
      ? value
      : withTypeMeta(value, request.body, { kind: info.kind, needsKind: custom });
  return { value: typed, options: { ...options, duplicates } };
}

/** Upstream has one text for every JSON that is none. */
function decodePatchText(body: Uint8Array, format: 'json' | 'yaml', strict: boolean): DecodedBody {
  try {
    return decodeText(body, format, { strict });
  } catch (error) {
    if (format === 'json' && error instanceof ApiError && error.code === 400) throw badRequest('invalid JSON patch');
    throw error;
  }
}

/** A patch document. Apply patches are YAML by name. */
export function decodePatch(
  request: ApiRequest,
  format: 'json' | 'yaml',
  options: WriteOptions,
): { value: unknown; options: WriteOptions } {
  const strict = looksStrictly(options.fieldValidation);
  const { value, duplicates } = decodePatchText(request.body, format, strict);
  return { value, options: { ...options, duplicates } };
}
