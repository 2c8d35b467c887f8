/** Protobuf messages to JSON and back, driven by the generated tables. */
import { toJsonInteger } from '../../kube/exact-json.ts';
import type { Json } from '../../kube/object.ts';
import { builtinMessage, type MessageField } from '../builtin/tables.ts';
import { DELIMITED, FIXED32, FIXED64, MalformedProtobuf, type ProtobufReader, VARINT } from './protobuf-reader.ts';
import { type MessageCodec, textOf, WELL_KNOWN } from './protobuf-wellknown.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** Deeper nesting than any real object, shallower than the stack (Go's protobuf allows 10 000). */
const MAX_DEPTH = 200;

interface Field {
  readonly number: number;
  readonly name: string;
  readonly shape: 'one' | 'list' | 'map';
  readonly type: string;
  /** The zero value is not the same as absence. */
  readonly distinct: boolean;
}

const prepared = new Map<string, ReadonlyMap<number, Field>>();

function fieldsOf(message: string): ReadonlyMap<number, Field> {
  const known = prepared.get(message);
  if (known) return known;
  const ascending = [...(builtinMessage(message) ?? [])].sort(([left], [right]) => left - right);
  const fields = new Map(ascending.map((field) => [field[0], toField(field)] as const));
  prepared.set(message, fields);
  return fields;
}

function toField([number, name, type]: MessageField): Field {
  const [, mark = '', inner = ''] = /^(\[\]|\{\}|\?)?(.*)$/.exec(type) ?? [];
  return {
    number,
    name,
    shape: mark === '[]' ? 'list' : mark === '{}' ? 'map' : 'one',
    type: inner,
    distinct: mark === '?',
  };
}

const WIRE_TYPES: Readonly<Record<string, number>> = {
  bool: VARINT,
  int32: VARINT,
  int64: VARINT,
  uint32: VARINT,
  uint64: VARINT,
  double: FIXED64,
  float: FIXED32,
};
const wireTypeOf = (type: string): number => WIRE_TYPES[type] ?? DELIMITED;
const isScalar = (type: string): boolean => !type.includes('.');

type Target = Record<string, Json>;

/** Keys come from the client: `__proto__` must be a key like any other. */
const setOwn = (target: Target, name: string, value: Json): void => {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
};

/** Decodes and encodes any message that the tables know, by definition name. */
export const codec: MessageCodec = {
  decode(message, reader, depth) {
    const target: Target = {};
    decodeInto(message, reader, target, depth);
    const [first] = fieldsOf(message).values();
    return first?.name === '@' ? (target['@'] ?? []) : target;
  },
  encode(message, value, out) {
    for (const field of [...fieldsOf(message).values()].reverse()) {
      if (field.name === '') {
        out.message(field.number, () => codec.encode(field.type, value, out));
        continue;
      }
      const part = field.name === '@' ? value : (value as Target)[field.name];
      if (part !== undefined && part !== null) encodeField(field, part, out);
    }
  },
};

function decodeInto(message: string, reader: ProtobufReader, target: Target, depth: number): void {
  if (depth > MAX_DEPTH) throw new MalformedProtobuf('nested too deeply');
  const fields = fieldsOf(message);
  while (!reader.done) {
    const { field: number, wireType } = reader.tag();
    const field = fields.get(number);
    if (!field) {
      reader.skip(wireType);
      continue;
    }
    const packed = field.shape === 'list' && wireType === DELIMITED && wireTypeOf(field.type) === VARINT;
    if (!packed && wireType !== (field.shape === 'map' ? DELIMITED : wireTypeOf(field.type))) {
      throw new MalformedProtobuf(`wrong wireType = ${wireType} for field ${field.name || number} of ${message}`);
    }
    if (field.name === '') decodeInto(field.type, reader.message(), target, depth + 1);
    else if (packed) {
      const values = reader.message();
      while (!values.done) push(target, field.name, decodeValue(field.type, values, depth));
    } else if (field.shape === 'list') push(target, field.name, decodeValue(field.type, reader, depth) ?? null);
    else if (field.shape === 'map') decodeEntry(field, reader.message(), target, depth);
    else decodeOne(field, reader, target, depth);
  }
}

function push(target: Target, name: string, value: Json | undefined): void {
  const list = Object.hasOwn(target, name) ? (target[name] as Json[]) : [];
  list.push(value ?? null);
  target[name] = list;
}

/** Go writes the zero of fields that are no pointers; JSON omits it. A structure without pointer is omitted when empty. */
function decodeOne(field: Field, reader: ProtobufReader, target: Target, depth: number): void {
  const value = decodeValue(field.type, reader, depth);
  if (value === undefined) return;
  if (!field.distinct && isZero(value)) return;
  target[field.name] = value;
}

function isZero(value: Json): boolean {
  if (value === '' || value === 0 || value === false || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function decodeEntry(field: Field, entry: ProtobufReader, target: Target, depth: number): void {
  let key = '';
  let value: Json | undefined;
  while (!entry.done) {
    const { field: number, wireType } = entry.tag();
    if (number === 1 && wireType === DELIMITED) key = textOf(entry.bytes());
    else if (number === 2 && wireType === wireTypeOf(field.type)) value = decodeValue(field.type, entry, depth);
    else entry.skip(wireType);
  }
  const map = Object.hasOwn(target, field.name) ? (target[field.name] as Target) : {};
  setOwn(map, key, value ?? zeroOf(field.type));
  target[field.name] = map;
}

function zeroOf(type: string): Json {
  if (type === 'string' || type === 'bytes') return '';
  if (type === 'bool') return false;
  if (isScalar(type)) return 0;
  return WELL_KNOWN.has(type) ? null : {};
}

function decodeValue(type: string, reader: ProtobufReader, depth: number): Json | undefined {
  switch (type) {
    case 'string':
      return textOf(reader.bytes());
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'bool':
      return reader.varint() !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, reader.varint()));
    case 'int64':
      return toJsonInteger(BigInt.asIntN(64, reader.varint()));
    case 'uint32':
    case 'uint64':
      return toJsonInteger(reader.varint());
    case 'double':
      return reader.double();
    case 'float':
      return reader.float();
    default: {
      const wellKnown = WELL_KNOWN.get(type);
      return wellKnown
        ? wellKnown.decode(reader.message(), codec, depth + 1)
        : codec.decode(type, reader.message(), depth + 1);
    }
  }
}

function encodeField(field: Field, value: Json, out: ProtobufWriter): void {
  if (field.shape === 'list') {
    for (const item of [...(value as Json[])].reverse()) encodeValue(field.number, field.type, item, out);
  } else if (field.shape === 'map') {
    for (const [key, entry] of Object.entries(value as Target).reverse()) {
      out.message(field.number, () => {
        encodeValue(2, field.type, entry, out);
        out.string(1, key);
      });
    }
  } else encodeValue(field.number, field.type, value, out);
}

function encodeValue(number: number, type: string, value: Json, out: ProtobufWriter): void {
  if (type === 'string') out.string(number, String(value));
  else if (type === 'bytes') out.bytes(number, Buffer.from(String(value), 'base64'));
  else if (type === 'bool') out.bool(number, value === true);
  else if (type === 'double') out.double(number, Number(value));
  else if (isScalar(type)) out.integer(number, typeof value === 'bigint' ? value : Number(value));
  else {
    const wellKnown = WELL_KNOWN.get(type);
    out.message(number, () => {
      // A null map value or list element is the type's zero: an empty message.
      if (value === null) return;
      if (wellKnown) wellKnown.encode(value, out, codec);
      else codec.encode(type, value, out);
    });
  }
}
