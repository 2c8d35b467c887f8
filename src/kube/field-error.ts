/**
 * Validation errors of single fields, as apimachinery's `util/validation/field` words them. A cause's message is the
 * error's body without the path; `invalid()` in status.ts joins them.
 */
import { stringifyJson } from './exact-json.ts';
import type { StatusCause } from './status.ts';

/** `spec.containers[0].image`; '' is the root. */
export type FieldPath = string;

export const child = (path: FieldPath, name: string): FieldPath => (path === '' ? name : `${path}.${name}`);
export const index = (path: FieldPath, subscript: number | string): FieldPath => `${path}[${subscript}]`;

/** Path of the object itself where upstream has none. */
const ROOT = '<nil>';

const cause = (reason: string, field: FieldPath, message: string): StatusCause => ({
  reason,
  message,
  field: field === '' ? ROOT : field,
});

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

export const invalidValue = (field: FieldPath, value: unknown, detail: string): StatusCause =>
  cause('FieldValueInvalid', field, withDetail(`Invalid value: ${formatValue(value)}`, detail));
export const typeInvalid = (field: FieldPath, value: unknown, detail: string): StatusCause =>
  cause('FieldValueTypeInvalid', field, withDetail(`Invalid value: ${formatValue(value)}`, detail));
export const requiredValue = (field: FieldPath, detail = ''): StatusCause =>
  cause('FieldValueRequired', field, withDetail('Required value', detail));
export const duplicateValue = (field: FieldPath, value: unknown): StatusCause =>
  cause('FieldValueDuplicate', field, `Duplicate value: ${formatValue(value)}`);
export const forbiddenField = (field: FieldPath, detail: string): StatusCause =>
  cause('FieldValueForbidden', field, withDetail('Forbidden', detail));
export const notFoundValue = (field: FieldPath, value: unknown): StatusCause =>
  cause('FieldValueNotFound', field, `Not found: ${formatValue(value)}`);
/** `supported` in the order in which upstream lists them (sorted where it is a set). */
export const notSupported = (field: FieldPath, value: unknown, supported: readonly string[]): StatusCause =>
  cause(
    'FieldValueNotSupported',
    field,
    withDetail(
      `Unsupported value: ${formatValue(value)}`,
      supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`,
    ),
  );
export const tooLong = (field: FieldPath, maxBytes: number): StatusCause =>
  cause('FieldValueTooLong', field, `Too long: may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`);
export const tooMany = (field: FieldPath, actual: number, max: number): StatusCause =>
  cause('FieldValueTooMany', field, `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`);
export const internalFieldError = (field: FieldPath, detail: string): StatusCause =>
  cause('InternalError', field, `Internal error: ${detail}`);

/** A value as field errors print it: scalars plain, strings quoted, all else as Go's JSON (keys sorted, `<>&` escaped). */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number') return goNumber(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return goJson(value);
}

/** Go's `%v`: floats, which is what does not fit an integer, have an exponent of two digits from a million on. */
function goNumber(value: number): string {
  const [digits, exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (Number.isSafeInteger(value) || (power >= -4 && power < 6)) return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** `encoding/json`'s text of a value. */
export const goJson = (value: unknown): string =>
  stringifyJson(sortKeys(value) ?? null).replace(/[<>&\u2028\u2029]/g, escapeUnit);

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sortKeys((value as Record<string, unknown>)[key])]));
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/** Go's `%q`. */
export const goQuote = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped.
  `"${text.replace(/["\\\u0000-\u001f\u007f-\u00a0\u00ad\u2028\u2029\ufeff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return NAMED_ESCAPES[unit] ?? (code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : escapeUnit(unit));
  })}"`;

/** Several errors as one text (`ErrorList.ToAggregate().Error()`): alone, or in brackets. */
export function joinCauses(causes: readonly StatusCause[]): string {
  const texts = [...new Set(causes.map((one) => `${one.field ?? ROOT}: ${one.message ?? ''}`))];
  return texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`;
}
