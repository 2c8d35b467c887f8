/** Fields that a structural schema does not specify are dropped (apiextensions `schema/pruning`, root metadata: `schema/objectmeta`). */
import type { Json } from '../../kube/object.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import { isMap, type JsonMap, setKey } from '../patch/json-value.ts';
import { decodeGo } from './go-decode.ts';

export interface Pruned {
  readonly value: JsonMap;
  /** `unknown field "spec.x"` for each field that was dropped, sorted. */
  readonly unknown: readonly string[];
  /** Where metadata is none: the body is refused with this. */
  readonly metadataError: string | undefined;
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Takes a custom resource's whole object. The value is new wherever something was dropped; the input stays as it was. */
export function prune(object: JsonMap, type: TypeSchema | undefined): Pruned {
  const found: Found = { unknown: [], metadataError: undefined };
  const root: Schema = { ...type?.root, 'x-kubernetes-embedded-resource': true };
  const value =
    type === undefined ? pruneMetadata(object, '', found) : (pruneValue(object, root, '', found) as JsonMap);
  return { value, unknown: found.unknown.sort(), metadataError: found.metadataError };
}

interface Found {
  readonly unknown: string[];
  metadataError: string | undefined;
}

/** The object with the metadata that Go knows. */
function pruneMetadata(object: JsonMap, path: string, found: Found): JsonMap {
  const { metadata } = object;
  if (metadata === undefined || metadata === null) return object;
  const decoded = decodeGo(metadata, OBJECT_META);
  const at = path === '' ? 'metadata' : `${path}.metadata`;
  for (const error of decoded.unknown) found.unknown.push(error.replace('"', `"${at}.`));
  found.metadataError ??= decoded.typeError;
  return { ...object, metadata: decoded.value };
}

const TYPE_FIELDS = new Set(['apiVersion', 'kind', 'metadata']);

/** `keepsAll`: what the schema does not specify stays, down through lists until a specified field begins. */
function pruneValue(value: Json, schema: Schema | undefined, path: string, found: Found, inherited = false): Json {
  const keepsAll = inherited || schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema === undefined && keepsAll) return value;
  if (Array.isArray(value)) {
    return value.map((item, at) => pruneValue(item, schema?.items, `${path}[${at}]`, found, keepsAll));
  }
  return isMap(value) ? pruneMap(value, schema, path, found, keepsAll) : value;
}

function pruneMap(value: JsonMap, schema: Schema | undefined, path: string, found: Found, keepsAll: boolean): JsonMap {
  const additional = schema?.additionalProperties;
  const isResource = schema?.['x-kubernetes-embedded-resource'] === true;
  const out: JsonMap = {};
  for (const key of Object.keys(value)) {
    const item = value[key] as Json;
    const at = path === '' ? key : `${path}.${key}`;
    const property = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (isResource && TYPE_FIELDS.has(key)) setKey(out, key, item);
    else if (property !== undefined) setKey(out, key, pruneValue(item, property, at, found));
    else if (typeof additional === 'object') setKey(out, key, pruneValue(item, additional, at, found));
    else if (keepsAll || additional === true) setKey(out, key, item);
    else found.unknown.push(`unknown field ${JSON.stringify(at)}`);
  }
  return isResource ? pruneMetadata(out, path, found) : out;
}
