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

/** Takes the position of an opening quote, answers the position behind the closing one. */
function skipString(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  for (let at = from + 1; at < length; at += 2) {
    // Most bytes of an object stand in strings: the loop does nothing else.
    while (at < length && STRING_END[bytes[at] as number] === 0) at++;
    if (bytes[at] === QUOTE) return at + 1;
  }
  throw new JsonScanError('unterminated string');
}

/** Takes the position at which a value begins, answers the position behind it. Brackets are counted, not matched by kind. */
export function skipValue(bytes: Uint8Array, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipLiteral(bytes, from);
  const { length } = bytes;
  let depth = 0;
  for (let at = from; at < length; at++) {
    const byte = bytes[at] as number;
    const step = DEPTH_STEP[byte] as number;
    if (step !== 0) {
      depth += step;
      if (depth === 0) return at + 1;
    } else if (byte === QUOTE) at = skipString(bytes, at) - 1;
  }
  throw new JsonScanError('unterminated value');
}

function skipLiteral(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte)) break;
  }
  if (at === from) throw new JsonScanError(`no value at byte ${from}`);
  return at;
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
  if (bytes[from] !== OPEN_BRACE) throw new JsonScanError(`no object at byte ${from}`);
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) throw new JsonScanError(`no member name at byte ${at}`);
    const keyEnd = skipString(bytes, at);
    const key = bytes.toString('latin1', at + 1, keyEnd - 1);
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) throw new JsonScanError(`no colon at byte ${at}`);
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start);
    visit(key, start, end);
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) throw new JsonScanError(`no comma at byte ${at}`);
    at = skipSpace(bytes, at + 1);
  }
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
  const members = new Map<string, ByteRange>();
  const end = eachMember(bytes, skipSpace(bytes, 0), (key, start, stop) => members.set(key, { start, end: stop }));
  if (skipSpace(bytes, end) !== bytes.length) throw new JsonScanError('text behind the object');
  const metadata = members.get('metadata');
  if (metadata === undefined) throw new JsonScanError('an object without metadata');
  const found = new Map<string, ByteRange>();
  eachMember(bytes, metadata.start, (key, start, stop) => found.set(key, { start, end: stop }));
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

function labelsOf(bytes: Buffer, range: ByteRange | undefined): Readonly<Record<string, string>> {
  if (range === undefined || bytes[range.start] !== OPEN_BRACE) return NO_LABELS;
  return Object.assign(Object.create(null), parseRange(bytes, range)) as Record<string, string>;
}
