/** JSON values as Go code sees them: equality, order, text (structured-merge-diff `value`). */
import { goJson, goQuote } from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';

export type JsonMap = { [key: string]: Json };

export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Own property only: `constructor` in a document is data, never the prototype's. */
export const getKey = (map: JsonMap, key: string): Json | undefined => (Object.hasOwn(map, key) ? map[key] : undefined);

/** Sets an own property whatever the key's name (`__proto__` included). */
export function setKey(map: JsonMap, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, at) => deepEqual(item, right[at]));
  }
  if (Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      deepEqual((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}

const RANK = ['number', 'string', 'boolean'];

/** Total order of scalars: numbers, strings, booleans, all else by text. */
export function compareScalars(left: Json, right: Json): number {
  if (left === right) return 0;
  const leftRank = rank(left);
  const rightRank = rank(right);
  if (leftRank !== rightRank) return leftRank - rightRank;
  if (leftRank === RANK.length) return compareText(goJson(left), goJson(right));
  return (left as number) < (right as number) ? -1 : 1;
}

const rank = (value: Json): number => {
  const at = typeof value === 'bigint' ? 0 : RANK.indexOf(typeof value);
  return at < 0 ? RANK.length : at;
};

export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** Text in field paths of messages: strings quoted, the rest bare. */
export const pathText = (value: Json): string => (typeof value === 'string' ? goQuote(value) : goJson(value));

/** What encoding/json calls a value in its type errors. */
export const goTypeOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value === 'bigint'
          ? 'number'
          : typeof value;

/** Go's `%v` of a decoded JSON value, as it stands in type errors. */
export function goText(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isMap(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goText(value[key] as Json)}`).join(' ')}]`;
}
