/**
 * What the Go structs of the API say beyond OpenAPI: which fields are pointers, which are always written, and the
 * names of scalar types. Read from the struct tags in the Go modules' types.go files.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface GoStruct {
  /** Scalars, lists and maps behind a pointer: kept when they are empty. */
  readonly pointers?: readonly string[];
  /** Without omitempty: written even when never set. */
  readonly always?: readonly string[];
  /** Structs held by value that are left out when empty (omitzero). */
  readonly omitzero?: readonly string[];
  /** Go's name of a scalar's type where it is not a plain one: `v1.PullPolicy`. */
  readonly named?: Readonly<Record<string, string>>;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly options: readonly string[];
}

const MODULES: readonly (readonly [prefix: string, folder: string, definitions: string])[] = [
  ['api', '', 'io.k8s.api.'],
  ['apimachinery', 'pkg/apis/meta/v1', 'io.k8s.apimachinery.pkg.apis.meta.v1.'],
  ['apiextensions-apiserver', 'pkg/apis/apiextensions/v1', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'],
  ['kube-aggregator', 'pkg/apis/apiregistration/v1', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.'],
];

/** Takes the folder of Go modules and `v0.X.Y`; answers the wanted definitions that have something to say. */
export function goStructs(modules: string, version: string, wanted: ReadonlySet<string>): Record<string, GoStruct> {
  const result: Record<string, GoStruct> = {};
  for (const [module, folder, prefix] of MODULES) {
    const root = join(modules, `${module}@${version}`, folder);
    const folders = folder === '' ? typeFolders(root) : [root];
    for (const path of folders) {
      const packagePrefix = folder === '' ? `${prefix}${relative(root, path).replaceAll('/', '.')}.` : prefix;
      addPackage(path, packagePrefix, wanted, result);
    }
  }
  return result;
}

const typeFolders = (root: string): string[] =>
  readdirSync(root)
    .flatMap((group) => {
      const path = join(root, group);
      return statSync(path).isDirectory() ? readdirSync(path).map((version) => join(path, version)) : [];
    })
    .filter((path) => statSync(path).isDirectory() && readdirSync(path).some((file) => /types.*\.go$/.test(file)));

function addPackage(path: string, prefix: string, wanted: ReadonlySet<string>, result: Record<string, GoStruct>): void {
  const sources = readdirSync(path)
    .filter((file) => /types.*\.go$/.test(file) && !/_test\.go$|zz_generated|_swagger_/.test(file))
    .map((file) => readFileSync(join(path, file), 'utf8'));
  const structs = new Map(sources.flatMap(parseStructs));
  const packageName = path.split('/').at(-1) as string;
  const scalars = new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/^type (\w+) (?:string|int32|int64|bool)$/gm)].map((m) => m[1] as string),
    ),
  );
  for (const [name, fields] of structs) {
    if (!wanted.has(prefix + name)) continue;
    const facts = describe(expand(fields, structs), scalars, packageName);
    if (Object.keys(facts).length > 0) result[prefix + name] = facts;
  }
}

function parseStructs(source: string): [string, Field[]][] {
  return [...source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)].map((match) => {
    const fields = [...(match[2] as string).matchAll(/^\t(?:(\w+)\s+)?([\w.*[\]]+)\s+`[^`]*json:"([^"]*)"/gm)];
    return [
      match[1] as string,
      fields.map(([, , type, tag]) => {
        const [name = '', ...options] = (tag as string).split(',');
        return { name, type: type as string, options };
      }),
    ];
  });
}

/** Fields of embedded structs of the same package belong to the struct itself. */
const expand = (fields: readonly Field[], structs: ReadonlyMap<string, readonly Field[]>): Field[] =>
  fields.flatMap((field) =>
    field.name === '' ? expand(structs.get(field.type.replace('*', '')) ?? [], structs) : [field],
  );

const PLAIN = new Set(['string', 'int', 'int32', 'int64', 'uint32', 'uint64', 'bool', 'float64']);

function describe(fields: readonly Field[], scalars: ReadonlySet<string>, packageName: string): GoStruct {
  const pointers: string[] = [];
  const always: string[] = [];
  const omitzero: string[] = [];
  const named: Record<string, string> = {};
  for (const { name, type, options } of fields) {
    const target = type.replace(/^\*/, '');
    if (type.startsWith('*')) pointers.push(name);
    if (options.includes('omitzero')) omitzero.push(name);
    if (!options.includes('omitempty') && !options.includes('omitzero') && !options.includes('inline'))
      always.push(name);
    if (scalars.has(target)) named[name] = `${packageName}.${target}`;
    else if (!PLAIN.has(target) && /^types\.\w+$|^v1\.\w+$/.test(target)) named[name] = target;
  }
  return {
    ...(pointers.length > 0 ? { pointers } : {}),
    ...(always.length > 0 ? { always } : {}),
    ...(omitzero.length > 0 ? { omitzero } : {}),
    ...(Object.keys(named).length > 0 ? { named } : {}),
  };
}
