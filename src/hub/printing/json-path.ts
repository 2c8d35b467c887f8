/**
 * The JSONPath of printer columns, as kubectl evaluates it (client-go util/jsonpath): fields, subscripts, slices,
 * unions, wildcards, recursive descent and filters. Missing keys give no result instead of an error.
 */
import type { Json } from '../../kube/object.ts';

type Step =
  | { readonly step: 'field'; readonly names: readonly string[] }
  | { readonly step: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number }
  | { readonly step: 'indexes'; readonly indexes: readonly number[] }
  | { readonly step: 'wildcard' }
  | { readonly step: 'recursive' }
  | { readonly step: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand | undefined };

type Operand = { readonly path: readonly Step[] } | { readonly literal: Json };

export type JsonPath = readonly Step[];

/** Takes a path without braces, e.g. `.status.conditions[?(@.type=="Ready")].status`. Throws SyntaxError. */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let rest = text.trim().replace(/^[$@]/, '');
  while (rest !== '') {
    const [step, length] = nextStep(rest, text);
    steps.push(...step);
    rest = rest.slice(length);
  }
  return steps;
}

/** Every value that the path finds, in order; empty where keys are missing or types do not fit. */
export const findAll = (path: JsonPath, value: Json): readonly Json[] =>
  path.reduce<readonly Json[]>((values, step) => values.flatMap((one) => apply(step, one)), [value]);

const FIELD = /^\.((?:\\.|[^.[\]\\\s])+)/;

function nextStep(rest: string, whole: string): [steps: readonly Step[], length: number] {
  if (rest.startsWith('..')) return [[{ step: 'recursive' }], rest[2] === '[' ? 2 : 1];
  const field = FIELD.exec(rest);
  if (field) {
    const name = (field[1] as string).replace(/\\(.)/g, '$1');
    return [[name === '*' ? { step: 'wildcard' } : { step: 'field', names: [name] }], field[0].length];
  }
  if (rest === '.') return [[], 1];
  if (!rest.startsWith('[')) throw new SyntaxError(`unrecognized character in JSONPath "${whole}": ${rest}`);
  const end = closingBracket(rest);
  if (end < 0) throw new SyntaxError(`unterminated array in JSONPath "${whole}"`);
  return [[subscript(rest.slice(1, end).trim(), whole)], end + 1];
}

/** Position of the bracket that closes the first one, past quotes and nested brackets. */
function closingBracket(text: string): number {
  let depth = 0;
  let quote = '';
  for (let position = 0; position < text.length; position++) {
    const character = text[position] as string;
    if (quote !== '') {
      if (character === '\\') position++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '[') depth++;
    else if (character === ']' && --depth === 0) return position;
  }
  return -1;
}

const QUOTED = /^(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")$/;

function subscript(inner: string, whole: string): Step {
  if (inner === '*') return { step: 'wildcard' };
  const filter = /^\?\((.*)\)$/s.exec(inner);
  if (filter) return parseFilter((filter[1] as string).trim(), whole);
  const slice = /^(-?\d+)?:(-?\d+)?(?::(-?\d+)?)?$/.exec(inner);
  if (slice) return { step: 'slice', from: numberOf(slice[1]), to: numberOf(slice[2]), by: numberOf(slice[3]) ?? 1 };
  const parts = inner.split(',').map((part) => part.trim());
  if (parts.every((part) => /^-?\d+$/.test(part))) return { step: 'indexes', indexes: parts.map(Number) };
  if (parts.every((part) => QUOTED.test(part))) return { step: 'field', names: parts.map(unquote) };
  throw new SyntaxError(`invalid array index ${inner} in JSONPath "${whole}"`);
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
const unquote = (text: string): string => text.slice(1, -1).replace(/\\(.)/g, '$1');

function parseFilter(text: string, whole: string): Step {
  const match = /^(.*?)(==|!=|<=|>=|<|>)(.*)$/s.exec(text);
  if (!match) return { step: 'filter', left: operand(text, whole), operator: 'exists', right: undefined };
  const [, left = '', operator = '', right = ''] = match;
  return { step: 'filter', left: operand(left.trim(), whole), operator, right: operand(right.trim(), whole) };
}

function operand(text: string, whole: string): Operand {
  if (/^[@$.[]/.test(text)) return { path: parseJsonPath(text) };
  if (QUOTED.test(text)) return { literal: unquote(text) };
  if (text === 'true' || text === 'false') return { literal: text === 'true' };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { literal: Number(text) };
  throw new SyntaxError(`invalid filter operand ${text} in JSONPath "${whole}"`);
}

const isObject = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function apply(step: Step, value: Json): readonly Json[] {
  switch (step.step) {
    case 'field':
      return isObject(value)
        ? step.names.flatMap((name) => (Object.hasOwn(value, name) ? [value[name] as Json] : []))
        : [];
    case 'wildcard':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    case 'recursive':
      return descend(value);
    case 'indexes':
      return Array.isArray(value) ? step.indexes.flatMap((index) => elementAt(value, index)) : [];
    case 'slice':
      return Array.isArray(value) ? sliceOf(value, step.from, step.to, step.by) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : [];
  }
}

function elementAt(list: readonly Json[], index: number): readonly Json[] {
  const found = list.at(index);
  return found === undefined ? [] : [found];
}

function sliceOf(list: readonly Json[], from: number | undefined, to: number | undefined, by: number): readonly Json[] {
  const picked = list.slice(from ?? 0, to ?? list.length);
  return by > 1 ? picked.filter((_, index) => index % by === 0) : picked;
}

const descend = (value: Json): readonly Json[] => [
  value,
  ...(Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []).flatMap(descend),
];

function passes(filter: Extract<Step, { step: 'filter' }>, item: Json): boolean {
  const lefts = valuesOf(filter.left, item);
  if (filter.operator === 'exists') return lefts.length > 0;
  const rights = filter.right ? valuesOf(filter.right, item) : [];
  if (lefts.length !== 1 || rights.length !== 1) return false;
  return compare(lefts[0] as Json, filter.operator, rights[0] as Json);
}

const valuesOf = (side: Operand, item: Json): readonly Json[] =>
  'literal' in side ? [side.literal] : findAll(side.path, item);

function compare(left: Json, operator: string, right: Json): boolean {
  if (typeof left !== typeof right) return false;
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (typeof left !== 'number' && typeof left !== 'string') return false;
  const [a, b] = [left, right as number | string];
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
}
