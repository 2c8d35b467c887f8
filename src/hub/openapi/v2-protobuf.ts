/**
 * The v2 document as protobuf: message Document of gnostic's OpenAPIv2.proto, which is all that client-go asks for.
 * Only the fields that v2.ts and Kubernetes schemas use are written. ProtobufWriter writes backwards, so each function
 * takes its fields from the highest number to the lowest.
 */
import { ProtobufWriter } from '../encoding/protobuf-writer.ts';
import type { OpenApiV2Document, V2Operation, V2Parameter, V2PathItem } from './v2.ts';

/** Media type of the bytes in an answer: Go's `mime` package refuses the other spelling. */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** How newer clients spell it when they ask; they must be answered with the type above. */
export const OPENAPI_V2_PROTOBUF_ACCEPTED: readonly string[] = [
  OPENAPI_V2_PROTOBUF,
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
];

type JsonObject = Readonly<Record<string, unknown>>;

const encoded = new WeakMap<OpenApiV2Document, Uint8Array>();

/** The bytes of a document; made once for each. */
export function encodeOpenApiV2(document: OpenApiV2Document): Uint8Array {
  const bytes = encoded.get(document) ?? encode(document);
  encoded.set(document, bytes);
  return bytes;
}

function encode(document: OpenApiV2Document): Uint8Array {
  const out = new ProtobufWriter();
  out.message(13, () => {
    named(out, 1, document.securityDefinitions, (key) =>
      out.message(2, () => {
        strings(out, [
          [4, key.description],
          [3, key.in],
          [2, key.name],
          [1, key.type],
        ]);
      }),
    );
  });
  for (const requirement of backwards(document.security)) {
    out.message(12, () => named(out, 1, requirement, (scopes) => repeated(out, 1, scopes)));
  }
  out.message(9, () => named(out, 1, document.definitions, (definition) => schema(out, definition)));
  out.message(8, () => named(out, 2, document.paths, (item) => pathItem(out, item)));
  out.message(2, () => {
    out.string(2, document.info.version);
    out.string(1, document.info.title);
  });
  out.string(1, document.swagger);
  return out.finish();
}

const backwards = <T>(list: readonly T[]): T[] => [...list].reverse();

/** A protobuf "map": repeated {1: name, 2: value}. */
function named<T>(
  out: ProtobufWriter,
  field: number,
  entries: Readonly<Record<string, T>>,
  write: (value: T) => void,
): void {
  for (const [name, value] of backwards(Object.entries(entries))) {
    out.message(field, () => {
      out.message(2, () => write(value));
      out.string(1, name);
    });
  }
}

function strings(out: ProtobufWriter, fields: readonly (readonly [number, unknown])[]): void {
  for (const [field, value] of fields) if (typeof value === 'string' && value !== '') out.string(field, value);
}

function repeated(out: ProtobufWriter, field: number, values: readonly string[]): void {
  for (const value of backwards(values)) out.string(field, value);
}

/** Message Any holds YAML; JSON is YAML. */
const any = (out: ProtobufWriter, field: number, value: unknown): void =>
  out.message(field, () => out.string(2, JSON.stringify(value)));

function extensions(out: ProtobufWriter, field: number, holder: JsonObject): void {
  for (const [name, value] of backwards(Object.entries(holder))) {
    if (!name.startsWith('x-')) continue;
    out.message(field, () => {
      any(out, 2, value);
      out.string(1, name);
    });
  }
}

function pathItem(out: ProtobufWriter, item: V2PathItem): void {
  for (const parameter of backwards(item.parameters)) out.message(9, () => parametersItem(out, parameter));
  const methods = [
    [8, item.patch],
    [5, item.delete],
    [4, item.post],
    [3, item.put],
    [2, item.get],
  ] as const;
  for (const [field, operation] of methods) if (operation) out.message(field, () => writeOperation(out, operation));
}

function writeOperation(out: ProtobufWriter, operation: V2Operation): void {
  extensions(out, 13, operation as unknown as JsonObject);
  repeated(out, 10, operation.schemes);
  out.message(9, () => {
    named(out, 1, operation.responses, (response) =>
      out.message(1, () => {
        const { schema: body } = response;
        if (body) out.message(2, () => out.message(1, () => schema(out, body)));
        out.string(1, response.description);
      }),
    );
  });
  for (const parameter of backwards(operation.parameters)) out.message(8, () => parametersItem(out, parameter));
  repeated(out, 7, operation.consumes);
  repeated(out, 6, operation.produces);
  out.string(5, operation.operationId);
  repeated(out, 1, operation.tags);
}

function parametersItem(out: ProtobufWriter, parameter: V2Parameter): void {
  const { schema: body } = parameter;
  out.message(1, () => {
    if (body) {
      out.message(1, () => {
        out.message(5, () => schema(out, body));
        if (parameter.required) out.bool(4, true);
        out.string(3, parameter.in);
        out.string(2, parameter.name);
      });
      return;
    }
    const [variant, typeField, uniqueField] = parameter.in === 'query' ? [3, 6, 20] : [4, 5, 19];
    out.message(2, () =>
      out.message(variant, () => {
        if (parameter.uniqueItems) out.bool(uniqueField, true);
        strings(out, [
          [typeField, parameter.type],
          [4, parameter.name],
          [2, parameter.in],
        ]);
        if (parameter.required) out.bool(1, true);
      }),
    );
  });
}

/** Scalar fields of message Schema between `required` and `description`, highest number first. */
const BOUNDS = [
  [18, 'minProperties', 'integer'],
  [17, 'maxProperties', 'integer'],
  [16, 'uniqueItems', 'bool'],
  [15, 'minItems', 'integer'],
  [14, 'maxItems', 'integer'],
  [13, 'pattern', 'string'],
  [12, 'minLength', 'integer'],
  [11, 'maxLength', 'integer'],
  [10, 'exclusiveMinimum', 'bool'],
  [9, 'minimum', 'double'],
  [8, 'exclusiveMaximum', 'bool'],
  [7, 'maximum', 'double'],
  [6, 'multipleOf', 'double'],
] as const;

/** Message Schema. */
function schema(out: ProtobufWriter, value: JsonObject): void {
  extensions(out, 31, value);
  const { properties, items, type, additionalProperties, required, allOf } = value;
  if (properties) {
    out.message(25, () => named(out, 1, properties as Record<string, JsonObject>, (property) => schema(out, property)));
  }
  for (const part of backwards((allOf as JsonObject[] | undefined) ?? [])) out.message(24, () => schema(out, part));
  if (items) out.message(23, () => out.message(1, () => schema(out, items as JsonObject)));
  if (typeof type === 'string') out.message(22, () => out.string(1, type));
  if (typeof additionalProperties === 'boolean') out.message(21, () => out.bool(2, additionalProperties));
  else if (additionalProperties) {
    out.message(21, () => out.message(1, () => schema(out, additionalProperties as JsonObject)));
  }
  for (const choice of backwards((value.enum as unknown[] | undefined) ?? [])) any(out, 20, choice);
  repeated(out, 19, (required as string[] | undefined) ?? []);
  bounds(out, value);
  strings(out, [
    [4, value.description],
    [3, value.title],
    [2, value.format],
    [1, value.$ref],
  ]);
}

function bounds(out: ProtobufWriter, value: JsonObject): void {
  for (const [field, name, type] of BOUNDS) {
    const bound = value[name];
    if (bound === undefined) continue;
    if (type === 'bool') out.bool(field, bound === true);
    else if (type === 'string') out.string(field, String(bound));
    else out[type](field, Number(bound));
  }
}
