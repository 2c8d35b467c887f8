/** Component schemas of a set of served types, in the dialect of OpenAPI v2 or v3. */
import type { Schema } from '../../kube/schema.ts';
import { builtinDefinition } from '../builtin/tables.ts';
import { customListSchema, customRootSchema } from './custom-schema.ts';
import { definitionNameOf, listKindOf, type ServedType } from './served-type.ts';

export type Dialect = 'v2' | 'v3';
type JsonObject = Record<string, unknown>;

export const refPrefix = (dialect: Dialect): string => (dialect === 'v2' ? '#/definitions/' : '#/components/schemas/');

/** Definitions that every document's operations mention. */
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const SHARED = ['DeleteOptions', 'Patch', 'Status', 'WatchEvent', 'ObjectMeta', 'ListMeta'].map((name) => META + name);

/** Kubernetes publishes these two differently in v2, which has no oneOf. */
const V2_SCALARS: Readonly<Record<string, JsonObject>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'string', format: 'int-or-string' },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
};

/** Every definition that the types and their operations need, by name, with references written for the dialect. */
export function definitionsOf(types: readonly ServedType[], dialect: Dialect): Record<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  const addBuiltin = (name: string): void => {
    const schema = builtinDefinition(name);
    if (found.has(name) || !schema) return;
    found.set(name, builtinForm(name, schema, dialect));
    for (const reference of references(schema)) addBuiltin(reference);
  };
  for (const name of SHARED) addBuiltin(name);
  for (const type of types) {
    for (const subresource of type.info.subresources) {
      addBuiltin(definitionNameOf({ ...type.info, ...subresource }));
    }
    if (!type.custom) {
      addBuiltin(definitionNameOf(type.info));
      addBuiltin(definitionNameOf({ ...type.info, kind: listKindOf(type.info) }));
      continue;
    }
    const name = definitionNameOf(type.info);
    found.set(name, dialectForm(customRootSchema(type, dialect), dialect));
    found.set(
      `${definitionNameOf({ ...type.info, kind: listKindOf(type.info) })}`,
      dialectForm(customListSchema(type), dialect),
    );
  }
  return Object.fromEntries([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function builtinForm(name: string, schema: Schema, dialect: Dialect): JsonObject {
  if (dialect === 'v2' && V2_SCALARS[name]) return V2_SCALARS[name];
  // The tables mark these for our own use; upstream's documents do not.
  const {
    'x-kubernetes-int-or-string': _intOrString,
    'x-kubernetes-preserve-unknown-fields': _preserve,
    ...published
  } = schema;
  return dialectForm(published, dialect);
}

/** v3 wraps a reference that has siblings in allOf; v2 leaves siblings beside it and knows no defaults. */
function dialectForm(schema: Schema, dialect: Dialect): JsonObject {
  const { $ref, properties, items, additionalProperties, ...rest } = schema;
  const form: JsonObject = { ...rest };
  if (dialect === 'v2') delete form.default;
  if (properties) {
    form.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, dialectForm(property, dialect)]),
    );
  }
  if (items) form.items = dialectForm(items, dialect);
  if (additionalProperties !== undefined) {
    form.additionalProperties =
      typeof additionalProperties === 'object' ? dialectForm(additionalProperties, dialect) : additionalProperties;
  }
  if ($ref === undefined) return form;
  const reference = { $ref: refPrefix(dialect) + $ref };
  const alone = Object.keys(form).length === 0;
  return dialect === 'v2' || alone ? { ...reference, ...form } : { ...form, allOf: [reference] };
}

function* references(schema: Schema): Iterable<string> {
  if (schema.$ref !== undefined) yield schema.$ref;
  for (const property of Object.values(schema.properties ?? {})) yield* references(property);
  if (schema.items) yield* references(schema.items);
  if (typeof schema.additionalProperties === 'object') yield* references(schema.additionalProperties);
}
