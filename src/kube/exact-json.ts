/**
 * JSON with Go's numbers. JavaScript has one kind of number and rounds integers beyond 2^53; kube-apiserver keeps them up
 * to 64 bits (apimachinery `util/json`) and takes what does not fit there as a float. Such integers are bigints here, all
 * else is as JSON.parse has it. Text without them, which is nearly all, is parsed and written at JSON's own speed.
 */
import { randomUUID } from 'node:crypto';
import type { Json } from './object.ts';

/** Where a number may stand whose digits matter: sixteen of them, a fraction, an exponent. Misses none; strings may look alike. */
const SUSPICIOUS = /(?:"\s*:|[[,])\s*-?\d+(?:\d{15}|\.|[eE])/;
/** The same in what `stringifyJson` wrote, where only integers are of interest. */
const LONG_INTEGER = /[:[,]-?\d{16}/;
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** In front of digits that pass through JSON.parse and JSON.stringify as strings; not to be guessed by who sends a body. */
const MARK = `\uf8ff${randomUUID()}:`;

const INT64 = 2n ** 63n;

/** How numbers were written, by the object that has them, where that is not how they are written back. */
const writtenTexts = new WeakMap<object, Map<string, string>>();

/** Texts of an object's numbers that were not written as integers of less than sixteen digits; undefined for none. */
export const numberTexts = (holder: object): ReadonlyMap<string, string> | undefined => writtenTexts.get(holder);

/** As JSON.parse, which decides what is valid. */
export function parseJson(text: string): Json {
  const value = JSON.parse(text) as Json;
  return SUSPICIOUS.test(text) ? parseExactly(text) : value;
}

/** For text that `stringifyJson` wrote. */
export const parseStoredJson = (text: string): Json =>
  LONG_INTEGER.test(text) ? parseExactly(text) : (JSON.parse(text) as Json);

function parseExactly(text: string): Json {
  const marked = text.replace(TOKENS, (token) =>
    token.charCodeAt(0) !== 0x22 && (token.length > 15 || /[.eE]/.test(token)) ? `"${MARK}${token}"` : token,
  );
  return JSON.parse(marked, function (this: object, key: string, value: unknown) {
    if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
    const digits = value.slice(MARK.length);
    const number = toNumber(digits);
    if (String(number) !== digits) note(this, key, digits);
    return number;
  }) as Json;
}

function note(holder: object, key: string, digits: string): void {
  const texts = writtenTexts.get(holder) ?? new Map<string, string>();
  writtenTexts.set(holder, texts.set(key, digits));
}

function toNumber(digits: string): number | bigint {
  const number = Number(digits);
  return /[.eE]/.test(digits) ? number : toJsonInteger(BigInt(digits));
}

/** An integer as these values have it: a bigint only where a number would round it and 64 bits hold it. */
export function toJsonInteger(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) || integer < -INT64 || integer >= INT64 ? number : integer;
}

/** True once JSON.stringify has met a bigint. */
let met = false;

// JSON.stringify throws on bigints. Code that does not know of them rounds them, as JSON.parse would have.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  configurable: true,
  writable: true,
  value(this: bigint): number {
    met = true;
    return Number(this);
  },
});

/** As JSON.stringify, with bigints as their digits. */
export function stringifyJson(value: unknown): string {
  met = false;
  const text = JSON.stringify(value);
  if (!met) return text;
  const marked = JSON.stringify(value, function (this: Record<string, unknown>, key: string, item: unknown) {
    const own = this[key];
    return typeof own === 'bigint' ? `${MARK}${own}` : item;
  });
  return marked.replaceAll(new RegExp(`"${MARK}(-?\\d+)"`, 'g'), '$1');
}

/** True for what Go would have as int64: also whole numbers that were written as floats. */
export const isJsonInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || Number.isSafeInteger(value);

/** True for numbers of either kind. */
export const isJsonNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';
