/** Messages whose JSON form is not an object of their fields: times, quantities, raw JSON and the "or" types. */

import { formatGoDuration, parseGoDuration } from '../../kube/duration.ts';
import type { Json } from '../../kube/object.ts';
import { MalformedProtobuf, type ProtobufReader } from './protobuf-reader.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

/** Decodes and encodes messages that the tables describe. */
export interface MessageCodec {
  decode(name: string, reader: ProtobufReader, depth: number): Json;
  /** Fields of the message, without tag and length. */
  encode(name: string, value: Json, out: ProtobufWriter): void;
}

export interface WellKnownType {
  /** Undefined stands for the type's zero value, which JSON leaves out. */
  decode(reader: ProtobufReader, codec: MessageCodec, depth: number): Json | undefined;
  encode(value: Json, out: ProtobufWriter, codec: MessageCodec): void;
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const CRD = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedProtobuf('a string is not valid UTF-8');
  }
}

function jsonOf(bytes: Uint8Array): Json {
  try {
    return JSON.parse(textOf(bytes)) as Json;
  } catch {
    throw new MalformedProtobuf('a raw field does not hold JSON');
  }
}

function expectString(value: Json): string {
  if (typeof value !== 'string') throw new TypeError(`want a string, have ${JSON.stringify(value)}`);
  return value;
}

/** Reads {1: varint, 2: varint} messages. */
function pair(reader: ProtobufReader): readonly [bigint, bigint] {
  const values: [bigint, bigint] = [0n, 0n];
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    if (wireType === 0 && (field === 1 || field === 2)) values[field - 1] = BigInt.asIntN(64, reader.varint());
    else reader.skip(wireType);
  }
  return values;
}

/** `fraction` digits behind the seconds: 0 for Time, 6 for MicroTime. */
const time = (fraction: 0 | 6): WellKnownType => ({
  decode(reader) {
    if (reader.done) return undefined;
    const [seconds, nanos] = pair(reader);
    const date = new Date(Number(seconds) * 1000);
    if (Number.isNaN(date.getTime())) throw new MalformedProtobuf('a time is out of range');
    const whole = date.toISOString().replace(/\.\d+Z$/, '');
    const micros = String(nanos / 1000n).padStart(6, '0');
    return fraction === 0 ? `${whole}Z` : `${whole}.${micros}Z`;
  },
  encode(value, out) {
    const text = expectString(value);
    const milliseconds = Date.parse(text);
    if (Number.isNaN(milliseconds)) throw new TypeError(`want an RFC 3339 time, have "${text}"`);
    const digits = /\.(\d+)/.exec(text)?.[1] ?? '';
    out.integer(2, fraction === 0 ? 0 : Number(digits.slice(0, 6).padEnd(6, '0')) * 1000);
    out.integer(1, Math.floor(milliseconds / 1000));
  },
});

const quantity: WellKnownType = {
  decode: (reader) => lastString(reader) ?? '0',
  encode: (value, out) => out.string(1, String(value)),
};

function lastBytes(reader: ProtobufReader): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    if (field === 1 && wireType === 2) found = reader.bytes();
    else reader.skip(wireType);
  }
  return found;
}
function lastString(reader: ProtobufReader): string | undefined {
  const bytes = lastBytes(reader);
  return bytes && textOf(bytes);
}

const intOrString: WellKnownType = {
  decode(reader) {
    let type = 0n;
    let number = 0n;
    let text = '';
    while (!reader.done) {
      const { field, wireType } = reader.tag();
      if (field === 1 && wireType === 0) type = reader.varint();
      else if (field === 2 && wireType === 0) number = BigInt.asIntN(32, reader.varint());
      else if (field === 3 && wireType === 2) text = textOf(reader.bytes());
      else reader.skip(wireType);
    }
    return type === 0n ? Number(number) : text;
  },
  encode(value, out) {
    out.string(3, typeof value === 'string' ? value : '');
    out.integer(2, typeof value === 'number' ? value : 0);
    out.integer(1, typeof value === 'string' ? 1 : 0);
  },
};

/** RawExtension, FieldsV1 and the CRD's JSON: bytes that hold JSON. */
const raw: WellKnownType = {
  decode(reader) {
    const bytes = lastBytes(reader);
    return bytes === undefined || bytes.length === 0 ? undefined : jsonOf(bytes);
  },
  encode: (value, out) => out.bytes(1, new TextEncoder().encode(JSON.stringify(value))),
};

const duration: WellKnownType = {
  decode: (reader) => formatGoDuration(pair(reader)[0]),
  encode(value, out) {
    const nanoseconds = parseGoDuration(expectString(value));
    if (nanoseconds === undefined) throw new TypeError(`want a duration, have ${JSON.stringify(value)}`);
    out.integer(1, nanoseconds);
  },
};

/** JSONSchemaPropsOrBool {1: allows, 2: schema}. */
const schemaOrBool: WellKnownType = {
  decode(reader, codec, depth) {
    let allows = false;
    let schema: Json | undefined;
    while (!reader.done) {
      const { field, wireType } = reader.tag();
      if (field === 1 && wireType === 0) allows = reader.varint() !== 0n;
      else if (field === 2 && wireType === 2)
        schema = codec.decode(`${CRD}.JSONSchemaProps`, reader.message(), depth + 1);
      else reader.skip(wireType);
    }
    return schema ?? allows;
  },
  encode(value, out, codec) {
    if (typeof value !== 'boolean') out.message(2, () => codec.encode(`${CRD}.JSONSchemaProps`, value, out));
    out.bool(1, value !== false);
  },
};

/** JSONSchemaPropsOrArray {1: schema, 2: schemas} and JSONSchemaPropsOrStringArray {1: schema, 2: strings}. */
const schemaOr = (element: 'schema' | 'string'): WellKnownType => ({
  decode(reader, codec, depth) {
    let schema: Json | undefined;
    const list: Json[] = [];
    const one = (): Json => codec.decode(`${CRD}.JSONSchemaProps`, reader.message(), depth + 1);
    while (!reader.done) {
      const { field, wireType } = reader.tag();
      if (field === 1 && wireType === 2) schema = one();
      else if (field === 2 && wireType === 2) list.push(element === 'schema' ? one() : textOf(reader.bytes()));
      else reader.skip(wireType);
    }
    return list.length > 0 ? list : schema;
  },
  encode(value, out, codec) {
    if (!Array.isArray(value)) {
      out.message(1, () => codec.encode(`${CRD}.JSONSchemaProps`, value, out));
      return;
    }
    for (const entry of [...value].reverse()) {
      if (element === 'string') out.string(2, expectString(entry));
      else out.message(2, () => codec.encode(`${CRD}.JSONSchemaProps`, entry, out));
    }
  },
});

export const WELL_KNOWN: ReadonlyMap<string, WellKnownType> = new Map([
  [`${META}.Time`, time(0)],
  [`${META}.MicroTime`, time(6)],
  [`${META}.Duration`, duration],
  [`${META}.FieldsV1`, raw],
  ['io.k8s.apimachinery.pkg.runtime.RawExtension', raw],
  ['io.k8s.apimachinery.pkg.api.resource.Quantity', quantity],
  ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', intOrString],
  [`${CRD}.JSON`, raw],
  [`${CRD}.JSONSchemaPropsOrBool`, schemaOrBool],
  [`${CRD}.JSONSchemaPropsOrArray`, schemaOr('schema')],
  [`${CRD}.JSONSchemaPropsOrStringArray`, schemaOr('string')],
]);
