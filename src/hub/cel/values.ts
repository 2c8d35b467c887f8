/** JSON values as CEL has them, by the shape that their schema gives them. */
import type { Json } from '../../kube/object.ts';
import { getKey, isMap } from '../patch/json-value.ts';

export type Shape =
  | { readonly kind: 'dyn' | 'int' | 'double' | 'string' | 'bool' | 'bytes' | 'timestamp' | 'duration' }
  | { readonly kind: 'list'; readonly item: Shape }
  | { readonly kind: 'map'; readonly value: Shape }
  | ObjectShape;

export interface ObjectShape {
  readonly kind: 'object';
  /** Name under which the environment knows the type. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, { readonly celName: string; readonly shape: Shape }>;
  readonly create: () => object;
}

export const DYN: Shape = { kind: 'dyn' };

/** Name of the shape's type in declarations. */
export function typeName(shape: Shape): string {
  switch (shape.kind) {
    case 'list':
      return `list<${typeName(shape.item)}>`;
    case 'map':
      return `map<string, ${typeName(shape.value)}>`;
    case 'object':
      return shape.name;
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    default:
      return shape.kind;
  }
}

/** What does not fit its shape is passed as it is: validation reports it. */
export function toCel(value: Json, shape: Shape): unknown {
  switch (shape.kind) {
    case 'int':
      return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value;
    case 'double':
      return typeof value === 'bigint' ? Number(value) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => toCel(item, shape.item)) : value;
    case 'map':
      return isMap(value)
        ? new Map(Object.keys(value).map((key) => [key, toCel(value[key] as Json, shape.value)]))
        : value;
    case 'object':
      return isMap(value) ? toObject(value, shape) : value;
    case 'bytes':
      return typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value;
    case 'timestamp':
      return typeof value === 'string' ? new Date(value) : value;
    default:
      return toDyn(value);
  }
}

function toObject(value: { [key: string]: Json }, shape: ObjectShape): object {
  const object = shape.create();
  for (const [name, field] of shape.fields) {
    const item = getKey(value, name);
    if (item === undefined || (item === null && field.shape.kind !== 'dyn')) continue;
    Object.defineProperty(object, field.celName, {
      value: toCel(item, field.shape),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

/** Values of unknown type: whole numbers are ints. */
export function toDyn(value: Json): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toDyn);
  return isMap(value) ? new Map(Object.keys(value).map((key) => [key, toDyn(value[key] as Json)])) : value;
}
