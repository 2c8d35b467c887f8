/** How fields of a type merge under a strategic merge patch, read from the schema's `x-kubernetes-patch-*` markers. */
import type { ResolveRef, Schema, TypeSchema } from '../../kube/schema.ts';
import { ApiError } from '../../kube/status.ts';

export interface PatchRule {
  /** Type of the field, or of its items for a list. */
  readonly type: PatchType;
  readonly mergeKey: string;
  /** The list is merged; otherwise the patch's list replaces it. */
  readonly merge: boolean;
  /** The map is replaced, not merged. */
  readonly replace: boolean;
}

export interface PatchType {
  readonly name: string;
  /** Throws ApiError 500 for a field that the type does not have. */
  field(name: string): PatchRule;
}

export const patchType = (type: TypeSchema): PatchType => typeOf(type.root, type.resolve);

const cache = new WeakMap<Schema, PatchType>();

function typeOf(schema: Schema, resolve: ResolveRef): PatchType {
  const [target, definition] = resolved(schema, resolve);
  let type = cache.get(target);
  if (type === undefined) {
    type = compile(target, definition, resolve);
    cache.set(target, type);
  }
  return type;
}

/** Where references lead, and the name of the last definition on the way. */
function resolved(schema: Schema, resolve: ResolveRef): [Schema, string | undefined] {
  let target = schema;
  let definition: string | undefined;
  for (let hops = 0; hops < 8; hops++) {
    const name = target.$ref ?? target.allOf?.[0]?.$ref;
    const next = name === undefined ? undefined : resolve(name);
    if (next === undefined) break;
    definition = name;
    target = next;
  }
  return [target, definition];
}

function compile(schema: Schema, definition: string | undefined, resolve: ResolveRef): PatchType {
  const rules = new Map<string, PatchRule>();
  const isStruct = schema.type === 'object' && schema.properties !== undefined;
  // Upstream names its Go struct: `PodSpec` of `io.k8s.api.core.v1.PodSpec`.
  const name = isStruct ? (definition?.split('.').at(-1) ?? 'struct') : (schema.type ?? 'struct');
  return {
    name,
    field(key) {
      let rule = rules.get(key);
      if (rule === undefined) {
        const field = fieldOf(schema, key);
        if (field === undefined) {
          throw new ApiError(
            500,
            '',
            `unable to find api field in struct ${name} for the json field ${JSON.stringify(key)}`,
          );
        }
        rule = ruleOf(field, resolve);
        rules.set(key, rule);
      }
      return rule;
    },
  };
}

function fieldOf(schema: Schema, key: string): Schema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  if (typeof additionalProperties === 'object') return additionalProperties;
  return properties === undefined ? {} : undefined;
}

function ruleOf(field: Schema, resolve: ResolveRef): PatchRule {
  const strategies = field['x-kubernetes-patch-strategy']?.split(',') ?? [];
  const [target] = resolved(field, resolve);
  return {
    type: typeOf(target.items ?? target, resolve),
    mergeKey: field['x-kubernetes-patch-merge-key'] ?? '',
    merge: strategies.includes('merge'),
    replace: strategies.includes('replace'),
  };
}
