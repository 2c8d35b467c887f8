/**
 * The kinds built into Kubernetes, as data: tables.json, written by scripts/generate-tables.ts from a kube-apiserver.
 * Read on first use; treat everything that comes from here as immutable.
 */
import { readFileSync } from 'node:fs';
import type { GroupVersionKind, ResourceInfo } from '../../kube/resource.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';

/**
 * One protobuf field: [number, JSON name, type]. JSON name '' is a message inlined into its parent, '@' the whole value
 * (a message that stands for a list). Type: a scalar of protobuf or a definition name, `[]` before a repeated one,
 * `{}` before the value type of a map with string keys, `?` before one whose zero value differs from its absence in JSON
 * (a pointer in Go, or a scalar that is never omitted).
 */
export type MessageField = readonly [number: number, jsonName: string, type: string];

export interface BuiltinGroup {
  /** '' for the core group. */
  readonly name: string;
  /** Preferred version first. */
  readonly versions: readonly string[];
}

interface Tables {
  readonly version: string;
  readonly groups: readonly BuiltinGroup[];
  readonly resources: readonly ResourceInfo[];
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly messages: Readonly<Record<string, readonly MessageField[]>>;
}

type ListedResource = Omit<ResourceInfo, 'shortNames' | 'categories' | 'subresources'> & Partial<ResourceInfo>;

let loaded: (Tables & { readonly kinds: ReadonlyMap<string, string> }) | undefined;

function tables(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  const data = JSON.parse(readFileSync(new URL('./tables.json', import.meta.url), 'utf8')) as Omit<
    Tables,
    'resources'
  > & { readonly resources: readonly ListedResource[] };
  const kinds = new Map<string, string>();
  for (const [name, schema] of Object.entries(data.definitions)) {
    for (const gvk of schema['x-kubernetes-group-version-kind'] ?? []) kinds.set(kindKey(gvk), name);
  }
  const resources = data.resources.map((info) => ({ shortNames: [], categories: [], subresources: [], ...info }));
  loaded = { ...data, resources, kinds };
  return loaded;
}

const kindKey = (gvk: GroupVersionKind): string => `${gvk.group}/${gvk.version}/${gvk.kind}`;
const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** The Kubernetes version that the tables describe, `vX.Y.Z`. */
export const builtinVersion = (): string => tables().version;

/** Built-in groups as discovery orders them, the core group first. */
export const builtinGroups = (): readonly BuiltinGroup[] => tables().groups;

/** Every built-in resource of every group version, with its subresources, in discovery order. */
export const builtinResources = (): readonly ResourceInfo[] => tables().resources;

/** A definition by bare name (`io.k8s.api.core.v1.PodSpec`); `$ref`s inside hold bare names too. */
export const builtinDefinition = (name: string): Schema | undefined => own(tables().definitions, name);

/** Names of all built-in definitions. */
export const builtinDefinitionNames = (): readonly string[] => Object.keys(tables().definitions);

/** Name of the definition of a built-in kind, its list kind, or an options kind. */
export const builtinDefinitionName = (gvk: GroupVersionKind): string | undefined => tables().kinds.get(kindKey(gvk));

/** The type of a built-in kind; undefined for kinds that are not built in. */
export function builtinType(gvk: GroupVersionKind): TypeSchema | undefined {
  const root = builtinDefinition(builtinDefinitionName(gvk) ?? '');
  return root && { root, resolve: builtinDefinition };
}

/** Protobuf fields of a definition or of a message that is inlined into one. */
export const builtinMessage = (name: string): readonly MessageField[] | undefined => own(tables().messages, name);
