/** What an expression came to, as JSON. */
import { Optional } from '@marcbachmann/cel-js';
import type { Json } from '../../kube/object.ts';
import { setKey } from '../patch/json-value.ts';

/** Throws where the value has no JSON form. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Optional) return value.hasValue() ? toJson(value.value()) : null;
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return fromEntries([...value]);
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return fromEntries(Object.entries(value));
  throw new Error(`no JSON form of ${Object.prototype.toString.call(value)}`);
}

function fromEntries(entries: readonly (readonly [unknown, unknown])[]): Json {
  const map: { [key: string]: Json } = {};
  for (const [key, value] of entries) setKey(map, String(key), toJson(value));
  return map;
}
