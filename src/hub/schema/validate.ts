/**
 * Values against a structural schema, with kube-apiserver's messages (kube-openapi `validation/validate`, turned into
 * field errors as apiextensions `apiserver/validation` does).
 */
import { isJsonInteger, isJsonNumber, stringifyJson } from '../../kube/exact-json.ts';
import {
  child,
  type FieldPath,
  index,
  invalidValue,
  notSupported,
  requiredValue,
  tooLong,
  tooMany,
  typeInvalid,
} from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { deepEqual, getKey, isMap, type JsonMap } from '../patch/json-value.ts';
import { hasFormat, isKnownFormat } from './formats.ts';
import { listTypeCauses } from './list-types.ts';
import { compilePattern } from './patterns.ts';

/**
 * Takes the new and, for an update, the stored object. What an update leaves unchanged is not held against it
 * (ratcheting). Embedded resources and CEL rules are checked elsewhere.
 */
export function validate(value: Json, old: Json | undefined, type: TypeSchema | undefined): StatusCause[] {
  if (type === undefined) return [];
  const causes = schemaFaults(value, old, type.root);
  const lists = old !== undefined && listTypeCauses(old, type.root).length > 0 ? [] : listTypeCauses(value, type.root);
  return [...causes, ...lists];
}

/** As `validate`, but for what list types say of items. */
export const schemaFaults = (value: Json, old: Json | undefined, schema: Schema): readonly StatusCause[] =>
  check(value, schema, '', old).causes;

interface Outcome {
  readonly causes: readonly StatusCause[];
  /** How much of the schema the value met: which of several alternatives was meant. */
  readonly matched: number;
}

const NOTHING: Outcome = { causes: [], matched: 0 };

function check(value: Json, schema: Schema, path: FieldPath, old?: Json): Outcome {
  if (old !== undefined && deepEqual(value, old)) return NOTHING;
  const type = typeCauses(value, schema, path);
  if (value === null) return { causes: [...type, ...enumCauses(value, schema, path)], matched: 0 };
  const parts: Outcome[] = [
    { causes: type, matched: type.length === 0 ? 2 : 1 },
    combined(value, schema, path),
    ...(typeof value === 'string'
      ? [plain([...stringCauses(value, schema, path), ...formatCauses(value, schema, path)])]
      : []),
    ...(isJsonNumber(value) ? [plain(numberCauses(value, schema, path))] : []),
    ...(Array.isArray(value) ? [list(value, schema, path, old)] : []),
    plain(enumCauses(value, schema, path)),
    ...(isMap(value) ? [map(value, schema, path, old)] : []),
  ];
  return {
    causes: parts.flatMap(({ causes }) => causes),
    matched: parts.reduce((sum, { matched }) => sum + matched + 1, 1),
  };
}

const plain = (causes: readonly StatusCause[]): Outcome => ({ causes, matched: 0 });

/** Messages name the field as validation does: root's own are without a name. */
const body = (path: FieldPath, text: string): string => `${path} in body ${text}`;

const kindOf = (value: Json): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isJsonNumber(value)) return isJsonInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const INTEGERS = ['int32', 'int64'];

function typeCauses(value: Json, schema: Schema, path: FieldPath): StatusCause[] {
  const types = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  if (types.length === 0) return [];
  const kind = kindOf(value);
  if (value === null && schema.nullable) return [];
  if (types.includes(kind) || (kind === 'integer' && types.includes('number'))) return [];
  // A format on a string stands for its type there.
  const numeric = types.includes('number') || types.includes('integer');
  if (!numeric && kind === 'string' && schema.format && isKnownFormat(schema.format)) return [];
  // Integers with a format are said to be of that type, and then Go's type is what was found.
  if (kind === 'number' && types.includes('integer') && schema.format !== undefined && INTEGERS.includes(schema.format))
    return [typeInvalid(path, 'float64', body(path, `must be of type ${schema.format}: "float64"`))];
  return [typeInvalid(path, kind, body(path, `must be of type ${types.join(',')}: ${JSON.stringify(kind)}`))];
}

function enumCauses(value: Json, schema: Schema, path: FieldPath): StatusCause[] {
  if (schema.enum === undefined || schema.enum.some((one) => deepEqual(one, value))) return [];
  const supported = schema.enum.map((one) => (typeof one === 'string' ? one : stringifyJson(one)));
  return [notSupported(path, value, supported)];
}

function stringCauses(value: string, schema: Schema, path: FieldPath): StatusCause[] {
  const { maxLength, minLength, pattern } = schema;
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) return [tooLong(path, maxLength)];
  if (minLength !== undefined && length < minLength) {
    return [invalidValue(path, value, body(path, `should be at least ${minLength} chars long`))];
  }
  if (!pattern) return [];
  const compiled = compilePattern(pattern);
  if ('fault' in compiled) {
    return [
      invalidValue(path, value, body(path, `should match '${pattern}, but pattern is invalid: ${compiled.fault}'`)),
    ];
  }
  return compiled.matches(value) ? [] : [invalidValue(path, value, body(path, `should match '${pattern}'`))];
}

function formatCauses(value: string, schema: Schema, path: FieldPath): StatusCause[] {
  const { format } = schema;
  if (!format || (schema.type !== undefined && schema.type !== 'string') || hasFormat(format, value)) return [];
  return [typeInvalid(path, value, body(path, `must be of type ${format}: ${JSON.stringify(value)}`))];
}

function numberCauses(value: number | bigint, schema: Schema, path: FieldPath): StatusCause[] {
  const causes: StatusCause[] = [];
  const fault = (text: string) => causes.push(invalidValue(path, value, body(path, text)));
  if (schema.type === 'integer' && !inRange(value, schema.format)) {
    const format = schema.format ? `with format ${schema.format}` : '(default format)';
    causes.push(invalidValue('', '', `Checked value must be of type integer ${format} in ${path}`));
  }
  // Bounds are cut to whole numbers where the value is one, as upstream compares them.
  const bound = (given: number | undefined) => (given === undefined || !isWhole(value) ? given : Math.trunc(given));
  const [multipleOf, maximum, minimum] = [bound(schema.multipleOf), bound(schema.maximum), bound(schema.minimum)];
  if (multipleOf !== undefined && multipleOf <= 0) {
    causes.push(
      invalidValue(path, multipleOf, `factor MultipleOf declared for ${path} must be positive: ${multipleOf}`),
    );
  } else if (multipleOf !== undefined) {
    if (!isMultiple(value, multipleOf)) fault(`should be a multiple of ${multipleOf}`);
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    fault(`should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    fault(`should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  return causes;
}

const isWhole = (value: number | bigint): boolean => typeof value === 'bigint' || Number.isInteger(value);

function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(of)) return value % BigInt(of) === 0n;
  return Number.isInteger(of < 1 ? (1 / of) * Number(value) : Number(value) / of);
}

function inRange(value: number | bigint, format: string | undefined): boolean {
  const limit = format === 'int32' ? 2 ** 31 : 2 ** 63;
  return isWhole(value) && value >= -limit && value < limit;
}

function list(value: Json[], schema: Schema, path: FieldPath, old: Json | undefined): Outcome {
  const { items, minItems, maxItems, uniqueItems } = schema;
  const before = correlateItems(schema, old);
  const outcomes = items ? value.map((item, at) => check(item, items, index(path, at), before(item))) : [];
  const causes = outcomes.flatMap((outcome) => outcome.causes);
  if (minItems !== undefined && value.length < minItems) {
    causes.push(invalidValue(path, value.length, body(path, `should have at least ${minItems} items`)));
  }
  if (maxItems !== undefined && value.length > maxItems) causes.push(tooMany(path, value.length, maxItems));
  if (uniqueItems && value.some((item, at) => value.slice(0, at).some((earlier) => deepEqual(earlier, item)))) {
    causes.push(invalidValue(path, '', body(path, "shouldn't contain duplicates")));
  }
  return { causes, matched: outcomes.reduce((sum, { matched }) => sum + matched, 1) };
}

/** Items of an update correspond where the list has keys; by place they do not. */
function correlateItems(schema: Schema, old: Json | undefined): (item: Json) => Json | undefined {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map' || keys === undefined) return () => undefined;
  return (item) =>
    isMap(item)
      ? old.find((one) => isMap(one) && keys.every((key) => deepEqual(getKey(one, key), getKey(item, key))))
      : undefined;
}

function map(value: JsonMap, schema: Schema, path: FieldPath, old: Json | undefined): Outcome {
  const { properties = {}, additionalProperties, required, minProperties, maxProperties } = schema;
  const causes: StatusCause[] = [];
  let matched = 0;
  const keys = Object.keys(value);
  if (minProperties !== undefined && keys.length < minProperties) {
    causes.push(invalidValue(path, keys.length, body(path, `should have at least ${minProperties} properties`)));
  }
  if (maxProperties !== undefined && keys.length > maxProperties)
    causes.push(tooMany(path, keys.length, maxProperties));
  for (const key of keys) {
    const declared = Object.hasOwn(properties, key);
    const target = declared
      ? properties[key]
      : typeof additionalProperties === 'object'
        ? additionalProperties
        : undefined;
    if (target === undefined) continue;
    const before = isMap(old) ? getKey(old, key) : undefined;
    const outcome = check(value[key] as Json, target, child(path, key), before);
    causes.push(...outcome.causes);
    matched += outcome.matched;
  }
  for (const name of required ?? []) if (!Object.hasOwn(value, name)) causes.push(requiredValue(child(path, name)));
  return { causes, matched };
}

/** Errors of combinations name the field in their text only. */
const composite = (text: string): StatusCause => invalidValue('', '', text);

function combined(value: Json, schema: Schema, path: FieldPath): Outcome {
  const { anyOf, oneOf, allOf, not } = schema;
  const causes: StatusCause[] = [];
  let matched = 0;
  const take = (outcome: Outcome | undefined): void => {
    causes.push(...(outcome?.causes ?? []));
    matched += outcome?.matched ?? 0;
  };
  const name = JSON.stringify(path);
  if (anyOf && anyOf.length > 0) {
    const outcomes = anyOf.map((one) => check(value, one, path));
    const valid = outcomes.find((outcome) => outcome.causes.length === 0);
    if (valid === undefined) causes.push(composite(`${name} must validate at least one schema (anyOf)`));
    take(valid ?? best(outcomes));
  }
  if (oneOf && oneOf.length > 0) {
    const outcomes = oneOf.map((one) => check(value, one, path));
    const valid = outcomes.filter((outcome) => outcome.causes.length === 0);
    if (valid.length === 1) take(valid[0]);
    else {
      const why = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`;
      causes.push(composite(`${name} must validate one and only one schema (oneOf). ${why}`));
      if (valid.length === 0) take(best(outcomes));
    }
  }
  if (allOf && allOf.length > 0) {
    const outcomes = allOf.map((one) => check(value, one, path));
    for (const outcome of outcomes) take(outcome);
    const valid = outcomes.filter((outcome) => outcome.causes.length === 0).length;
    if (valid < outcomes.length) {
      causes.push(composite(`${name} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
    }
  }
  if (not && check(value, not, path).causes.length === 0) {
    causes.push(composite(`${name} must not validate the schema (not)`));
  }
  return { causes, matched };
}

/** The failure that got furthest. */
const best = (outcomes: readonly Outcome[]): Outcome =>
  outcomes.reduce((one, other) => (other.matched > one.matched ? other : one));
