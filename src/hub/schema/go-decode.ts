/**
 * A body as kube-apiserver has it after decoding it into the Go struct of a built-in kind and writing it out again:
 * unknown fields and nulls are gone, empty optional fields too, structs held by value are there, times and quantities
 * are in their canonical form. And what a strict decoder, or any, says of it.
 */
import { isJsonInteger, isJsonNumber, numberTexts } from '../../kube/exact-json.ts';
import { goQuote } from '../../kube/field-error.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { formatQuantity, parseQuantity } from '../../kube/quantity.ts';
import type { Schema } from '../../kube/schema.ts';
import { type GoStruct, goStruct } from '../builtin/go-structs.ts';
import { builtinDefinition } from '../builtin/tables.ts';
import { isMap, type JsonMap, setKey } from '../patch/json-value.ts';
import { canonicalTime } from './go-time.ts';

export interface GoDecoded {
  readonly value: JsonMap;
  /** Paths of fields that the kind does not have, each `unknown field "…"`. */
  readonly unknown: readonly string[];
  /** The first value of a wrong type, in encoding/json's words; the body is refused. */
  readonly typeError: string | undefined;
}

/**
 * Takes a decoded object and its definition's name (`builtinDefinitionName(gvk)`). `from`: whose words type errors have,
 * encoding/json's or those of apimachinery's converter of maps.
 */
export function decodeGo(body: Json, definition: string, from: 'text' | 'map' = 'text'): GoDecoded {
  const decoder = new Decoder(from);
  const schema = builtinDefinition(definition) ?? {};
  if (!isMap(body)) {
    return {
      value: {},
      unknown: [],
      typeError: `json: cannot unmarshal ${goKind(body)} into Go value of type ${typeName(definition)}`,
    };
  }
  return {
    value: decoder.struct(body, schema, definition, '', []),
    unknown: decoder.unknown,
    typeError: decoder.refused ?? decoder.typeError,
  };
}

const META = 'io.k8s.apimachinery.pkg.';
const INT_OR_STRING = `${META}util.intstr.IntOrString`;
const SPECIAL: Readonly<Record<string, (value: Json) => Json>> = {
  [`${META}api.resource.Quantity`]: quantity,
  [`${META}apis.meta.v1.Time`]: (value) => canonicalTime(value, 0),
  [`${META}apis.meta.v1.MicroTime`]: (value) => canonicalTime(value, 6),
};

const TIMES = new Set([`${META}apis.meta.v1.Time`, `${META}apis.meta.v1.MicroTime`]);

function quantity(value: Json): Json {
  if (typeof value !== 'string' && !isJsonNumber(value)) throw new Error(QUANTITY_FAULT);
  try {
    return formatQuantity(parseQuantity(String(value).trim()));
  } catch {
    throw new Error(QUANTITY_FAULT);
  }
}
const QUANTITY_FAULT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** `io.k8s.api.core.v1.PodSpec` → `v1.PodSpec`. */
const typeName = (definition: string): string => definition.split('.').slice(-2).join('.');
const structName = (definition: string): string => definition.split('.').at(-1) as string;

const goKind = (value: Json): string => {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'number' : typeof value;
};

const isZero = (value: Json): boolean =>
  value === '' ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0);

/** Where a value stands: the innermost struct and the names on the way, for type errors. */
interface Place {
  readonly struct: string;
  readonly fields: readonly string[];
  readonly goName: string | undefined;
  /** How a number was written, where that is not how it is written back. */
  readonly text: string | undefined;
}

interface Mismatch {
  readonly found?: string;
  /** Go's kind of a scalar. */
  readonly kind?: string | undefined;
}
const SCALAR_KINDS: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool', number: 'float64' };

class Decoder {
  readonly unknown: string[] = [];
  /** The first value that a type's own decoder refused: nothing after it is read. */
  refused: string | undefined;
  typeError: string | undefined;
  readonly #from: 'text' | 'map';

  constructor(from: 'text' | 'map') {
    this.#from = from;
  }

  struct(value: JsonMap, schema: Schema, definition: string, path: string, fields: readonly string[]): JsonMap {
    const facts = goStruct(definition);
    const properties = schema.properties ?? {};
    const texts = numberTexts(value);
    const out: JsonMap = {};
    for (const key of Object.keys(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (property === undefined) {
        if (this.unknown.length < 100) this.unknown.push(`unknown field ${goQuote(at)}`);
        continue;
      }
      const item = value[key] as Json;
      if (item === null) continue;
      const place = {
        struct: structName(definition),
        fields: [...fields, key],
        goName: facts.named[key],
        text: texts?.get(key),
      };
      const decoded = this.value(item, property, at, place);
      if (decoded !== undefined && this.isWritten(decoded, property, key, facts)) setKey(out, key, decoded);
    }
    this.fill(out, properties, facts);
    return out;
  }

  /** Empty values of optional fields that are no pointers are not written; structs always are. */
  private isWritten(value: Json, property: Schema, key: string, facts: GoStruct): boolean {
    if (!isZero(value) || facts.pointers.has(key) || facts.always.has(key)) return true;
    return isMap(value) && isStruct(property) && !facts.omitzero.has(key);
  }

  private fill(out: JsonMap, properties: Readonly<Record<string, Schema>>, facts: GoStruct): void {
    for (const [name, property] of Object.entries(properties)) {
      if (Object.hasOwn(out, name)) continue;
      if (facts.pointers.has(name) || facts.omitzero.has(name)) {
        if (facts.always.has(name)) setKey(out, name, null);
      } else if (isTime(property)) setKey(out, name, null);
      else if (isStruct(property)) setKey(out, name, this.zeroStruct(property));
      else if (facts.always.has(name)) setKey(out, name, zeroOf(property));
    }
  }

  private zeroStruct(property: Schema): Json {
    const definition = refOf(property) as string;
    const out: JsonMap = {};
    this.fill(out, builtinDefinition(definition)?.properties ?? {}, goStruct(definition));
    return out;
  }

  private value(value: Json, schema: Schema, path: string, place: Place): Json | undefined {
    const definition = refOf(schema);
    if (definition !== undefined) return this.named(value, definition, path, place);
    switch (schema.type) {
      case 'array':
        return this.list(value, schema, path, place);
      case 'object':
        return this.map(value, schema, path, place);
      case 'string':
        return schema.format === 'byte'
          ? this.bytes(value, place)
          : this.scalar(value, 'string', place.goName ?? 'string', place);
      case 'boolean':
        return this.scalar(value, 'boolean', 'bool', place);
      case 'integer':
        return this.integer(value, schema.format === 'int64' ? 'int64' : 'int32', place);
      case 'number':
        return this.scalar(value, 'number', 'float64', place);
      default:
        return value;
    }
  }

  private named(value: Json, definition: string, path: string, place: Place): Json | undefined {
    if (definition === INT_OR_STRING) return typeof value === 'string' ? value : this.integer(value, 'int32', place);
    const special = Object.hasOwn(SPECIAL, definition) ? SPECIAL[definition] : undefined;
    if (special !== undefined) {
      try {
        return special(value);
      } catch (error) {
        this.refused ??= (error as Error).message;
        return undefined;
      }
    }
    const schema = builtinDefinition(definition);
    if (schema === undefined || schema['x-kubernetes-preserve-unknown-fields'] === true) return value;
    if (schema.type !== 'object' || (schema.additionalProperties && !schema.properties))
      return this.value(value, schema, path, place);
    if (isMap(value)) return this.struct(value, schema, definition, path, place.fields);
    return this.mismatch(value, typeName(definition), place);
  }

  private list(value: Json, schema: Schema, path: string, place: Place): Json | undefined {
    const items = schema.items ?? {};
    if (!Array.isArray(value)) return this.mismatch(value, goTypeOf(schema), place);
    return value.map((item, at) => {
      const decoded = item === null ? undefined : this.value(item, items, `${path}[${at}]`, place);
      return (
        decoded ??
        (refOf(items) !== undefined && isStruct({ ...items, default: {} }) ? this.zeroStruct(items) : zeroOf(items))
      );
    });
  }

  private map(value: Json, schema: Schema, path: string, place: Place): Json | undefined {
    if (!isMap(value)) return this.mismatch(value, goTypeOf(schema), place);
    const values = schema.additionalProperties;
    if (typeof values !== 'object') return value;
    const out: JsonMap = {};
    for (const key of Object.keys(value)) {
      const item = value[key] as Json;
      const decoded = item === null ? zeroOf(values) : this.value(item, values, `${path}.${key}`, place);
      if (decoded !== undefined) setKey(out, key, decoded);
    }
    return out;
  }

  private scalar(value: Json, type: string, goType: string, place: Place): Json | undefined {
    const fits = typeof value === type || (type === 'number' && typeof value === 'bigint');
    return fits ? value : this.mismatch(value, goType, place, { kind: SCALAR_KINDS[type] });
  }

  private integer(value: Json, goType: 'int32' | 'int64', place: Place): Json | undefined {
    if (!isJsonNumber(value)) return this.mismatch(value, goType, place, { kind: goType });
    // Go reads digits alone into integers: `1.0` and `1e3` are none.
    const written = this.#from === 'text' ? place.text : undefined;
    const limit = goType === 'int32' ? 2 ** 31 : 2 ** 63;
    if (written === undefined && isJsonInteger(value) && value >= -limit && value < limit) return value;
    if (written === '-0') return 0;
    return this.mismatch(value, goType, place, { found: `number ${written ?? value}`, kind: goType });
  }

  private bytes(value: Json, place: Place): Json | undefined {
    if (Array.isArray(value)) return this.byteList(value, place);
    if (typeof value !== 'string') return this.mismatch(value, '[]uint8', place);
    const text = value.replace(/[\r\n]/g, '');
    const fault =
      /[^A-Za-z0-9+/=]/.exec(text)?.index ??
      (text.length % 4 === 0 && /^[^=]*={0,2}$/.test(text) ? -1 : text.length - (text.length % 4));
    if (fault < 0) return text;
    this.typeError ??= `illegal base64 data at input byte ${fault}`;
    return undefined;
  }

  /** Numbers, as Go takes them for bytes too. */
  private byteList(values: readonly Json[], place: Place): Json | undefined {
    const odd = values.find((value) => value !== null && !(Number.isInteger(value) && Number(value) >>> 8 === 0));
    if (odd !== undefined)
      return this.mismatch(odd, 'uint8', place, typeof odd === 'number' ? { found: `number ${odd}` } : {});
    return Buffer.from(values.map(Number)).toString('base64');
  }

  private mismatch(
    value: Json,
    goType: string,
    place: Place,
    { found = goKind(value), kind }: Mismatch = {},
  ): undefined {
    this.typeError ??=
      this.#from === 'map'
        ? unconverted(value, goType, kind)
        : `json: cannot unmarshal ${found} into Go struct field ${place.struct}.${place.fields.join('.')} of type ${goType}`;
    return undefined;
  }
}

/** runtime `converter.go`: what it says of a value that does not fit. */
function unconverted(value: Json, goType: string, kind: string | undefined): string {
  const found = Array.isArray(value) ? 'slice' : isMap(value) ? 'map' : goScalar(value);
  if (kind === undefined) {
    if (goType.startsWith('map[')) return `cannot restore map from ${found}`;
    return goType.startsWith('[]') ? `cannot restore slice from ${found}` : `cannot restore struct from: ${found}`;
  }
  const convertible = (found === 'int64' && kind === 'string') || (found === 'float64' && kind.startsWith('int'));
  return convertible ? `cannot convert ${found} to ${goType}` : `unrecognized type: ${kind}`;
}

const goScalar = (value: Json): string => {
  if (isJsonNumber(value)) return isJsonInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
};

const refOf = (schema: Schema): string | undefined =>
  schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);

/** A field that holds a struct by value: upstream's OpenAPI gives it the default `{}`. */
function isStruct(property: Schema): boolean {
  if (!isMap(property.default)) return false;
  const definition = refOf(property);
  return definition !== undefined && builtinDefinition(definition)?.properties !== undefined;
}

/** A time held by value: omitempty does not know its emptiness. */
const isTime = (property: Schema): boolean => TIMES.has(refOf(property) ?? '');

/** What an empty value of the type is written as. */
function zeroOf(schema: Schema): Json {
  if (schema.type === 'string') return '';
  if (schema.type === 'integer' || schema.type === 'number') return 0;
  return schema.type === 'boolean' ? false : null;
}

function goTypeOf(schema: Schema): string {
  const definition = refOf(schema);
  if (definition !== undefined) return typeName(definition);
  switch (schema.type) {
    case 'array':
      return `[]${goTypeOf(schema.items ?? {})}`;
    case 'object':
      return `map[string]${typeof schema.additionalProperties === 'object' ? goTypeOf(schema.additionalProperties) : 'interface {}'}`;
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    default:
      return schema.format === 'byte' ? '[]uint8' : 'string';
  }
}

const zeroObjects = new Map<string, KubeObject>();

/** The empty object of a built-in kind, as it is before anything is set. Shared: not to be changed. */
export function zeroObject(apiVersion: string, kind: string, definition: string): KubeObject {
  let zero = zeroObjects.get(definition);
  if (zero === undefined) {
    zero = { ...decodeGo({}, definition).value, apiVersion, kind } as unknown as KubeObject;
    zeroObjects.set(definition, zero);
  }
  return zero;
}
