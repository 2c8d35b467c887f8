/** The empty object of a built-in kind: Go structs that are held by value are there even when nothing is set. */

import type { Json, KubeObject } from '../../kube/object.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import { type JsonMap, setKey } from '../patch/json-value.ts';

/** Takes a built-in kind's type. Upstream's OpenAPI marks fields that hold a struct by value with the default `{}`. */
export function zeroObject(apiVersion: string, kind: string, type: TypeSchema): KubeObject {
  return { ...zeroStruct(type.root, type), apiVersion, kind } as unknown as KubeObject;
}

function zeroStruct(schema: Schema, type: TypeSchema): JsonMap {
  const zero: JsonMap = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = zeroField(property, schema.required?.includes(name) === true, type);
    if (value !== undefined) setKey(zero, name, value);
  }
  return zero;
}

/** The field's value in an empty struct, undefined where Go leaves it out. Required fields are those without `omitempty`. */
export function zeroField(property: Schema, required: boolean, type: TypeSchema): Json | undefined {
  const initial = property.default;
  if (isEmptyObject(initial)) {
    const name = property.$ref ?? property.allOf?.[0]?.$ref;
    const target = name === undefined ? undefined : type.resolve(name);
    return target?.properties === undefined ? undefined : zeroStruct(target, type);
  }
  if (!required) return undefined;
  return initial === '' || initial === 0 || initial === false ? initial : null;
}

const isEmptyObject = (value: Json | undefined): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
