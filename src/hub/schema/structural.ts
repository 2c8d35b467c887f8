/**
 * Whether a CustomResourceDefinition's schema is structural and well-formed (apiextensions `schema/validation.go`,
 * `schema/defaulting/validation.go` and `apis/apiextensions/validation`). CEL rules are compiled in src/hub/cel.
 */
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../kube/field-error.ts';
import type { Schema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { deepEqual, isMap, type JsonMap } from '../patch/json-value.ts';
import { embeddedCauses } from './embedded.ts';
import { compilePattern } from './patterns.ts';
import { prune } from './prune.ts';
import { schemaFaults } from './validate.ts';

/** Takes a version's openAPIV3Schema and its path in the CRD. `status`: the version has the status subresource. */
export function structuralCauses(schema: Schema, path: FieldPath, status: boolean): StatusCause[] {
  const causes = [
    ...statusRootCauses(schema, path, status),
    ...(schema.nullable ? [forbiddenField(child(path, 'nullable'), 'nullable cannot be true at the root')] : []),
  ];
  // What has no structural form at all is told by what it must not have, not by what it lacks.
  const convertible = isConvertible(schema);
  const structural = convertible ? sortCauses(invariants(schema, 'root', path)) : [];
  const defaults = convertible && structural.length === 0 ? defaultCauses(schema, path, true) : [];
  return [...causes, ...structural, ...defaults, ...schemaCauses(schema, path, { root: true })];
}

/** `schema.NewStructural`: keywords without a structural form are nowhere. */
const isConvertible = (schema: Schema): boolean =>
  !UNSUPPORTED.some((name) => isSet((schema as JsonMap)[name])) &&
  !Array.isArray(schema.items) &&
  [
    ...Object.values(schema.properties ?? {}),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
    ...(schema.items ? [schema.items] : []),
    ...(schema.not ? [schema.not] : []),
    ...[schema.allOf, schema.anyOf, schema.oneOf].flatMap((list) => list ?? []),
  ].every(isConvertible);

const isSet = (value: unknown): boolean =>
  value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0);

const sortCauses = (causes: StatusCause[]): StatusCause[] =>
  causes.sort((a, b) => (`${a.field}: ${a.message}` < `${b.field}: ${b.message}` ? -1 : 1));

const ROOT_FIELDS = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Enum',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];
const NOT_AT_STATUS_ROOT = [
  'additionalProperties',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'nullable',
  'minProperties',
  'maxProperties',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'default',
];

function statusRootCauses(schema: Schema, path: FieldPath, status: boolean): StatusCause[] {
  if (!status) return [];
  if (schema.type !== undefined && schema.type !== 'object') {
    return [
      invalidValue(
        child(path, 'type'),
        schema.type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ];
  }
  if (!NOT_AT_STATUS_ROOT.some((name) => Object.hasOwn(schema, name))) return [];
  return [
    invalidValue(
      path,
      schema,
      `only [${ROOT_FIELDS.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
    ),
  ];
}

type Level = 'root' | 'item' | 'field';
const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

const sub = (path: FieldPath, property: string): FieldPath => index(child(path, 'properties'), property);

/** What makes a schema structural: every field has a type, and value rules are kept apart from it. */
function invariants(schema: Schema, level: Level, path: FieldPath): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type, items, additionalProperties, properties = {} } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === 'array' && items === undefined) causes.push(requiredValue(child(path, 'items'), 'must be specified'));
  if (items) causes.push(...invariants(items, 'item', child(path, 'items')));
  for (const [name, property] of Object.entries(properties))
    causes.push(...invariants(property, 'field', sub(path, name)));
  const additional = child(path, 'additionalProperties');
  if (additionalProperties !== undefined && level === 'root')
    causes.push(forbiddenField(additional, 'must not be used at the root'));
  if (typeof additionalProperties === 'object') causes.push(...invariants(additionalProperties, 'field', additional));
  if (intOrString && preserve)
    causes.push(
      invalidValue(
        child(path, 'x-kubernetes-preserve-unknown-fields'),
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    );
  if (intOrString && embedded)
    causes.push(
      invalidValue(
        child(path, 'x-kubernetes-embedded-resource'),
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    );
  causes.push(...valueRules(schema, path, true));

  const typePath = child(path, 'type');
  if (embedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    causes.push(type ? invalidValue(typePath, type, detail) : requiredValue(typePath, detail));
  } else if (!type && !intOrString && !preserve) causes.push(requiredValue(typePath, EMPTY_TYPE[level]));
  if (embedded && additionalProperties !== undefined)
    causes.push(forbiddenField(additional, 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && type && type !== 'object')
    causes.push(invalidValue(typePath, type, 'must be object at the root'));
  if (level === 'root' || embedded) {
    for (const name of ['kind', 'apiVersion']) {
      const property = properties[name];
      if (property !== undefined && property.type !== 'string')
        causes.push(invalidValue(child(sub(path, name), 'type'), property.type ?? '', 'must be string'));
    }
    if (properties.metadata) causes.push(...metadataCauses(properties.metadata, level, sub(path, 'metadata')));
  }
  if (embedded && !preserve && Object.keys(properties).length === 0) {
    causes.push(
      requiredValue(
        child(path, 'properties'),
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
  }
  return causes;
}

function metadataCauses(metadata: Schema, level: Level, path: FieldPath): StatusCause[] {
  const causes =
    metadata.type === 'object' ? [] : [invalidValue(child(path, 'type'), metadata.type ?? '', 'must be object')];
  if (level !== 'root') return causes;
  const named = Object.keys(metadata.properties ?? {}).every((name) => name === 'name' || name === 'generateName');
  const others = Object.keys(metadata).filter((key) => !['type', 'properties', 'description', 'default'].includes(key));
  if (!named || others.length > 0) {
    causes.push(
      forbiddenField(
        path,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
  }
  return causes;
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }];

/** `anyOf`, `allOf`, `oneOf`, `not` and patterns below a schema. */
function valueRules(schema: Schema, path: FieldPath, structural: boolean): StatusCause[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  const skipAnyOf = structural && deepEqual(anyOf, INT_OR_STRING);
  const causes = skipAnyOf ? [] : anyOf.flatMap((one, at) => nested(one, index(child(path, 'anyOf'), at)));
  for (const [at, one] of allOf.entries()) {
    const rest = structural && at === 0 && deepEqual(one.anyOf, INT_OR_STRING) ? { ...one, anyOf: [] } : one;
    causes.push(...nested(rest, index(child(path, 'allOf'), at)));
  }
  causes.push(...oneOf.flatMap((one, at) => nested(one, index(child(path, 'oneOf'), at))));
  if (not) causes.push(...nested(not, child(path, 'not')));
  const compiled = pattern ? compilePattern(pattern) : undefined;
  if (compiled && 'fault' in compiled) {
    causes.push(
      invalidValue(child(path, 'pattern'), pattern, `must be a valid regular expression, but isn't: ${compiled.fault}`),
    );
  }
  return causes;
}

/** What a schema inside a combination must leave to the one around it. */
const NESTED: readonly (readonly [key: keyof Schema, detail: string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function nested(schema: Schema, path: FieldPath): StatusCause[] {
  const causes = valueRules(schema, path, false);
  if (schema.items) causes.push(...nested(schema.items, child(path, 'items')));
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    causes.push(...nested(property, sub(path, name)));
  for (const [key, detail] of NESTED) {
    const value = schema[key];
    if (value !== undefined && value !== false && value !== '') causes.push(forbiddenField(child(path, key), detail));
  }
  if (schema.properties?.metadata)
    causes.push(forbiddenField(sub(path, 'metadata'), 'must not be specified in a nested context'));
  return causes;
}

const META = new Set(['metadata', 'apiVersion', 'kind']);

/** Defaults are values of their own schema, with nothing that pruning would drop. */
function defaultCauses(schema: Schema, path: FieldPath, root: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  const value = schema.default;
  if (value !== undefined && value !== null) {
    const type = { root: schema, resolve: () => undefined };
    const at = child(path, 'default');
    if (isMap(value) && !deepEqual(withoutMeta(prune(value, type).value), withoutMeta(value))) {
      causes.push(invalidValue(at, value, 'must not have unknown fields'));
    }
    const embedded = embeddedCauses(value, type);
    // Whether lists repeat items is asked of objects only.
    const found = embedded.length > 0 ? embedded : schemaFaults(value, undefined, schema);
    causes.push(...found.map((cause) => within(cause, at)));
  }
  if (schema.items) causes.push(...defaultCauses(schema.items, child(path, 'items'), false));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!(root && META.has(name))) causes.push(...defaultCauses(property, sub(path, name), false));
  }
  return causes;
}

const withoutMeta = ({ metadata: _, ...rest }: JsonMap): JsonMap => rest;

const within = (cause: StatusCause, path: FieldPath): StatusCause => {
  const at = cause.field === '<nil>' || cause.field === undefined ? path : `${path}.${cause.field}`;
  return { ...cause, field: at };
};

interface Place {
  readonly root?: boolean;
  readonly insideMeta?: boolean;
  readonly noDefaults?: string;
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];

/** Rules of every schema, structural or not. */
function schemaCauses(schema: Schema, path: FieldPath, place: Place): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type, properties, additionalProperties, items } = schema;
  if (type && !TYPES.includes(type)) causes.push(notSupported(child(path, 'type'), type, TYPES));
  if (schema.default !== undefined && place.noDefaults !== undefined)
    causes.push(forbiddenField(child(path, 'default'), `must not be set ${place.noDefaults}`));
  for (const name of UNSUPPORTED) {
    if (isSet((schema as JsonMap)[name])) causes.push(forbiddenField(child(path, name), `${name} is not supported`));
  }
  if (type === 'null')
    causes.push(forbiddenField(child(path, 'type'), 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(items))
    causes.push(forbiddenField(child(path, 'items'), 'items must be a schema object and not an array'));
  if (place.insideMeta && schema['x-kubernetes-embedded-resource'])
    causes.push(
      forbiddenField(child(path, 'x-kubernetes-embedded-resource'), 'must not be used inside of resource meta'),
    );
  if (schema.uniqueItems)
    causes.push(
      forbiddenField(
        child(path, 'uniqueItems'),
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  if (additionalProperties !== undefined) {
    const at = child(path, 'additionalProperties');
    if (properties && Object.keys(properties).length > 0 && additionalProperties !== true)
      causes.push(forbiddenField(at, 'additionalProperties and properties are mutual exclusive'));
    const below = place.insideMeta
      ? { ...place, root: false, noDefaults: 'inside additionalProperties applying to object metadata' }
      : { ...place, root: false };
    if (typeof additionalProperties === 'object') causes.push(...schemaCauses(additionalProperties, at, below));
  }
  for (const [name, property] of Object.entries(properties ?? {})) {
    const meta = (place.root || schema['x-kubernetes-embedded-resource'] === true) && META.has(name);
    const below: Place = {
      ...place,
      root: false,
      ...(meta ? { insideMeta: true } : {}),
      ...(meta && place.root ? { noDefaults: `in top-level ${name}` } : {}),
    };
    causes.push(...schemaCauses(property, sub(path, name), below));
  }
  const inner: Place = { ...place, root: false };
  if (schema.not) causes.push(...schemaCauses(schema.not, child(path, 'not'), inner));
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [at, one] of (schema[key] ?? []).entries())
      causes.push(...schemaCauses(one, index(child(path, key), at), inner));
  }
  if (items && !Array.isArray(items)) causes.push(...schemaCauses(items, child(path, 'items'), inner));
  return [...causes, ...extensionCauses(schema, path), ...ruleCauses(schema, path)];
}

function extensionCauses(schema: Schema, path: FieldPath): StatusCause[] {
  const causes: StatusCause[] = [];
  const { type, items } = schema;
  const at = (name: string): FieldPath => child(path, name);
  const needs = (wanted: string, detail: string): StatusCause =>
    type
      ? invalidValue(at('type'), type, `must be ${wanted} if ${detail}`)
      : requiredValue(at('type'), `must be ${wanted} if ${detail}`);
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    causes.push(invalidValue(at('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'));
  const mapType: string | undefined = schema['x-kubernetes-map-type'];
  if (mapType !== undefined && type !== 'object') causes.push(needs('object', 'x-kubernetes-map-type is specified'));
  if (mapType !== undefined && !['atomic', 'granular'].includes(mapType))
    causes.push(notSupported(at('x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
  const listType: string | undefined = schema['x-kubernetes-list-type'];
  if (listType !== undefined && type !== 'array') causes.push(needs('array', 'x-kubernetes-list-type is specified'));
  else if (listType === 'set' && items) causes.push(...setItemCauses(items, at('items')));
  if ((listType === 'set' || listType === 'map') && items?.nullable)
    causes.push(
      forbiddenField(child(at('items'), 'nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType))
    causes.push(notSupported(at('x-kubernetes-list-type'), listType, ['atomic', 'set', 'map']));
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    causes.push(
      listType === undefined
        ? requiredValue(at('x-kubernetes-list-type'), detail)
        : invalidValue(at('x-kubernetes-list-type'), listType, detail),
    );
  }
  if (listType === 'map') causes.push(...mapListCauses(schema, keys, path));
  return causes;
}

function setItemCauses(items: Schema, path: FieldPath): StatusCause[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    return [invalidValue(child(path, 'x-kubernetes-list-type'), listType, detail)];
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    return [invalidValue(child(path, 'x-kubernetes-map-type'), listType ?? null, detail)];
  return [];
}

function mapListCauses(schema: Schema, keys: readonly string[], path: FieldPath): StatusCause[] {
  const causes: StatusCause[] = [];
  const { items } = schema;
  const keysPath = child(path, 'x-kubernetes-list-map-keys');
  if (keys.length === 0) causes.push(requiredValue(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  if (items === undefined)
    return [...causes, requiredValue(child(path, 'items'), 'must have a schema if x-kubernetes-list-type is map')];
  const itemsPath = child(path, 'items');
  if (items.type !== 'object')
    return [
      ...causes,
      invalidValue(
        child(itemsPath, 'type'),
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ];
  for (const [at, key] of keys.entries()) {
    const property = items.properties?.[key];
    if (property === undefined)
      causes.push(invalidValue(keysPath, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      causes.push(
        invalidValue(
          child(sub(itemsPath, key), 'type'),
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    } else if (property.default === undefined && !items.required?.includes(key)) {
      causes.push(
        requiredValue(
          child(sub(itemsPath, key), 'default'),
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
    }
    if (property?.nullable)
      causes.push(
        forbiddenField(
          child(sub(itemsPath, key), 'nullable'),
          'this property is in x-kubernetes-list-map-keys, so it cannot be nullable',
        ),
      );
    if (keys.indexOf(key) !== at) causes.push(invalidValue(keysPath, keys, 'must not contain duplicate entries'));
  }
  return causes;
}

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const hasNewlines = (text: string): boolean => /[\r\n]/.test(text);

/** The form of CEL rules; that they compile is checked after the schema has proved sound. */
function ruleCauses(schema: Schema, path: FieldPath): StatusCause[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, position) => {
    const causes: StatusCause[] = [];
    const at = (name: string): FieldPath => child(index(child(path, 'x-kubernetes-validations'), position), name);
    const text = (rule.rule ?? '').trim();
    const { message = '', messageExpression = '', fieldPath = '', reason } = rule;
    if (text === '') causes.push(requiredValue(at('rule'), 'rule is not specified'));
    else if (message !== '' && message.trim() === '')
      causes.push(invalidValue(at('message'), message, 'must be non-empty if specified'));
    else if (hasNewlines(message.trim()))
      causes.push(invalidValue(at('message'), message, 'must not contain line breaks'));
    else if (hasNewlines(text) && message.trim() === '')
      causes.push(requiredValue(at('message'), 'message must be specified if rule contains line breaks'));
    if (messageExpression !== '' && messageExpression.trim() === '')
      causes.push(requiredValue(at('messageExpression'), 'messageExpression must be non-empty if specified'));
    if (reason !== undefined && !REASONS.includes(reason)) causes.push(notSupported(at('reason'), reason, REASONS));
    if (fieldPath !== '' && fieldPath.trim() === '')
      causes.push(invalidValue(at('fieldPath'), fieldPath, 'must be non-empty if specified'));
    if (hasNewlines(fieldPath)) causes.push(invalidValue(at('fieldPath'), fieldPath, 'must not contain line breaks'));
    if (fieldPath !== '' && !pathExists(schema, fieldPath))
      causes.push(invalidValue(at('fieldPath'), fieldPath, 'must be a valid path'));
    return causes;
  });
}

/** Whether `.spec.name` and `.labels['a.b']` lead to a field of the schema. */
const pathExists = (schema: Schema, path: string): boolean => pathTarget(schema, path) !== undefined;

/** The schema of the field to which a path leads. */
export function pathTarget(schema: Schema, path: string): Schema | undefined {
  let rest = path.trim();
  let target: Schema | undefined = schema;
  while (rest !== '') {
    const match = /^(?:\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest);
    if (match === null || target === undefined) return undefined;
    rest = rest.slice(match[0].length);
    const name = match[1] ?? (match[2] as string).replace(/\\(.)/g, '$1');
    const { properties, additionalProperties }: Schema = target;
    if (properties && Object.hasOwn(properties, name)) target = properties[name];
    else target = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  }
  return target;
}
