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
  const unknown: string[] = [];
  const root: Schema = { ...type?.root, 'x-kubernetes-embedded-resource': true };
  const preserve = type === undefined;
  const pruned = (preserve ? object : pruneValue(object, root, '', unknown)) as JsonMap;
  const { metadata } = pruned;
  if (metadata === undefined || metadata === null)
    return { value: pruned, unknown: unknown.sort(), metadataError: undefined };
  const decoded = decodeGo(metadata, OBJECT_META);
  const { ...value } = pruned;
  value.metadata = decoded.value;
  for (const error of decoded.unknown) unknown.push(error.replace('"', '"metadata.'));
  return { value, unknown: unknown.sort(), metadataError: decoded.typeError };
}

const META_FIELDS = new Set(['apiVersion', 'kind', 'metadata']);

/** `keepsAll`: what the schema does not specify stays, down through lists until a specified field begins. */
function pruneValue(value: Json, schema: Schema | undefined, path: string, unknown: string[], inherited = false): Json {
  const keepsAll = inherited || schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema === undefined && keepsAll) return value;
  if (Array.isArray(value)) {
    return value.map((item, at) => pruneValue(item, schema?.items, `${path}[${at}]`, unknown, keepsAll));
  }
  return isMap(value) ? pruneMap(value, schema, path, unknown, keepsAll) : value;
}

function pruneMap(
  value: JsonMap,
  schema: Schema | undefined,
  path: string,
  unknown: string[],
  keepsAll: boolean,
): JsonMap {
  const additional = schema?.additionalProperties;
  const out: JsonMap = {};
  for (const key of Object.keys(value)) {
    const item = value[key] as Json;
    const at = path === '' ? key : `${path}.${key}`;
    const property = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (schema?.['x-kubernetes-embedded-resource'] === true && META_FIELDS.has(key)) setKey(out, key, item);
    else if (property !== undefined) setKey(out, key, pruneValue(item, property, at, unknown));
    else if (typeof additional === 'object') setKey(out, key, pruneValue(item, additional, at, unknown));
    else if (keepsAll || additional === true) setKey(out, key, item);
    else unknown.push(`unknown field ${JSON.stringify(at)}`);
  }
  return out;
}
