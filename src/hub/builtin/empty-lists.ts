/**
 * Lists that Go always writes: storage does not tell an empty one from none, and none is written as null. Definitions are
 * stored as JSON, which keeps the two apart.
 */
import type { KubeObject } from '../../kube/object.ts';
import type { GroupVersionKind } from '../../kube/resource.ts';
import type { Schema } from '../../kube/schema.ts';
import { isMap, type JsonMap } from '../patch/json-value.ts';
import { goStruct } from './go-structs.ts';
import { builtinDefinition, builtinDefinitionName } from './tables.ts';

interface Plan {
  readonly lists: readonly string[];
  readonly children: readonly (readonly [field: string, plan: () => Plan | undefined])[];
}

/** Null while a type is being planned: one that holds itself needs nothing that its other fields do not. */
const plans = new Map<string, Plan | undefined | null>();

/** Makes nulls of the empty lists of a private copy. Undefined where the kind has none such. */
export function forgetEmptyLists(gvk: GroupVersionKind): ((object: KubeObject) => void) | undefined {
  const name = builtinDefinitionName(gvk);
  const plan = name === undefined || gvk.group === 'apiextensions.k8s.io' ? undefined : planOf(name);
  return plan && ((object) => apply(plan, object as unknown as JsonMap));
}

function planOf(name: string): Plan | undefined {
  if (plans.has(name)) return plans.get(name) ?? undefined;
  plans.set(name, null);
  const facts = goStruct(name);
  const properties = Object.entries(builtinDefinition(name)?.properties ?? {});
  const lists = properties.filter(([field, { type }]) => type === 'array' && facts.always.has(field));
  const children = properties.flatMap(([field, property]) => {
    const inner = innerOf(property);
    return inner === undefined || planOf(inner) === undefined ? [] : [[field, () => planOf(inner)] as const];
  });
  const plan = lists.length + children.length === 0 ? undefined : { lists: lists.map(([field]) => field), children };
  plans.set(name, plan);
  return plan;
}

function innerOf({ $ref, items, additionalProperties }: Schema): string | undefined {
  const each = items ?? additionalProperties;
  return $ref ?? (typeof each === 'object' ? each.$ref : undefined);
}

function apply({ lists, children }: Plan, value: JsonMap): void {
  for (const field of lists) {
    const list = value[field];
    if (Array.isArray(list) && list.length === 0) value[field] = null;
  }
  for (const [field, planOfChild] of children) {
    const child = value[field];
    const plan = planOfChild();
    if (plan === undefined || typeof child !== 'object' || child === null) continue;
    // Of one struct, of each in a list, or of each in a map.
    const members = Array.isArray(child) ? child : [child, ...Object.values(child)];
    for (const member of members) if (isMap(member)) apply(plan, member);
  }
}
