/** A request's JSON or YAML body as a value, with upstream's refusals of what is neither. Protobuf is src/hub/encoding's. */
import { LineCounter, parseAllDocuments, type Tags, visit } from 'yaml';
import { parseJson, toJsonInteger } from '../../kube/exact-json.ts';
import type { Json } from '../../kube/object.ts';
import { type ApiError, badRequest, tooLarge } from '../../kube/status.ts';
import { goTypeOf } from '../patch/json-value.ts';
import { YAML_FAULTS } from './field-validation.ts';
import { duplicateKeys, MAX_DEPTH, tooDeepBracket } from './json-scan.ts';

/** Upstream's `--max-request-bytes` for JSON and YAML bodies. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

export interface DecodedBody {
  readonly value: Json;
  /** Strict decoding errors: `duplicate field "spec.x"`, or the YAML parser's. Empty unless asked for. */
  readonly duplicates: readonly string[];
}

export interface DecodeOptions {
  /** Kind that the endpoint takes, for messages. */
  readonly kind?: string;
  /** The body must say its kind: nothing else tells what a custom resource's is. */
  readonly needsKind?: boolean;
  /** Faults are told without what the body should have been (options of a delete). */
  readonly bare?: boolean;
  /** Look for repeated keys (field validation Warn and Strict). Default false. */
  readonly strict?: boolean;
}

export type BodyFormat = 'json' | 'yaml';

/** JSON where the type is absent; undefined for what this module does not decode. */
export function bodyFormat(contentType: string | undefined): BodyFormat | undefined {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === '' || type === '*/*' || type === 'application/json' || type.endsWith('+json')) return 'json';
  return type === 'application/yaml' || type.endsWith('+yaml') ? 'yaml' : undefined;
}

/** Throws ApiError 400 on malformed text, 413 above the limit. */
export function decodeBody(body: Uint8Array, format: BodyFormat, options: DecodeOptions = {}): DecodedBody {
  if (body.byteLength > MAX_BODY_BYTES) {
    throw tooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`);
  }
  const text = format === 'json' ? LENIENT_UTF8.decode(body) : decodeText(body, options);
  // Apply patches come as YAML by name but mostly are JSON, which is parsed a hundred times faster.
  if (format === 'yaml' && !text.trimStart().startsWith('{')) return decodeYaml(text, body, options);
  return decodeJson(text, body, options, format);
}

/** A byte order mark is a character like any other: no JSON begins with one. */
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** encoding/json reads what is no UTF-8 as U+FFFD. */
const LENIENT_UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

function decodeText(body: Uint8Array, options: DecodeOptions): string {
  try {
    return STRICT_UTF8.decode(body);
  } catch {
    throw unrecognized('yaml: invalid leading UTF-8 octet', body, options);
  }
}

function decodeJson(text: string, body: Uint8Array, options: DecodeOptions, format: BodyFormat): DecodedBody {
  const bracket = tooDeepBracket(text);
  if (bracket !== undefined)
    throw unrecognized(
      `couldn't get version/kind; json parse error: invalid character '${bracket}' exceeded max depth`,
      body,
      options,
    );
  let value: Json;
  try {
    value = parseJson(text);
  } catch (error) {
    if (format === 'yaml') return decodeYaml(text, body, options);
    throw unrecognized(`couldn't get version/kind; json parse error: ${goSyntaxError(text, error)}`, body, options);
  }
  const repeated = options.strict ? duplicateKeys(text) : [];
  // What is called YAML is told of in its parser's words.
  if (repeated.length > 0 && format === 'yaml') return decodeYaml(text, body, options);
  return { value, duplicates: repeated.map((path) => `duplicate field ${JSON.stringify(path)}`) };
}

/**
 * Upstream reads apiVersion and kind before anything else. Takes a create's or update's decoded body; answers it, an empty
 * object for null. Throws ApiError 400 where the two cannot be read.
 */
export function withTypeMeta(value: Json, body: Uint8Array, options: DecodeOptions): Json {
  const fault = value === null ? undefined : typeMetaFault(value);
  if (fault !== undefined)
    throw unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${fault}`, body, options);
  const { kind } = (value ?? {}) as { kind?: Json };
  if (options.needsKind === true && (kind ?? '') === '')
    throw unrecognized(`Object 'Kind' is missing in '${Buffer.from(body).toString()}'`, body, options);
  if (value === null) return {};
  const { apiVersion = '' } = value as { apiVersion?: string };
  if (apiVersion.split('/').length > 2)
    throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`, body, options);
  return value;
}

function typeMetaFault(value: Json): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${goTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  for (const field of ['apiVersion', 'kind']) {
    const text = Object.hasOwn(value, field) ? value[field] : undefined;
    if (text !== undefined && text !== null && typeof text !== 'string')
      return `${goTypeOf(text)} into Go struct field .${field} of type string`;
  }
  return undefined;
}

/** As upstream reports a body that it cannot read at all. */
export function unrecognized(reason: string, body: Uint8Array, { kind, bare }: DecodeOptions): ApiError {
  if (bare === true) return badRequest(reason);
  return badRequest(
    kind === undefined
      ? `error decoding patch: ${reason}`
      : `the object provided is unrecognized (must be of type ${kind}): ${reason} (${summarize(body)})`,
  );
}

function summarize(body: Uint8Array): string {
  if (body.byteLength === 0) return '<empty>';
  const start = Buffer.from(body.buffer, body.byteOffset, Math.min(30, body.byteLength));
  const text = body[0] === 0x7b ? start.toString('utf8') : start.toString('hex');
  return body.byteLength > 30 ? `${text} ...` : text;
}

/** What V8 expected, in Go's words. */
const EXPECTATIONS: readonly (readonly [RegExp, string])[] = [
  [/':'/, 'after object key'],
  [/property name|double-quoted/, 'looking for beginning of object key string'],
  [/',' or '}'/, 'after object key:value pair'],
  [/',' or ']'/, 'after array element'],
  [/[Cc]ontrol character/, 'in string literal'],
  [/escape/, 'in string escape code'],
  [/non-whitespace/, 'after top-level value'],
];

function goSyntaxError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(message)?.[1];
  const token = /Unexpected token '?(.)'?/su.exec(message)?.[1];
  if (position === undefined && token === undefined) return 'unexpected end of JSON input';
  const char = position === undefined ? (token as string) : text[Number(position)];
  if (char === undefined) return 'unexpected end of JSON input';
  const quoted = goQuote(char);
  // V8 gives no position for a text that is no JSON from its first word.
  const literal = literalAt(position === undefined ? beforeToken(text, char) : text.slice(0, Number(position)));
  if (literal !== undefined) return `invalid character ${quoted} in literal ${literal}`;
  const where = EXPECTATIONS.find(([pattern]) => pattern.test(message))?.[1] ?? 'looking for beginning of value';
  return `invalid character ${quoted} ${where}`;
}

/** encoding/json's quoteChar. */
const goQuote = (char: string): string => {
  // A Go server looks at bytes, and shows the first one of a character as Latin-1.
  const [byte = 0] = Buffer.from(char);
  if (byte >= 0x80) return `'${String.fromCharCode(byte)}'`;
  if (char === "'") return "'\\''";
  if (char === '"') return `'"'`;
  return `'${JSON.stringify(char)
    .slice(1, -1)
    .replace(/^\\u00/, '\\x')}'`;
};

const beforeToken = (text: string, token: string): string => text.slice(0, Math.max(0, text.indexOf(token)));

/** `null (expecting 'u')` where the text ends within a literal. */
function literalAt(before: string): string | undefined {
  const begun = /(?<![A-Za-z0-9_"])[a-z]+$/.exec(before)?.[0] ?? '';
  const literal = begun === '' ? undefined : ['null', 'true', 'false'].find((word) => word.startsWith(begun));
  return literal === undefined || literal === begun ? undefined : `${literal} (expecting '${literal[begun.length]}')`;
}

/** go-yaml reads YAML 1.1 (`yes`, `0o17`, `<<`), but no sexagesimals and dates, sets and binaries as text. */
const UNREAD_TAGS = ['timestamp', 'binary', 'omap', 'pairs', 'set'];
const withoutExotics = (tags: Tags): Tags =>
  tags.filter(
    (tag) =>
      typeof tag !== 'object' ||
      !(('format' in tag && tag.format === 'TIME') || UNREAD_TAGS.some((name) => tag.tag.endsWith(`:${name}`))),
  );

function decodeYaml(text: string, body: Uint8Array, options: DecodeOptions): DecodedBody {
  const lines = new LineCounter();
  const [document] = parseAllDocuments(text, {
    version: '1.1',
    schema: 'yaml-1.1',
    customTags: withoutExotics,
    uniqueKeys: false,
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    intAsBigInt: true,
    logLevel: 'silent',
  });
  if (document === undefined || !('toJS' in document)) return { value: null, duplicates: [] };
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw unrecognized(`yaml: line ${lines.linePos(fault.pos[0]).line}: ${fault.message}`, body, options);
  }
  const duplicates: string[] = [];
  let tooDeep = false;
  visit(document, {
    Collection: (_key, _node, path) => {
      if (path.length <= 2 * MAX_DEPTH) return undefined;
      tooDeep = true;
      return visit.BREAK;
    },
    Map: (_key, map) => {
      const seen = new Set<string>();
      for (const { key } of options.strict ? map.items : []) {
        const name = String(key);
        const at = (key as { range?: [number, number, number] }).range?.[0] ?? 0;
        if (seen.has(name))
          duplicates.push(`  line ${lines.linePos(at).line}: key ${JSON.stringify(name)} already set in map`);
        seen.add(name);
      }
    },
  });
  if (tooDeep) throw unrecognized('yaml: exceeded max depth', body, options);
  let value: Json;
  try {
    value = plain(document.toJS({ mapAsMap: true, maxAliasCount: 100 }));
  } catch (error) {
    throw unrecognized(`yaml: ${(error as Error).message}`, body, options);
  }
  return { value, duplicates: duplicates.length === 0 ? [] : [`${YAML_FAULTS}${duplicates.join('\n')}`] };
}

/** Maps become objects with string keys, whatever the keys' names and types were. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  if (typeof value === 'bigint') return toJsonInteger(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`json: unsupported value: ${value}`);
  return (value ?? null) as Json;
}
