/** Label and field selectors (apimachinery `labels/selector.go`, `fields/selector.go`). Malformed text is 400 with upstream's wording. */
import { type FieldPath, invalidValue, joinCauses, notSupported } from './field-error.ts';
import { labelKeyErrors, labelValueErrors } from './label-syntax.ts';
import { badRequest, type StatusCause } from './status.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, unique. */
  readonly values: readonly string[];
}

/** All must hold; none: everything matches. Sorted by key. */
export type LabelRequirements = readonly LabelRequirement[];

const BINARY: readonly LabelOperator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const OPERATORS: readonly LabelOperator[] = [...BINARY, 'exists', '!'];

/** Takes `a=b,c in (d,e),!f,g>1`. Throws ApiError 400. */
export function parseLabelSelector(text: string): LabelRequirements {
  return text.trim() === '' ? [] : sortByKey(new LabelParser(text).parse());
}

/** True when `labels` satisfy every requirement. */
export const matchesLabels = (
  requirements: LabelRequirements,
  labels: Readonly<Record<string, string>> | undefined,
): boolean => requirements.every((requirement) => matchesRequirement(requirement, labels));

export function matchesRequirement(
  { key, operator, values }: LabelRequirement,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    default: {
      const actual = value === undefined ? undefined : parseInt64(value);
      const bound = parseInt64(values[0] ?? '');
      if (actual === undefined || bound === undefined) return false;
      return operator === 'gt' ? actual > bound : actual < bound;
    }
  }
}

export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const OBJECT_OPERATORS: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

/** Takes a meta/v1 LabelSelector; an empty one selects everything. (That an absent one selects nothing is the caller's to know.) */
export function fromLabelSelector(selector: LabelSelectorObject): LabelRequirements {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = OBJECT_OPERATORS.get(operator);
    if (known === undefined) throw badRequest(`"${operator}" is not a valid label selector operator`);
    return requirement(key, known, values ?? []);
  });
  return sortByKey([...equal, ...expressions]);
}

const SYMBOLS: Readonly<Record<string, string>> = { gt: '>', lt: '<', in: ' in ', notin: ' notin ' };

/** Text that `parseLabelSelector` reads back as the same requirements. */
export const formatLabelSelector = (requirements: LabelRequirements): string =>
  requirements
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      const list = values.join(',');
      return `${key}${SYMBOLS[operator] ?? operator}${operator.endsWith('in') ? `(${list})` : list}`;
    })
    .join(',');

const sortByKey = (requirements: LabelRequirement[]): LabelRequirements =>
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

/** Throws ApiError 400 with every fault (labels.NewRequirement). */
function requirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const causes = [...keyErrors(key, 'key'), ...countErrors(operator, values), ...valueErrors(key, values)];
  if (causes.length > 0) throw badRequest(joinCauses(causes));
  return { key, operator, values: [...new Set(values)].sort() };
}

function keyErrors(key: string, path: FieldPath): StatusCause[] {
  const errors = labelKeyErrors(key);
  return errors.length === 0 ? [] : [invalidValue(path, key, errors.join('; '))];
}

const valueErrors = (key: string, values: readonly string[]): StatusCause[] =>
  values.flatMap((value, at) => {
    const errors = labelValueErrors(value);
    return errors.length === 0 ? [] : [invalidValue(`values[${at}][${key}]`, value, errors.join('; '))];
  });

function countErrors(operator: LabelOperator, values: readonly string[]): StatusCause[] {
  const fault = (detail: string): StatusCause[] => [invalidValue('values', values, detail)];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? fault("for 'in', 'notin' operators, values set can't be empty") : [];
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : fault('exact-match compatibility requires one single value');
    case 'exists':
    case '!':
      return values.length === 0 ? [] : fault('values set must be empty for exists and does not exist');
    case 'gt':
    case 'lt':
      return [
        ...(values.length === 1 ? [] : fault("for 'Gt', 'Lt' operators, exactly one value is required")),
        ...values.flatMap((value, at) =>
          parseInt64(value) === undefined
            ? [invalidValue(`values[${at}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")]
            : [],
        ),
      ];
    default:
      return [notSupported('operator', operator, OPERATORS)];
  }
}

function parseInt64(text: string): bigint | undefined {
  if (!/^[-+]?[0-9]{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

interface Token {
  readonly kind: 'identifier' | 'keyword' | 'symbol' | 'end' | 'error';
  readonly text: string;
}

const SYMBOL_TOKENS = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
const SPECIAL = /[=!(),><]/;
const END: Token = { kind: 'end', text: '' };

function* tokens(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const char = text[at] as string;
    if (/[ \t\r\n]/.test(char)) at++;
    else if (SPECIAL.test(char)) {
      // Longest known symbol first; every single special character is one.
      const two = text.slice(at, at + 2);
      const symbol = SYMBOL_TOKENS.has(two) ? two : char;
      at += symbol.length;
      yield { kind: 'symbol', text: symbol };
    } else {
      const word = /^[^=!(),>< \t\r\n]+/.exec(text.slice(at))?.[0] as string;
      at += word.length;
      yield { kind: word === 'in' || word === 'notin' ? 'keyword' : 'identifier', text: word };
    }
  }
  yield END;
}

const fail = (found: string, expected: string, comma = ','): never => {
  throw badRequest(`found '${found}'${comma} expected: ${expected}`);
};

/** Recursive descent over the grammar in labels.Parse; `in` and `notin` are names everywhere but where an operator stands. */
class LabelParser {
  private readonly tokens: Token[];
  private position = 0;

  constructor(text: string) {
    this.tokens = [...tokens(text)];
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const start = this.peek();
      if (start.kind === 'end') return requirements;
      if (!isName(start) && start.text !== '!') fail(start.text, "!, identifier, or 'end of string'");
      requirements.push(this.requirement());
      const separator = this.next();
      if (separator.kind === 'end') return requirements;
      if (!isSymbol(separator, ',')) fail(separator.text, "',' or 'end of string'");
      const following = this.peek();
      if (!isName(following) && !isSymbol(following, '!')) fail(following.text, "identifier after ','");
    }
  }

  private requirement(): LabelRequirement {
    try {
      return this.parseRequirement();
    } catch (error) {
      throw badRequest(`unable to parse requirement: ${(error as Error).message}`);
    }
  }

  private parseRequirement(): LabelRequirement {
    let key = this.next();
    const negated = isSymbol(key, '!');
    if (negated) key = this.next();
    if (!isName(key)) fail(key.text, 'identifier');
    const faults = keyErrors(key.text, '');
    if (faults.length > 0) throw badRequest(joinCauses(faults));
    const bare = this.peek().kind === 'end' || isSymbol(this.peek(), ',');
    if (negated) return requirement(key.text, '!', []);
    if (bare) return requirement(key.text, 'exists', []);
    const operator = this.operator();
    return requirement(key.text, operator, operator === 'in' || operator === 'notin' ? this.set() : this.exact());
  }

  private operator(): LabelOperator {
    const { kind, text } = this.next();
    if (kind === 'keyword') return text as 'in' | 'notin';
    if (text === '>') return 'gt';
    if (text === '<') return 'lt';
    if (kind === 'symbol' && BINARY.includes(text as LabelOperator)) return text as LabelOperator;
    return fail(text, BINARY.join(', '));
  }

  /** Parenthesized values; empty places mean ''. */
  private set(): string[] {
    const open = this.next();
    if (!isSymbol(open, '(')) fail(open.text, "'('", '');
    const first = this.peek();
    if (isSymbol(first, ')')) {
      this.next();
      return [''];
    }
    if (!isName(first) && !isSymbol(first, ',')) fail(first.text, "',', ')' or identifier");
    const values = new Set<string>();
    for (;;) {
      const token = this.next();
      const following = this.peek();
      if (isName(token)) {
        values.add(token.text);
        if (!isSymbol(following, ',') && !isSymbol(following, ')')) fail(following.text, "',' or ')'");
      } else if (isSymbol(token, ',')) {
        if (values.size === 0 || isSymbol(following, ',') || isSymbol(following, ')')) values.add('');
      } else fail(token.text, "',', or identifier");
      if (isSymbol(this.peek(), ')')) break;
    }
    this.next();
    return [...values].sort();
  }

  private exact(): string[] {
    const following = this.peek();
    if (following.kind === 'end' || isSymbol(following, ',')) return [''];
    const token = this.next();
    return isName(token) ? [token.text] : fail(token.text, 'identifier');
  }

  private peek(): Token {
    return this.tokens[this.position] ?? END;
  }

  private next(): Token {
    const token = this.peek();
    this.position++;
    return token;
  }
}

const isName = (token: Token): boolean => token.kind === 'identifier' || token.kind === 'keyword';
const isSymbol = (token: Token, text: string): boolean => token.kind === 'symbol' && token.text === text;

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** All must hold; none: everything matches. */
export type FieldRequirements = readonly FieldRequirement[];

/** Takes `metadata.name=x,status.phase!=Running`; `\`, `,` and `=` in values are escaped by `\`. Throws ApiError 400. */
export function parseFieldSelector(text: string): FieldRequirements {
  return splitTerms(text)
    .sort()
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field, operator, value] = match as unknown as [string, string, string, string];
      return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
    });
}

/** `getField` answers a field's value as text, undefined where the object has none (compares as ''). */
export const matchesFields = (selector: FieldRequirements, getField: (field: string) => string | undefined): boolean =>
  selector.every(({ field, operator, value }) => ((getField(field) ?? '') === value) === (operator === '='));

export const formatFieldSelector = (selector: FieldRequirements): string =>
  selector.map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`).join(',');

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function unescapeValue(value: string): string {
  let plain = '';
  const characters = [...value];
  for (let at = 0; at < characters.length; at++) {
    const char = characters[at] as string;
    if (char === '\\') {
      const escaped = characters[++at];
      if (escaped === undefined || !'\\,='.includes(escaped)) {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped ?? ''}`);
      }
      plain += escaped;
    } else if (char === ',' || char === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${char.codePointAt(0)}`);
    } else plain += char;
  }
  return plain;
}
