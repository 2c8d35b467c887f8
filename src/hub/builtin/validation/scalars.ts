/** Checks of single values, with upstream's texts (apimachinery util/validation, api/validation). */
import { type FieldPath, invalidValue, notSupported, requiredValue } from '../../../kube/field-error.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../../../kube/label-syntax.ts';
import type { StatusCause } from '../../../kube/status.ts';

export type Causes = readonly StatusCause[];

const texts =
  (errors: (value: string) => readonly string[]) =>
  (value: string, path: FieldPath): Causes =>
    errors(value).map((text) => invalidValue(path, value, text));

export const dnsLabel = texts(dnsLabelErrors);
export const dnsSubdomain = texts(dnsSubdomainErrors);

export const nonNegative = (value: number | undefined, path: FieldPath): Causes =>
  value !== undefined && value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];

export const portNumber = (value: number, path: FieldPath): Causes =>
  value >= 1 && value <= 65535 ? [] : [invalidValue(path, value, 'must be between 1 and 65535, inclusive')];

function portNameErrors(name: string): string[] {
  return [
    ...(name.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(/^[-a-z0-9]*$/.test(name) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
    ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(name.startsWith('-') || name.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
  ];
}
export const portName = texts(portNameErrors);

export const portOrName = (value: number | string | undefined, path: FieldPath): Causes =>
  typeof value === 'string' ? portName(value, path) : portNumber(value ?? 0, path);

/** `required` causes where the text is missing or empty. */
export const present = (value: string | undefined, path: FieldPath, detail = ''): Causes =>
  value ? [] : [requiredValue(path, detail)];

/** `supported` in upstream's order; an empty value is missing. */
export function oneOf(value: string | undefined, supported: readonly string[], path: FieldPath): Causes {
  if (!value) return [requiredValue(path)];
  return supported.includes(value) ? [] : [notSupported(path, value, supported)];
}

const CONFIG_KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function configKeyErrors(key: string): string[] {
  const errors = key.length > 253 ? ['must be no more than 253 bytes'] : [];
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) errors.push(CONFIG_KEY);
  if (key === '.') errors.push("must not be '.'");
  else if (key === '..') errors.push("must not be '..'");
  else if (key.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}
export const configKey = texts(configKeyErrors);

function environmentNameErrors(name: string): string[] {
  const printable = /^[\x20-\x3c\x3e-\x7e]*$/.test(name);
  return printable
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}
export const environmentName = texts(environmentNameErrors);

const pathSegmentErrors = (name: string): string[] =>
  name === '.' || name === '..'
    ? [`may not be '${name}'`]
    : ['/', '%'].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
export const pathSegment = texts(pathSegmentErrors);

/**
 * A cause whose value is one of upstream's internal structures: printed with Go's field names in the order of the
 * fields, as given here.
 */
export const structureCause = (
  reason: 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueDuplicate',
  field: FieldPath,
  value: object,
  detail = '',
): StatusCause => ({
  reason,
  field,
  message: `${STRUCTURE_TEXTS[reason]}: ${JSON.stringify(value)}${detail === '' ? '' : `: ${detail}`}`,
});
const STRUCTURE_TEXTS = {
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
} as const;

export type IntOrString = number | string;

const PERCENT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

export const countOrPercent = (value: IntOrString, path: FieldPath): Causes =>
  typeof value === 'number'
    ? nonNegative(value, path)
    : /^[0-9]+%$/.test(value)
      ? []
      : [invalidValue(path, value, PERCENT)];

export const atMostAll = (value: IntOrString, path: FieldPath): Causes =>
  typeof value === 'string' && /^[0-9]+%$/.test(value) && Number.parseInt(value, 10) > 100
    ? [invalidValue(path, value, 'must not be greater than 100%')]
    : [];

/** The number of a count or percentage, whatever its unit. */
export const amountOf = (value: IntOrString): number =>
  typeof value === 'number' ? value : Number.parseInt(value, 10) || 0;
