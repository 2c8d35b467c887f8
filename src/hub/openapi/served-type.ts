/** What the OpenAPI documents are made of: the resources that are served, each with its type. */
import { createHash } from 'node:crypto';
import { apiVersionOf, type GroupVersionKind, type ResourceInfo } from '../../kube/resource.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import { builtinDefinitionName, builtinVersion } from '../builtin/tables.ts';

/** A ResourceDefinition is one. */
export interface ServedType {
  readonly info: ResourceInfo;
  /** Undefined: any object. */
  readonly schema: TypeSchema | undefined;
  /** True for custom resources: their schema is structural and names no metadata. */
  readonly custom: boolean;
}

export const listKindOf = (info: ResourceInfo): string => info.listKind ?? `${info.kind}List`;

/** `stable.example.com/v1 CronTab` → `com.example.stable.v1.CronTab` (kube-openapi ToRESTFriendlyName). */
export function definitionNameOf(gvk: GroupVersionKind): string {
  const builtin = builtinDefinitionName(gvk);
  if (builtin !== undefined) return builtin;
  return [...gvk.group.split('.').reverse(), gvk.version, gvk.kind].filter((part) => part !== '').join('.');
}

/** `api/v1`, `apis/apps/v1`: the document's path below /openapi/v3. */
export const documentPath = (gv: { group: string; version: string }): string =>
  gv.group === '' ? `api/${gv.version}` : `apis/${apiVersionOf(gv)}`;

/** Changes whenever the documents made of these types would: the hash that clients cache by. Upper-case hex. */
export function typesHash(types: readonly ServedType[]): string {
  const hash = createHash('sha256').update(builtinVersion());
  for (const { info, schema, custom } of types) {
    hash.update(JSON.stringify(info));
    if (custom) hash.update(rootText(schema?.root));
  }
  return hash.digest('hex').toUpperCase();
}

/** Schemas are immutable and asked for again with every index: each is written out once. */
const rootTexts = new WeakMap<Schema, string>();
function rootText(root: Schema | undefined): string {
  if (!root) return '';
  const text = rootTexts.get(root) ?? JSON.stringify(root);
  rootTexts.set(root, text);
  return text;
}
