/**
 * Protobuf fields of the built-in types. Numbers and wire types are in generated.proto; the JSON name of a field, and
 * whether it is inlined into its parent, only in the Go struct tags beside it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * [number, JSON name, type]. JSON name '' is a message inlined into its parent, '@' the whole value (a list or map
 * type). Type: a protobuf scalar or a definition name, with `[]` before a repeated one, `{}` before a map's value, `?`
 * before one whose zero value differs from its absence in JSON: a pointer, or a scalar that is never omitted.
 */
export type MessageField = readonly [number, string, string];

interface GoField {
  readonly json: string;
  readonly optional: boolean;
  readonly pointer: boolean;
}

const MODULES: Readonly<Record<string, string>> = {
  api: '',
  apimachinery: 'pkg',
  'apiextensions-apiserver': 'pkg/apis',
  'kube-aggregator': 'pkg/apis',
};
const SCALARS = new Set(['bool', 'bytes', 'string', 'int32', 'int64', 'uint32', 'uint64', 'double', 'float']);

/** Messages of the wanted definitions and everything that they hold, by definition name. */
export function protobufMessages(
  modules: string,
  version: string,
  wanted: ReadonlySet<string>,
): Record<string, readonly MessageField[]> {
  const all = readAll(modules, version.replace(/^v1\./, 'v0.'));
  const found: Record<string, readonly MessageField[]> = {};
  const visit = (name: string): void => {
    const fields = all.get(name);
    if (found[name] || !fields) return;
    found[name] = fields;
    for (const [, , type] of fields) {
      const inner = type.replace(/^(\[\]|\{\}|\?)/, '');
      if (SCALARS.has(inner)) continue;
      if (!all.has(inner)) throw new Error(`${name} holds ${inner}, which no generated.proto defines`);
      visit(inner);
    }
  };
  for (const name of wanted) visit(name);
  visit('io.k8s.apimachinery.pkg.runtime.Unknown');
  return found;
}

function readAll(modules: string, version: string): Map<string, readonly MessageField[]> {
  const all = new Map<string, readonly MessageField[]>();
  for (const [module, below] of Object.entries(MODULES)) {
    const root = join(modules, `${module}@${version}`, below);
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('generated.proto')) continue;
      const folder = join(root, file, '..');
      for (const [name, fields] of readPackage(folder)) all.set(name, fields);
    }
  }
  return all;
}

function readPackage(folder: string): Map<string, readonly MessageField[]> {
  const proto = stripComments(readFileSync(join(folder, 'generated.proto'), 'utf8'));
  const tags = goTags(folder);
  const packageName = /^package (\S+);/m.exec(proto)?.[1] ?? '';
  const messages = new Map<string, readonly MessageField[]>();
  for (const [, message = '', body = ''] of proto.matchAll(/^message (\w+) \{([^}]*)\}/gm)) {
    const fields: MessageField[] = [];
    for (const [, label, type = '', name = '', number] of body.matchAll(
      /(optional|repeated|map)\s*(<[^>]+>|\S+) (\w+) = (\d+);/g,
    )) {
      const go = tags.get(message)?.get(Number(number));
      // A named list or map type has no Go struct: its message wraps one field, and JSON shows the value itself.
      const jsonName = go?.json ?? (name === 'items' ? '@' : name);
      const wireType = fieldType(label ?? '', type, packageName);
      fields.push([Number(number), jsonName, `${isDistinct(go, label ?? '', wireType) ? '?' : ''}${wireType}`]);
    }
    messages.set(definitionName(`${packageName}.${message}`), fields);
  }
  return messages;
}

const isDistinct = (go: GoField | undefined, label: string, type: string): boolean =>
  go !== undefined && label === 'optional' && (go.pointer || (SCALARS.has(type) && !go.optional));

const stripComments = (text: string): string => text.replace(/\/\/.*$/gm, '');

function fieldType(label: string, type: string, packageName: string): string {
  const named = (name: string): string =>
    SCALARS.has(name) ? name : definitionName(name.startsWith('.') ? name.slice(1) : `${packageName}.${name}`);
  if (label === 'map') return `{}${named(type.slice(1, -1).split(',')[1]?.trim() ?? '')}`;
  return `${label === 'repeated' ? '[]' : ''}${named(type)}`;
}

/** `k8s.io.kube_aggregator.pkg.x.v1.T` → `io.k8s.kube-aggregator.pkg.x.v1.T`. */
const definitionName = (name: string): string => name.replace(/^k8s\.io\./, 'io.k8s.').replaceAll('_', '-');

/** Struct fields by Go type and protobuf number. */
function goTags(folder: string): Map<string, Map<number, GoField>> {
  const types = new Map<string, Map<number, GoField>>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.go') || file.endsWith('_test.go') || /^(zz_)?generated/.test(file)) continue;
    for (const [, type = '', body = ''] of readFileSync(join(folder, file), 'utf8').matchAll(
      /^(?:type )?\s*(\w+) struct \{\n([\s\S]*?)^\}/gm,
    )) {
      const fields = types.get(type) ?? new Map<number, GoField>();
      for (const [, goType = '', tag = ''] of body.matchAll(/^\s*(?:\w+\s+)?(\S+)\s+`([^`]*protobuf:[^`]*)`/gm)) {
        const number = /protobuf:"\w+,(\d+),/.exec(tag)?.[1];
        const json = /json:"([^"]*)"/.exec(tag)?.[1];
        if (number === undefined || json === undefined || json === '-') continue;
        fields.set(Number(number), {
          json: json.includes(',inline') ? '' : (json.split(',')[0] ?? ''),
          optional: /,(omitempty|omitzero)/.test(json),
          pointer: goType.startsWith('*'),
        });
      }
      types.set(type, fields);
    }
  }
  return types;
}
