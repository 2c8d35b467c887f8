/** Items of `x-kubernetes-list-type: set` and `map` are unique (apiextensions `schema/listtype`). */
import { child, duplicateValue, type FieldPath, goJson, index, invalidValue } from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';
import type { Schema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { getKey, isMap, type JsonMap } from '../patch/json-value.ts';

export function listTypeCauses(value: Json, schema: Schema | undefined, path: FieldPath = ''): StatusCause[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) {
    const items = value.flatMap((item, at) => listTypeCauses(item, schema.items, index(path, at)));
    return [...uniqueCauses(value, schema, path), ...items];
  }
  if (!isMap(value)) return [];
  const { properties, additionalProperties } = schema;
  return Object.keys(value).flatMap((key) => {
    const item = value[key] as Json;
    if (properties && Object.hasOwn(properties, key)) return listTypeCauses(item, properties[key], child(path, key));
    return typeof additionalProperties === 'object' ? listTypeCauses(item, additionalProperties, index(path, key)) : [];
  });
}

function uniqueCauses(list: Json[], schema: Schema, path: FieldPath): StatusCause[] {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return repeated(list).map((at) => duplicateValue(index(path, at), list[at]));
    case 'map': {
      const wrong = list.findIndex((item) => item !== null && !isMap(item));
      if (wrong >= 0)
        return [invalidValue(index(path, wrong), list[wrong], 'must be an object for an array of list-type map')];
      const keys = list.map((item) => keyOf(item, schema['x-kubernetes-list-map-keys'] ?? []));
      return repeated(keys).map((at) => duplicateValue(index(path, at), keys[at]));
    }
    default:
      return [];
  }
}

function keyOf(item: Json, names: readonly string[]): JsonMap {
  const entries = names.map((name) => [name, isMap(item) ? getKey(item, name) : undefined] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** Index of the second appearance of each repeated value. */
function repeated(values: readonly Json[]): number[] {
  const times = new Map<string, number>();
  return values.flatMap((value, at) => {
    const text = goJson(value);
    const seen = times.get(text) ?? 0;
    times.set(text, seen + 1);
    return seen === 1 ? [at] : [];
  });
}
