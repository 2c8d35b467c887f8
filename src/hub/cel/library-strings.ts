/** Strings: `charAt`, `replace`, `format`, `find`, … (cel-go `ext/strings`, apiserver `cel/library/regex.go`). */
import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { goQuote } from '../../kube/field-error.ts';
import { compilePattern } from '../schema/patterns.ts';

class StringsNamespace {}

/** Name under which `matches` is called once an expression is parsed: cel-js' own cannot be replaced. */
export const MATCHES = 're2Matches';

export function registerStrings(env: Environment): void {
  env.registerFunction(`string.${MATCHES}(string): bool`, matches);
  env.registerFunction('matches(string, string): bool', matches);
  env.registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '',
  );
  env.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
    findAll(text, pattern, -1),
  );
  env.registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
    findAll(text, pattern, Number(limit)),
  );
  env.registerFunction('string.charAt(int): string', (text: string, at: bigint) => {
    const characters = [...text];
    if (at < 0n || at > BigInt(characters.length)) throw new Error(`index out of range: ${at}`);
    return characters[Number(at)] ?? '';
  });
  env.registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    replace(text, from, to, -1),
  );
  env.registerFunction(
    'string.replace(string, string, int): string',
    (text: string, from: string, to: string, limit: bigint) => replace(text, from, to, Number(limit)),
  );
  env.registerFunction('string.reverse(): string', (text: string) => [...text].reverse().join(''));
  env.registerFunction('string.format(list): string', (text: string, values: readonly unknown[]) =>
    format(text, [...values]),
  );
  env.registerType('StringsNamespace', StringsNamespace);
  env.registerConstant('strings', 'StringsNamespace', new StringsNamespace());
  env.registerFunction('StringsNamespace.quote(string): string', (_: unknown, text: string) => goQuote(text));
}

function matches(text: string, source: string): boolean {
  const pattern = compilePattern(source);
  if ('fault' in pattern) throw new Error(pattern.fault);
  return pattern.matches(text);
}

function findAll(text: string, source: string, limit: number): string[] {
  const matcher = RE2JS.compile(source).matcher(text);
  const found: string[] = [];
  while (found.length !== limit && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}

/** Longest text that an expression may build. */
const MAX_TEXT = 1_000_000;

function replace(text: string, from: string, to: string, limit: number): string {
  const parts = text.split(from);
  if (parts.length * to.length + text.length > MAX_TEXT) throw new Error('replace: result too long');
  if (limit < 0 || parts.length - 1 <= limit) return parts.join(to);
  return [parts.slice(0, limit + 1).join(to), ...parts.slice(limit + 1)].join(from);
}

/** `%s`, `%d`, `%f`, `%e`, `%b`, `%x`, `%X`, `%o`, with a precision where it applies. */
function format(text: string, values: unknown[]): string {
  let at = 0;
  return text.replace(/%(?:\.(\d{1,2}))?([sdfebxXo%])/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (at >= values.length) throw new Error(`index ${at} out of range`);
    return formatOne(values[at++], verb, precision === undefined ? 6 : Number(precision));
  });
}

function formatOne(value: unknown, verb: string, precision: number): string {
  switch (verb) {
    case 's':
      return show(value);
    case 'f':
      return Number(value).toFixed(precision);
    case 'e':
      return Number(value)
        .toExponential(precision)
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'd':
      if (typeof value !== 'bigint' && typeof value !== 'number')
        throw new Error('decimal clause can only be used on integers');
      return String(value);
    default: {
      if (typeof value === 'boolean' && verb === 'b') return value ? '1' : '0';
      if (typeof value === 'string' && verb !== 'b' && verb !== 'o') {
        const hex = Buffer.from(value).toString('hex');
        return verb === 'X' ? hex.toUpperCase() : hex;
      }
      if (typeof value !== 'bigint') throw new Error(`%${verb} can only be used on integers`);
      const digits = value.toString({ b: 2, o: 8, x: 16, X: 16 }[verb]);
      return verb === 'X' ? digits.toUpperCase() : digits;
    }
  }
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${show(key)}: ${show(item)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  return String(value);
}
