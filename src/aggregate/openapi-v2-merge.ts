/**
 * Several OpenAPI v2 documents as one, without decoding them. In protobuf, messages written one after another merge into
 * one, so the first document goes out as it came, followed by the paths and definitions of the others that it has not.
 */

/** gnostic OpenAPIv2.proto, message Document. */
const PATHS = 8;
const DEFINITIONS = 9;
/** Paths.path and Definitions.additional_properties: repeated { name = 1, value = 2 }. */
const NAMED_IN: Readonly<Record<number, number>> = { [PATHS]: 2, [DEFINITIONS]: 1 };
const LENGTH_DELIMITED = 2;

/** The first document wins where names are equal. Throws RangeError where one is not protobuf. */
export function mergeV2Protobuf(documents: readonly Uint8Array[]): Buffer {
  const [first, ...others] = documents;
  if (first === undefined) return Buffer.alloc(0);
  const seen = new Map([PATHS, DEFINITIONS].map((field) => [field, new Set(namesIn(first, field))]));
  const parts: Uint8Array[] = [first];
  for (const document of others) {
    for (const [field, names] of seen) {
      const added = entriesIn(document, field).filter(({ name }) => !names.has(name));
      if (added.length === 0) continue;
      for (const { name } of added) names.add(name);
      const content = Buffer.concat(added.map(({ raw }) => raw));
      parts.push(key(field), varint(content.length), content);
    }
  }
  return Buffer.concat(parts);
}

/** Whether the bytes can be merged: a cluster's answer may be anything. */
export function isV2Protobuf(document: Uint8Array): boolean {
  try {
    return namesIn(document, PATHS).length + namesIn(document, DEFINITIONS).length > 0;
  } catch {
    return false;
  }
}

/** The same for parsed JSON. */
export function mergeV2Json(documents: readonly Record<string, unknown>[]): Record<string, unknown> {
  const united = (field: 'paths' | 'definitions') => {
    const entries = new Map<string, unknown>();
    for (const document of documents) {
      for (const [name, value] of Object.entries((document[field] ?? {}) as object)) {
        if (!entries.has(name)) entries.set(name, value);
      }
    }
    return Object.fromEntries(entries);
  };
  return { ...documents[0], paths: united('paths'), definitions: united('definitions') };
}

interface NamedEntry {
  readonly name: string;
  /** With its key and length, as it stands in the message. */
  readonly raw: Uint8Array;
}

const namesIn = (document: Uint8Array, field: number): string[] => entriesIn(document, field).map(({ name }) => name);

function entriesIn(document: Uint8Array, field: number): NamedEntry[] {
  const entries: NamedEntry[] = [];
  for (const part of fieldsOf(document)) {
    if (part.field !== field) continue;
    for (const entry of fieldsOf(part.content)) {
      if (entry.field !== NAMED_IN[field]) continue;
      const name = [...fieldsOf(entry.content)].find((each) => each.field === 1);
      entries.push({ name: Buffer.from(name?.content ?? []).toString('utf8'), raw: entry.raw });
    }
  }
  return entries;
}

interface Field {
  readonly field: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

/** The length-delimited fields of a message: the documents hold no others at these levels. */
function* fieldsOf(message: Uint8Array): Iterable<Field> {
  let at = 0;
  while (at < message.length) {
    const begin = at;
    const [tag, afterTag] = readVarint(message, at);
    const [length, afterLength] = readVarint(message, afterTag);
    at = afterLength + length;
    if ((tag & 7) !== LENGTH_DELIMITED || at > message.length) throw new RangeError('not an OpenAPI v2 document');
    yield { field: tag >>> 3, content: message.subarray(afterLength, at), raw: message.subarray(begin, at) };
  }
}

function readVarint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  for (let at = from, shift = 0; shift < 32; at++, shift += 7) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at + 1];
  }
  throw new RangeError('not an OpenAPI v2 document');
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

const key = (field: number): Uint8Array => varint((field << 3) | LENGTH_DELIMITED);
