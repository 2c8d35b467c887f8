/**
 * How values of a type merge under server-side apply, derived from its OpenAPI schema
 * (kube-openapi `schemaconv`). Compiled once per schema node and kept with it.
 */
import type { Json } from '../../kube/object.ts';
import type { ResolveRef, Schema, TypeSchema } from '../../kube/schema.ts';
import { OBJECT_META } from './object-meta-schema.ts';

export type ScalarKind = 'numeric' | 'string' | 'boolean' | 'untyped';

export interface ListType {
  readonly atomic: boolean;
  /** Merge keys; none on an associative list means a set of scalars. */
  readonly keys: readonly string[];
  readonly elementType: AtomRef;
}

export interface MapType {
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, { readonly type: AtomRef; readonly default?: Json }>;
  /** Type of fields that are not declared; undefined where there may be none. */
  readonly elementType: AtomRef | undefined;
  /** Nothing is known of its contents: they are merged as they come. */
  readonly deduced: boolean;
}

/** What a value may be. Where several are set the value itself decides. */
export interface Atom {
  readonly scalar?: ScalarKind;
  readonly list?: ListType;
  readonly map?: MapType;
}

/** An atom behind a lazy reference: schemas are recursive. */
export interface AtomRef {
  atom: Atom | undefined;
  readonly compile: () => Atom;
}

export function resolveAtom(ref: AtomRef): Atom {
  ref.atom ??= ref.compile();
  return ref.atom;
}

/** Undefined: a field that the schema does not know. */
export const fieldType = (map: MapType, name: string): AtomRef | undefined =>
  map.fields.get(name)?.type ?? map.elementType;

const NO_FIELDS: MapType['fields'] = new Map();

const UNTYPED: AtomRef = {
  atom: undefined,
  compile: () => ({
    scalar: 'untyped',
    list: { atomic: true, keys: [], elementType: UNTYPED },
    map: { atomic: true, fields: NO_FIELDS, elementType: UNTYPED, deduced: false },
  }),
};

/** Values of unknown type: maps merge by field, lists are replaced whole. */
export const DEDUCED: AtomRef = {
  atom: undefined,
  compile: () => ({
    scalar: 'untyped',
    list: { atomic: true, keys: [], elementType: UNTYPED },
    map: { atomic: false, fields: NO_FIELDS, elementType: DEDUCED, deduced: true },
  }),
};

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const RAW_EXTENSION = 'io.k8s.apimachinery.pkg.runtime.RawExtension';

const compiled = new WeakMap<TypeSchema, AtomRef>();
const named = new WeakMap<ResolveRef, Map<string, AtomRef>>();

/** Takes an object's root type; `metadata` always merges as ObjectMeta, whatever a custom schema says of it. */
export function applySchema(type: TypeSchema | undefined): AtomRef {
  if (type === undefined) return DEDUCED;
  let ref = compiled.get(type);
  if (ref === undefined) {
    ref = lazy(() => withObjectMeta(resolveAtom(reference(type.root, type.resolve, false))));
    compiled.set(type, ref);
  }
  return ref;
}

const lazy = (compile: () => Atom): AtomRef => ({ atom: undefined, compile });

const objectMeta = (): AtomRef => reference(OBJECT_META, () => undefined, false);
const STRING: AtomRef = { atom: { scalar: 'string' }, compile: () => ({ scalar: 'string' }) };

function withObjectMeta(atom: Atom): Atom {
  if (atom.map === undefined) return atom;
  const fields = new Map(atom.map.fields);
  const declared = fields.get('metadata');
  // Built-in kinds bring their own (and some, such as lists, a ListMeta).
  const own = declared && resolveAtom(declared.type).map;
  if (own === undefined || own.fields.get('ownerReferences') === undefined) {
    if (own?.fields.get('continue') === undefined) fields.set('metadata', { type: objectMeta() });
  }
  for (const name of ['apiVersion', 'kind']) if (!fields.has(name)) fields.set(name, { type: STRING });
  return { ...atom, map: { ...atom.map, fields } };
}

function reference(schema: Schema, resolve: ResolveRef, preserve: boolean): AtomRef {
  const target = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  if (target === undefined) return lazy(() => inline(schema, resolve, preserve));
  const ref = namedType(target, resolve);
  const mapType = schema['x-kubernetes-map-type'];
  return mapType === undefined ? ref : lazy(() => override(resolveAtom(ref), mapType === 'atomic'));
}

/** A field may say how its referenced type is to be merged. */
const override = (atom: Atom, atomic: boolean): Atom => {
  if (atom.map !== undefined) return { ...atom, map: { ...atom.map, atomic } };
  return atom.list === undefined ? atom : { ...atom, list: { ...atom.list, atomic } };
};

function namedType(name: string, resolve: ResolveRef): AtomRef {
  let types = named.get(resolve);
  if (types === undefined) {
    types = new Map();
    named.set(resolve, types);
  }
  let ref = types.get(name);
  if (ref === undefined) {
    ref = lazy(() => compileNamed(name, resolve));
    types.set(name, ref);
  }
  return ref;
}

function compileNamed(name: string, resolve: ResolveRef): Atom {
  if (name === QUANTITY) return { scalar: 'untyped' };
  if (name === RAW_EXTENSION) return resolveAtom(UNTYPED);
  const schema = resolve(name);
  if (schema === undefined) return resolveAtom(DEDUCED);
  const target = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  return target === undefined ? inline(schema, resolve, false) : resolveAtom(namedType(target, resolve));
}

function inline(schema: Schema, resolve: ResolveRef, inherited: boolean): Atom {
  const preserve = inherited || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const type = schema['x-kubernetes-int-or-string'] === true ? 'int-or-string' : schema.type;
  switch (type) {
    case 'object': {
      const atom = { map: mapOf(schema, resolve, preserve) };
      return schema['x-kubernetes-embedded-resource'] === true ? withObjectMeta(atom) : atom;
    }
    case 'array':
      return { list: listOf(schema, resolve, preserve) };
    case 'integer':
    case 'number':
      return { scalar: 'numeric' };
    case 'boolean':
      return { scalar: 'boolean' };
    case 'string':
      return { scalar: (schema.format ?? '') === '' || schema.format === 'byte' ? 'string' : 'untyped' };
    default:
      return {
        scalar: 'untyped',
        list: listOf(schema, resolve, preserve),
        map: mapOf(schema, resolve, preserve),
      };
  }
}

function mapOf(schema: Schema, resolve: ResolveRef, preserve: boolean): MapType {
  const properties = schema.properties ?? {};
  const names = Object.keys(properties);
  const fields = new Map(
    names.map((name) => {
      const property = properties[name] as Schema;
      const type = reference(property, resolve, preserve);
      return [name, property.default === undefined ? { type } : { type, default: property.default }] as const;
    }),
  );
  const additional = schema.additionalProperties;
  let elementType: AtomRef | undefined;
  if (additional === undefined) elementType = preserve || names.length === 0 ? DEDUCED : undefined;
  else if (typeof additional === 'object') elementType = reference(additional, resolve, preserve);
  else elementType = additional ? DEDUCED : undefined;
  return {
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    fields,
    elementType,
    deduced: elementType === DEDUCED && names.length === 0,
  };
}

function listOf(schema: Schema, resolve: ResolveRef, preserve: boolean): ListType {
  const elementType = schema.items === undefined ? UNTYPED : reference(schema.items, resolve, preserve);
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return { atomic: false, keys: [], elementType };
    case 'map':
      return { atomic: false, keys: schema['x-kubernetes-list-map-keys'] ?? [], elementType };
    case 'atomic':
      return { atomic: true, keys: [], elementType };
    default: {
      const strategies = schema['x-kubernetes-patch-strategy']?.split(',') ?? [];
      const key = schema['x-kubernetes-patch-merge-key'];
      return { atomic: !strategies.includes('merge'), keys: key === undefined ? [] : [key], elementType };
    }
  }
}
