/** How a custom resource's structural schema is published (apiextensions-apiserver pkg/controller/openapi/builder). */
import type { Schema } from '../../kube/schema.ts';
import type { Dialect } from './definitions.ts';
import { definitionNameOf, type ServedType } from './served-type.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const TYPE_META = { apiVersion: { type: 'string' }, kind: { type: 'string' } } as const;
const OBJECT_META = { ...TYPE_META, metadata: { $ref: `${META}ObjectMeta` } } as const;

/** The kind itself: its schema with apiVersion, kind and metadata added. */
export function customRootSchema(type: ServedType, dialect: Dialect): Schema {
  const { group, version, kind } = type.info;
  const marks = { 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
  const root = type.schema?.root;
  // Without a schema, or in v2 with unknown fields kept, kubectl would take any listed property for the only ones.
  if (!root || (dialect === 'v2' && root['x-kubernetes-preserve-unknown-fields'])) return { type: 'object', ...marks };
  const schema = embedded(dialect === 'v2' ? withoutUnsupported(root) : root);
  return { ...schema, properties: { ...schema.properties, ...OBJECT_META }, ...marks };
}

export function customListSchema(type: ServedType): Schema {
  const { group, version, kind, listKind } = type.info;
  return {
    type: 'object',
    required: ['items'],
    properties: {
      ...TYPE_META,
      items: { type: 'array', items: { $ref: definitionNameOf(type.info) } },
      metadata: { $ref: `${META}ListMeta` },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind: listKind ?? `${kind}List` }],
  };
}

/** Embedded resources show that they have type and object metadata. */
function embedded(schema: Schema): Schema {
  const next = mapChildren(schema, embedded);
  return schema['x-kubernetes-embedded-resource']
    ? { ...next, properties: { ...next.properties, ...OBJECT_META } }
    : next;
}

/** What OpenAPI v2 and kubectl's reading of it cannot express is left out (openapi/v2/conversion.go). */
function withoutUnsupported(schema: Schema): Schema {
  const { allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, ...kept } = schema;
  const preserves = kept['x-kubernetes-preserve-unknown-fields'] === true;
  let next: Schema = kept;
  if (nullable || preserves) {
    const { items: _items, properties: _properties, ...open } = next;
    next = open;
  }
  if (nullable || (preserves && next.type === 'object') || (next.type === 'array' && !next.items)) {
    const { type: _type, ...untyped } = next;
    next = untyped;
  }
  const required = next.required?.filter((name) => !schema.properties?.[name]?.nullable);
  if (next.required) {
    const { required: _required, ...optional } = next;
    next = required && required.length > 0 ? { ...optional, required } : optional;
  }
  return mapChildren(next, withoutUnsupported);
}

function mapChildren(schema: Schema, change: (child: Schema) => Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, change(child)])) }
      : {}),
    ...(items ? { items: change(items) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: change(additionalProperties) } : {}),
  };
}
