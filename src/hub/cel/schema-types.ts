/** Structural schemas as CEL types (apiserver `cel/common/schemas.go`), declared on an environment. */
import type { Environment } from '@marcbachmann/cel-js';
import type { Schema } from '../../kube/schema.ts';
import { celEqual } from './compare.ts';
import { DYN, type ObjectShape, type Shape, typeName } from './values.ts';

/** Declares a schema's types as it goes; shapes are answered per schema node. */
export class SchemaTypes {
  private readonly env: Environment;
  private readonly shapes = new Map<Schema, Shape>();
  private count = 0;

  constructor(env: Environment) {
    this.env = env;
  }

  /** `resourceRoot`: the object's type and the name in its metadata can be read too. */
  shape(schema: Schema, resourceRoot = false): Shape {
    let shape = this.shapes.get(schema);
    if (shape === undefined) {
      shape = this.build(schema, resourceRoot);
      this.shapes.set(schema, shape);
    }
    return shape;
  }

  private build(schema: Schema, resourceRoot: boolean): Shape {
    if (schema['x-kubernetes-int-or-string'] || schema.nullable) return DYN;
    switch (schema.type) {
      case 'boolean':
        return { kind: 'bool' };
      case 'integer':
        return { kind: 'int' };
      case 'number':
        return { kind: 'double' };
      case 'string':
        return stringShape(schema.format);
      case 'array':
        return { kind: 'list', item: schema.items ? this.shape(schema.items) : DYN };
      case 'object':
        return this.object(schema, resourceRoot || schema['x-kubernetes-embedded-resource'] === true);
      default:
        return DYN;
    }
  }

  private object(schema: Schema, withMeta: boolean): Shape {
    const { properties, additionalProperties } = schema;
    if (typeof additionalProperties === 'object') return { kind: 'map', value: this.shape(additionalProperties) };
    if (properties === undefined && !withMeta)
      return schema['x-kubernetes-preserve-unknown-fields'] ? DYN : this.declare(new Map());
    const fields: Fields = new Map();
    for (const [name, property] of Object.entries(properties ?? {})) this.addField(fields, name, this.shape(property));
    if (withMeta) {
      const string: Shape = { kind: 'string' };
      const meta: Fields = new Map();
      for (const name of ['name', 'generateName']) this.addField(meta, name, string);
      this.addField(fields, 'apiVersion', string);
      this.addField(fields, 'kind', string);
      this.addField(fields, 'metadata', this.declare(meta));
    }
    return this.declare(fields);
  }

  private addField(fields: Fields, name: string, shape: Shape): void {
    const celName = escapeField(name);
    if (celName !== undefined) fields.set(name, { celName, shape });
  }

  private declare(fields: Fields): ObjectShape {
    const name = `kubernetes.Object${this.count++}`;
    // Values carry their type by their class.
    const ctor = class {};
    const declared = [...fields.values()].map(({ celName, shape }) => [celName, typeName(shape)] as const);
    this.env.registerType(name, { ctor, fields: Object.fromEntries(declared) } as never);
    this.env.registerOperator(`${name} == ${name}`, celEqual);
    return { kind: 'object', name, fields, create: () => new ctor() };
  }
}

type Fields = Map<string, { readonly celName: string; readonly shape: Shape }>;

function stringShape(format: string | undefined): Shape {
  if (format === 'byte') return { kind: 'bytes' };
  if (format === 'date' || format === 'date-time') return { kind: 'timestamp' };
  return { kind: 'string' };
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** Property names as identifiers (apiserver `cel/escaping.go`); undefined for those that no rule can name. */
export function escapeField(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  const escaped = name.replace(
    /__|[./-]/g,
    (part) => ({ __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' })[part] as string,
  );
  return /^[A-Za-z_]/.test(escaped) ? escaped : undefined;
}
