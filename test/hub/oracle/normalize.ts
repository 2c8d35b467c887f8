/** An answer without what differs by nature: identity, time, versions, generated names. */
import { parse as parseYaml } from 'yaml';
import type { Answer } from './sides.ts';

/** Tells identities and versions that a sequence has shown before from new ones, so that "unchanged" can be seen. */
export class Names {
  readonly #seen = new Set<string>();
  of(kind: string, value: string): string {
    const seen = this.#seen.has(value);
    this.#seen.add(value);
    return `<${seen ? 'known' : 'new'} ${kind}>`;
  }
}

const HEADERS = ['content-type', 'warning', 'retry-after'];
const TIMES = new Set(['creationTimestamp', 'deletionTimestamp', 'lastTransitionTime', 'time']);
/** Roles print when they were made, to the second. */
const CELL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** Names are generated from prefixes that begin with `gen` here. */
const GENERATED = /\b(gen\w*[-_.]|genx{55})[bcdfghjklmnpqrstvwxz2456789]{5}\b/gi;
const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export interface Normal {
  readonly status: number;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: unknown;
}

export function normalize({ status, headers, text }: Answer, names: Names): Normal {
  return {
    status,
    headers: Object.fromEntries(
      HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, [headers[name]].flat()]])),
    ),
    body: normalizeValue(parseBody(text, String(headers['content-type'] ?? '')), names, ''),
  };
}

/** JSON, YAML, or a watch's lines. */
function parseBody(text: string, type: string): unknown {
  if (type.includes('yaml')) return parseYaml(text);
  try {
    return JSON.parse(text);
  } catch {
    return type.includes('json')
      ? text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line))
      : text;
  }
}

function normalizeValue(value: unknown, names: Names, key: string): unknown {
  if (typeof value === 'string') return normalizeText(value, names, key);
  if (Array.isArray(value)) {
    const items = value.map((item) => normalizeValue(item, names, key === 'cells' ? 'cell' : ''));
    if (key === 'managedFields') return items.sort(byManager);
    // Go walks maps in any order, so the faults of several entries come in any order.
    return key === 'causes' ? items.sort(byFault) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Record<string, unknown>);
  if (key === 'metadata' && !('name' in value || 'generateName' in value || 'uid' in value))
    return Object.fromEntries(
      entries.flatMap(([name, item]) =>
        name === 'continue' && item === '' ? [] : [[name, LIST_META.has(name) ? `<${name}>` : item]],
      ),
    );
  return Object.fromEntries(
    entries
      // The columns' descriptions are in our own words.
      .filter(([name]) => !(name === 'description' && 'priority' in value && 'format' in value))
      .map(([name, item]) => [name, normalizeValue(item, names, name)]),
  );
}

/** Of lists, whose version is the store's and not an object's. */
const LIST_META = new Set(['resourceVersion', 'continue']);

function normalizeText(text: string, names: Names, key: string): string {
  if (key === 'resourceVersion') return /^\d+$/.test(text) ? names.of('version', text) : text;
  if (/^\d+s$/.test(text)) return '<age>';
  if (TIMES.has(key) && !Number.isNaN(Date.parse(text))) return '<time>';
  if (key === 'cell' && CELL_TIME.test(text)) return '<time>';
  const plain = text
    .replace(QUOTED_OBJECT, (quoted) => sortedObject(quoted))
    .replace(UID, (uid) => (key === 'uid' ? names.of('uid', uid) : '<uid>'))
    .replace(GENERATED, '$1<suffix>')
    .replace(/((?:resource ?version|current|the current version)[^0-9"]{0,24})\d+/gi, '$1<version>')
    .replace(/\(\d+\)/g, '(<version>)')
    .replace(/ revision=\d+:/g, ' revision=<version>:');
  const [, untyped = '', typeFaults] = /^(failed to create typed patch object \(.*?\): )(.*)$/s.exec(plain) ?? [];
  if (typeFaults !== undefined) return `${untyped}${typedFaults(typeFaults)}`;
  const [, invalid = '', faults] = /^(.* is invalid: )\[(.*)\]$/s.exec(plain) ?? [];
  if (faults !== undefined) return `${invalid}${faults.split(', ').sort().join(', ')}`;
  return plain;
}

/** An object that an error shows, as JSON within Go's quotes. */
const QUOTED_OBJECT = /"\{\\"(?:[^"\\]|\\.)*"/g;

/** Its members in one order and without times: Go has the order of its structs. */
function sortedObject(quoted: string): string {
  try {
    const object: unknown = JSON.parse(JSON.parse(quoted) as string);
    return JSON.stringify(object, (key, value: unknown) =>
      TIMES.has(key) || key === 'resourceVersion' ? `<${key}>` : isObject(value) ? sorted(value) : value,
    );
  } catch {
    return quoted;
  }
}
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const sorted = (value: object): object =>
  Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));

/** Go walks maps in any order, and ends at the first field that is not declared. */
const typedFaults = (faults: string): string =>
  faults.includes('field not declared in schema')
    ? 'field not declared in schema'
    : faults.split('\n').sort().join('\n');

interface Fault {
  readonly field?: string;
  readonly message?: string;
}
const faultOf = (cause: unknown): string => `${(cause as Fault).field} ${(cause as Fault).message}`;
const byFault = (a: unknown, b: unknown): number => (faultOf(a) < faultOf(b) ? -1 : 1);

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
}
/** Upstream sorts by time, in whole seconds: a second's end may fall between two writes on one side only. */
const orderOf = (entry: unknown): string => {
  const { manager, operation, subresource } = entry as Entry;
  return `${manager} ${operation} ${subresource ?? ''}`;
};
const byManager = (a: unknown, b: unknown): number => (orderOf(a) < orderOf(b) ? -1 : 1);
