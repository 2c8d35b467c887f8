/** Defaults of a structural schema (apiextensions `schema/defaulting`). */
import type { Json } from '../../kube/object.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import { isMap, type JsonMap, setKey } from '../patch/json-value.ts';

/**
 * Takes a pruned object. Nulls that the schema does not allow are replaced by the default where there is one, else
 * dropped, as decoding does; with `keepNulls` they stay for validation to refuse (an apply merges what it does not decode).
 * Then absent fields get theirs. The result is new wherever it differs.
 */
export const applyDefaults = (value: JsonMap, type: TypeSchema | undefined, keepNulls = false): JsonMap =>
  type === undefined ? value : (applyTo(value, type.root, keepNulls) as JsonMap);

function applyTo(value: Json, schema: Schema | undefined, keepNulls: boolean): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    return value.map((item) =>
      applyTo(refusesNull(item, items) ? copyOf(items?.default ?? null) : item, items, keepNulls),
    );
  }
  return isMap(value) ? applyToMap(value, schema, keepNulls) : value;
}

function applyToMap(value: JsonMap, schema: Schema, keepNulls: boolean): JsonMap {
  const properties = schema.properties ?? {};
  const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const out: JsonMap = {};
  for (const key of Object.keys(value)) {
    const child = Object.hasOwn(properties, key) ? properties[key] : additional;
    const item = value[key] as Json;
    if (!refusesNull(item, child)) setKey(out, key, applyTo(item, child, keepNulls));
    else if (child?.default !== undefined) setKey(out, key, applyTo(copyOf(child.default), child, keepNulls));
    else if (keepNulls) setKey(out, key, null);
  }
  for (const key of Object.keys(properties)) {
    const property = properties[key] as Schema;
    if (property.default === undefined || property.default === null || Object.hasOwn(out, key)) continue;
    setKey(out, key, applyTo(copyOf(property.default), property, keepNulls));
  }
  return out;
}

const refusesNull = (value: Json, schema: Schema | undefined): boolean =>
  value === null && schema !== undefined && schema.nullable !== true;

const copyOf = (value: Json): Json => (typeof value === 'object' ? structuredClone(value) : value);
