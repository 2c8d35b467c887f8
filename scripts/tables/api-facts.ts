/** Definitions and discovery facts out of OpenAPI v3 and aggregated discovery, stripped of prose. */
import type { DiscoveredResource, Source } from './source.ts';

type Definition = Record<string, unknown>;

export interface ApiFacts {
  /** Groups in discovery order, versions with the preferred one first. */
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[];
  readonly resources: readonly Record<string, unknown>[];
  readonly definitions: Record<string, Definition>;
}

const REF_PREFIX = '#/components/schemas/';
const GVK = 'x-kubernetes-group-version-kind';

/** Types whose JSON form is free: their schema says too little to tell. */
const FREE_FORM = new Set([
  'io.k8s.apimachinery.pkg.runtime.RawExtension',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  ...['JSON', 'JSONSchemaPropsOrArray', 'JSONSchemaPropsOrBool', 'JSONSchemaPropsOrStringArray'].map(
    (name) => `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.${name}`,
  ),
]);
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** Reads every group version that the source serves. Throws when one definition has two meanings. */
export async function apiFacts(source: Source): Promise<ApiFacts> {
  const definitions: Record<string, Definition> = {};
  for (const path of await source.documentPaths()) {
    if (!/^apis?(\/|$)/.test(path)) continue;
    const { components } = await source.document(path);
    for (const [name, schema] of Object.entries(components?.schemas ?? {})) {
      addDefinition(definitions, name, toFacts(schema));
    }
  }
  for (const name of FREE_FORM) {
    if (definitions[name]) definitions[name] = { ...definitions[name], 'x-kubernetes-preserve-unknown-fields': true };
  }
  if (definitions[INT_OR_STRING]) {
    definitions[INT_OR_STRING] = { ...definitions[INT_OR_STRING], 'x-kubernetes-int-or-string': true };
  }
  const discovered = [...(await source.discovery('api')).items, ...(await source.discovery('apis')).items];
  return {
    groups: discovered.map(({ metadata, versions }) => ({
      name: metadata.name ?? '',
      versions: versions.map(({ version }) => version),
    })),
    resources: discovered.flatMap(({ metadata, versions }) =>
      versions.flatMap(({ version, resources }) =>
        resources.map((resource) => resourceFacts(metadata.name ?? '', version, resource)),
      ),
    ),
    definitions,
  };
}

/** Shared types (DeleteOptions, WatchEvent) name in each document only that group's kinds: here they name all. */
function addDefinition(all: Record<string, Definition>, name: string, next: Definition): void {
  const { [GVK]: nextKinds, ...nextRest } = next;
  const { [GVK]: kinds, ...rest } = all[name] ?? next;
  if (JSON.stringify(rest) !== JSON.stringify(nextRest)) throw new Error(`two meanings of definition ${name}`);
  const union = [...((kinds as object[]) ?? []), ...((nextKinds as object[]) ?? [])].map((kind) =>
    JSON.stringify(kind, ['group', 'version', 'kind']),
  );
  all[name] = union.length > 0 ? { ...rest, [GVK]: [...new Set(union)].sort().map((kind) => JSON.parse(kind)) } : rest;
}

/** Drops descriptions, turns `allOf: [{$ref}]` into `$ref` and shortens references to bare names. */
function toFacts(schema: Definition): Definition {
  const facts: Definition = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'description') continue;
    if (key === '$ref') facts.$ref = (value as string).replace(REF_PREFIX, '');
    else if (key === 'allOf') Object.assign(facts, onlyReference(value as Definition[]));
    else if (key === 'properties') {
      facts.properties = Object.fromEntries(
        Object.entries(value as Record<string, Definition>).map(([name, property]) => [name, toFacts(property)]),
      );
    } else if (key === 'items' || (key === 'additionalProperties' && typeof value === 'object')) {
      facts[key] = toFacts(value as Definition);
    } else facts[key] = value;
  }
  return facts;
}

function onlyReference(parts: readonly Definition[]): Definition {
  if (parts.length !== 1 || typeof parts[0]?.$ref !== 'string') throw new Error('allOf that is not one reference');
  return toFacts(parts[0]);
}

/** The shape of ResourceInfo (src/kube/resource.ts); empty lists stay out of the file. */
function resourceFacts(group: string, version: string, found: DiscoveredResource): Record<string, unknown> {
  return {
    group,
    version,
    resource: found.resource,
    kind: found.responseKind?.kind,
    singular: found.singularResource,
    namespaced: found.scope === 'Namespaced',
    verbs: found.verbs,
    ...(found.shortNames ? { shortNames: found.shortNames } : {}),
    ...(found.categories ? { categories: found.categories } : {}),
    ...(found.subresources
      ? {
          subresources: found.subresources.map(({ subresource, responseKind, verbs }) => ({
            name: subresource,
            kind: responseKind?.kind ?? found.responseKind?.kind,
            ...(responseKind?.version ? { group: responseKind.group, version: responseKind.version } : {}),
            verbs,
          })),
        }
      : {}),
  };
}
