/**
 * A byte scanner for JSON objects: finds where members begin and end without building a tree, so that what must be read
 * of an object is parsed and the rest is passed on as bytes.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json-bytes.ts';

/** 1 where a string may end or escape. */
export const STRING_END = new Uint8Array(256);
STRING_END[QUOTE] = 1;
STRING_END[BACKSLASH] = 1;

/** What a byte outside of strings does to the depth. */
export const DEPTH_STEP = new Int8Array(256);
DEPTH_STEP[OPEN_BRACE] = 1;
DEPTH_STEP[OPEN_BRACKET] = 1;
DEPTH_STEP[CLOSE_BRACE] = -1;
DEPTH_STEP[CLOSE_BRACKET] = -1;

export class JsonScanError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonScanError';
  }
}

/** Where a member's value stands: `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at] as number)) at++;
  return at;
}

/** Takes the position of an opening quote, answers the position behind the closing one; CUT where there is none. */
function endOfString(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  for (let at = from + 1; at < length; at += 2) {
    // Most bytes of an object stand in strings: the loop does nothing else.
    while (at < length && STRING_END[bytes[at] as number] === 0) at++;
    if (bytes[at] === QUOTE) return at + 1;
  }
  return CUT;
}

/** Told instead of a position where the bytes end before the value does: more of them may come. */
export const CUT = -1;

/**
 * Takes the position at which a value begins, answers the position behind it, or CUT. Brackets are counted, not matched by
 * kind. A literal ends where the bytes do. Throws JsonScanError where no value begins.
 */
export function endOfValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return endOfString(bytes, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfLiteral(bytes, from);
  const { length } = bytes;
  let depth = 0;
  for (let at = from; at < length; at++) {
    const byte = bytes[at] as number;
    const step = DEPTH_STEP[byte] as number;
    if (step !== 0) {
      depth += step;
      if (depth === 0) return at + 1;
    } else if (byte === QUOTE) {
      at = endOfString(bytes, at) - 1;
      if (at < from) return CUT;
    }
  }
  return CUT;
}

function endOfLiteral(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break;
  }
  if (at < bytes.length && at === from) throw new JsonScanError(`no value at byte ${from}`);
  return at;
}

/** As `endOfValue`, but throws JsonScanError where the bytes end before the value does. */
export function skipValue(bytes: Uint8Array, from: number): number {
  const end = from < bytes.length ? endOfValue(bytes, from) : CUT;
  if (end === CUT) throw new JsonScanError('unterminated value');
  return end;
}

/**
 * Calls `visit` for each member of the object that begins at `from`, in order; `key` is the raw text between the quotes.
 * Answers the position behind the object. Throws JsonScanError where the text is not an object.
 */
export function eachMember(
  bytes: Buffer,
  from: number,
  visit: (key: string, start: number, end: number) => void,
): number {
  const end = readMembers(bytes, from, visit, endOfValue);
  if (end === CUT) throw new JsonScanError('unterminated object');
  return end;
}

/**
 * The same, where the object may not be all there (answers CUT), and where a member's value may be read instead of skipped.
 * @param endOf as `endOfValue`; may read the value on its way
 */
function readMembers(
  bytes: Buffer,
  from: number,
  visit: (key: string, start: number, end: number) => void,
  endOf: (bytes: Buffer, start: number, key: string) => number,
): number {
  const { length } = bytes;
  if (bytes[from] !== OPEN_BRACE) throw new JsonScanError(`no object at byte ${from}`);
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  while (at < length) {
    if (bytes[at] !== QUOTE) throw new JsonScanError(`no member name at byte ${at}`);
    const keyEnd = endOfString(bytes, at);
    if (keyEnd === CUT) return CUT;
    const key = memberName(bytes, at + 1, keyEnd - 1);
    at = skipSpace(bytes, keyEnd);
    if (at >= length) return CUT;
    if (bytes[at] !== COLON) throw new JsonScanError(`no colon at byte ${at}`);
    const start = skipSpace(bytes, at + 1);
    const end = start < length ? endOf(bytes, start, key) : CUT;
    if (end === CUT) return CUT;
    visit(key, start, end);
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (at >= length) return CUT;
    if (bytes[at] !== COMMA) throw new JsonScanError(`no comma at byte ${at}`);
    at = skipSpace(bytes, at + 1);
  }
  return CUT;
}

/** Names of members come again and again: found by their bytes, so that no text is made of them. Each place holds the last one. */
const NAMES = new Array<{ readonly text: string; readonly bytes: Buffer } | undefined>(1024).fill(undefined);
const MAX_NAME_BYTES = 64;

function memberName(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length === 0 || length > MAX_NAME_BYTES) return bytes.toString('latin1', start, end);
  const place = (length * 131 + (bytes[start] as number) * 31 + (bytes[end - 1] as number)) & 1023;
  const known = NAMES[place];
  if (known !== undefined && isAt(bytes, start, length, known.bytes)) return known.text;
  const text = bytes.toString('latin1', start, end);
  NAMES[place] = { text, bytes: Buffer.from(bytes.subarray(start, end)) };
  return text;
}

function isAt(bytes: Buffer, start: number, length: number, known: Buffer): boolean {
  if (known.length !== length) return false;
  for (let at = 0; at < length; at++) if (bytes[start + at] !== known[at]) return false;
  return true;
}

/** Calls `visit` for each element of the array that begins at `from`, in order. Throws JsonScanError where it is not one. */
export function eachElement(bytes: Buffer, from: number, visit: (start: number, end: number) => void): void {
  if (bytes[from] !== OPEN_BRACKET) throw new JsonScanError(`no array at byte ${from}`);
  let at = skipSpace(bytes, from + 1);
  while (bytes[at] !== CLOSE_BRACKET) {
    const end = skipValue(bytes, at);
    visit(at, end);
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
    else if (bytes[at] !== CLOSE_BRACKET) throw new JsonScanError(`no comma at byte ${at}`);
  }
}

/** The value at a path of member names, undefined where there is none. Arrays are not entered. */
export function valueAt(bytes: Buffer, path: readonly string[]): ByteRange | undefined {
  let range: ByteRange = { start: skipSpace(bytes, 0), end: bytes.length };
  for (const name of path) {
    if (bytes[range.start] !== OPEN_BRACE) return undefined;
    let found: ByteRange | undefined;
    eachMember(bytes, range.start, (key, start, end) => {
      if (key === name) found = { start, end };
    });
    if (found === undefined) return undefined;
    range = found;
  }
  return range;
}

/** Where the parts of an object stand that a cache or a view looks at. */
export interface ScannedObject {
  readonly bytes: Buffer;
  readonly metadata: ByteRange;
  /** Of its members by name. */
  readonly members: ReadonlyMap<string, ByteRange>;
  /** Of the texts with their quotes; absent members are undefined. */
  readonly at: {
    readonly apiVersion: ByteRange | undefined;
    readonly kind: ByteRange | undefined;
    readonly name: ByteRange | undefined;
    readonly namespace: ByteRange | undefined;
    readonly resourceVersion: ByteRange | undefined;
    readonly labels: ByteRange | undefined;
    readonly annotations: ByteRange | undefined;
    readonly ownerReferences: ByteRange | undefined;
  };
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: bigint;
  readonly labels: Readonly<Record<string, string>>;
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze(Object.create(null));
const DECIMAL = /^[0-9]{1,19}$/;

/** Takes one whole JSON object. Throws JsonScanError where it is not one with metadata, and, where it has one, a decimal version. */
export function scanObject(bytes: Buffer): ScannedObject {
  const start = skipSpace(bytes, 0);
  const scanned = scanFirst(start === 0 ? bytes : bytes.subarray(start));
  if (scanned === undefined) throw new JsonScanError('unterminated object');
  const end = start + scanned.bytes.length;
  if (skipSpace(bytes, end) !== bytes.length) throw new JsonScanError('text behind the object');
  return scanned;
}

/** The object with which the bytes begin, read in one pass; undefined where they end before it does. Throws as `scanObject`. */
export function scanFirst(from: Buffer): ScannedObject | undefined {
  const members = new Map<string, ByteRange>();
  const found = new Map<string, ByteRange>();
  const keep = (key: string, start: number, end: number): void => void members.set(key, { start, end });
  const keepFound = (key: string, start: number, end: number): void => void found.set(key, { start, end });
  const end = readMembers(from, 0, keep, (all, start, key) =>
    key === 'metadata' ? readMembers(all, start, keepFound, endOfValue) : endOfValue(all, start),
  );
  if (end === CUT) return undefined;
  const bytes = from.length === end ? from : from.subarray(0, end);
  const metadata = members.get('metadata');
  if (metadata === undefined) throw new JsonScanError('an object without metadata');
  const name = textOf(bytes, found.get('name'));
  const version = textOf(bytes, found.get('resourceVersion'));
  // What is computed on each request (metrics) has no version.
  if (version !== '' && !DECIMAL.test(version))
    throw new JsonScanError(`resourceVersion "${version}" of "${name}" is not a decimal`);
  return {
    bytes,
    metadata,
    members,
    at: {
      apiVersion: members.get('apiVersion'),
      kind: members.get('kind'),
      name: found.get('name'),
      namespace: found.get('namespace'),
      resourceVersion: found.get('resourceVersion'),
      labels: found.get('labels'),
      annotations: found.get('annotations'),
      ownerReferences: found.get('ownerReferences'),
    },
    name,
    namespace: textOf(bytes, found.get('namespace')),
    uid: textOf(bytes, found.get('uid')),
    resourceVersion: version === '' ? 0n : BigInt(version),
    labels: labelsOf(bytes, found.get('labels')),
  };
}

export const parseRange = (bytes: Buffer, range: ByteRange): unknown =>
  JSON.parse(bytes.toString('utf8', range.start, range.end)) as unknown;

/** '' where the member is absent or no string. */
export function textOf(bytes: Buffer, range: ByteRange | undefined): string {
  if (range === undefined || bytes[range.start] !== QUOTE) return '';
  const plain = bytes.toString('utf8', range.start + 1, range.end - 1);
  return plain.includes('\\') ? (parseRange(bytes, range) as string) : plain;
}

/** Pods of one workload have the same labels: they share one value. Forgotten as a whole when there are many. */
const LABELS = new Map<string, Readonly<Record<string, string>>>();
const MAX_LABELS = 20_000;

function labelsOf(bytes: Buffer, range: ByteRange | undefined): Readonly<Record<string, string>> {
  if (range === undefined || bytes[range.start] !== OPEN_BRACE) return NO_LABELS;
  const text = bytes.toString('utf8', range.start, range.end);
  const known = LABELS.get(text);
  if (known !== undefined) return known;
  const labels = Object.freeze(Object.assign(Object.create(null), JSON.parse(text)) as Record<string, string>);
  if (LABELS.size >= MAX_LABELS) LABELS.clear();
  LABELS.set(text, labels);
  return labels;
}
