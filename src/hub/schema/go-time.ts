/** metav1.Time and MicroTime: RFC 3339 in, UTC out. */
import { goQuote } from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';

const LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Throws Error with Go's parse error. `digits` of fraction are written: 0 or 6. */
export function canonicalTime(value: Json, digits: 0 | 6): Json {
  const layout = digits === 0 ? LAYOUT : MICRO_LAYOUT;
  if (typeof value !== 'string') {
    const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new Error(`json: cannot unmarshal ${found} into Go value of type string`);
  }
  const match = RFC3339.exec(value);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${value.slice(0, 19)}${match[8]}`);
  if (match === null || Number.isNaN(milliseconds) || (digits === 6 && match[7]?.length !== 6)) {
    throw new Error(`parsing time ${goQuote(value)} as ${goQuote(layout)}: ${fault(value, digits)}`);
  }
  const seconds = new Date(milliseconds).toISOString().slice(0, 19);
  return digits === 0 ? `${seconds}Z` : `${seconds}.${match[7]}Z`;
}

const PARTS = ['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05'];

/** Go names the first part of the layout that the text does not follow. */
function fault(text: string, digits: 0 | 6): string {
  let rest = text;
  for (const part of PARTS) {
    const width = part.length;
    const fits = /^\d/.test(part) ? new RegExp(`^\\d{${width}}`).test(rest) : rest.startsWith(part);
    if (!fits) return `cannot parse ${goQuote(rest)} as ${goQuote(part)}`;
    rest = rest.slice(width);
  }
  if (digits === 6 && !/^\.\d{6}/.test(rest)) return `cannot parse ${goQuote(rest)} as ".000000"`;
  rest = digits === 6 ? rest.slice(7) : rest.replace(/^[.,]\d+/, '');
  if (!/^(Z|[+-]\d\d:\d\d)/.test(rest)) return `cannot parse ${goQuote(rest)} as "Z07:00"`;
  return rest.length > 1 && rest.startsWith('Z') ? `extra text: ${goQuote(rest.slice(1))}` : 'value out of range';
}
