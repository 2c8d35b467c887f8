/** Request bodies: JSON, YAML, protobuf, told apart by Content-Type. */
import { parse as parseYaml } from 'yaml';
import type { ApiRequest } from '../../kube/api.ts';
import type { GroupVersionKind } from '../../kube/resource.ts';
import { badRequest, unsupportedMediaType } from '../../kube/status.ts';
import { decodeProtobuf, PROTOBUF } from '../encoding/protobuf.ts';

const ACCEPTED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

export const mediaTypeOf = (request: Pick<ApiRequest, 'headers'>): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** The decoded body; undefined when it is empty. Throws ApiError 400, 415. */
export function decodeBody(request: Pick<ApiRequest, 'headers' | 'body'>, expected?: GroupVersionKind): unknown {
  if (request.body.length === 0) return undefined;
  switch (mediaTypeOf(request)) {
    case '':
    case 'application/json':
      return parseJson(request.body);
    case 'application/yaml':
      return parseJsonOrYaml(request.body);
    case PROTOBUF:
      return decodeProtobuf(request.body, expected);
    default:
      throw unsupportedMediaType(ACCEPTED);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badRequest('the body of the request is not valid UTF-8');
  }
}

export function parseJson(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

/** JSON is tried first: it is what most clients send under either name. */
export function parseJsonOrYaml(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON; YAML then.
  }
  try {
    return parseYaml(text, { maxAliasCount: 100 });
  } catch (error) {
    throw badRequest(`error converting YAML to JSON: ${(error as Error).message}`);
  }
}
