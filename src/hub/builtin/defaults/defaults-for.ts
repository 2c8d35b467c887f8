/**
 * Defaults of built-in kinds, as kube-apiserver sets them when it decodes a body (k8s.io/kubernetes
 * pkg/apis/<group>/<version>/defaults.go and the `+default` markers in the API types). Rules belong to types, not to
 * kinds: a container is defaulted alike wherever it stands. The walk follows the schema: a type's own rule first, then its fields.
 */
import type { Json, KubeObject } from '../../../kube/object.ts';
import type { GroupVersionKind } from '../../../kube/resource.ts';
import type { Schema } from '../../../kube/schema.ts';
import { builtinDefinition, builtinDefinitionName } from '../tables.ts';
import { clusterDefaults } from './cluster.ts';
import type { DefaultingRules, Fields } from './fields.ts';
import { podDefaults } from './pods.ts';
import { serviceDefaults } from './services.ts';
import { workloadDefaults } from './workloads.ts';

const RULES: DefaultingRules = { ...clusterDefaults, ...podDefaults, ...serviceDefaults, ...workloadDefaults };

/**
 * Fills in what the author left out; mutates the object, which must be a private copy in decoded form (no nulls, no
 * empty optional fields). Undefined where the kind has no defaults.
 */
export function defaultsFor(gvk: GroupVersionKind): ((object: KubeObject) => void) | undefined {
  const name = builtinDefinitionName(gvk);
  const plan = name === undefined ? undefined : planOf(name);
  return plan && ((object) => apply(plan, object as unknown as Fields));
}

/** What there is to do in values of one type. */
interface Plan {
  readonly rule: ((value: Fields) => void) | undefined;
  readonly constants: readonly (readonly [field: string, value: Json])[];
  readonly children: readonly (readonly [field: string, shape: 'one' | 'each', plan: () => Plan | undefined])[];
}

/** Null while a type is being planned: one that holds itself needs nothing that its other fields do not. */
const plans = new Map<string, Plan | undefined | null>();

function planOf(name: string): Plan | undefined {
  const known = plans.get(name);
  if (known !== undefined || plans.has(name)) return known ?? undefined;
  plans.set(name, null);
  const schema = builtinDefinition(name);
  const properties = Object.entries(schema?.properties ?? {});
  const plan: Plan = {
    rule: Object.hasOwn(RULES, name) ? RULES[name] : undefined,
    constants: properties.flatMap(([field, { default: value }]) => (isMeant(value) ? [[field, value] as const] : [])),
    children: properties.flatMap(([field, property]) => childOf(field, property)),
  };
  const useful = plan.rule !== undefined || plan.constants.length > 0 || plan.children.length > 0;
  plans.set(name, useful ? plan : undefined);
  return useful ? plan : undefined;
}

/** The schema's zero defaults only say that a Go field is no pointer. */
function isMeant(value: Json | undefined): value is Json {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function childOf(field: string, property: Schema): Plan['children'] {
  const each = property.items ?? property.additionalProperties;
  const inner = property.$ref ?? (typeof each === 'object' ? each.$ref : undefined);
  if (inner === undefined || !planOf(inner)) return [];
  return [[field, property.$ref === undefined ? 'each' : 'one', () => planOf(inner)]];
}

function apply(plan: Plan, value: Fields): void {
  plan.rule?.(value);
  for (const [field, constant] of plan.constants) {
    if (value[field] === undefined) value[field] = structuredClone(constant);
  }
  for (const [field, shape, planOfChild] of plan.children) {
    const child = value[field];
    const childPlan = planOfChild();
    if (!childPlan || typeof child !== 'object' || child === null) continue;
    const members = shape === 'one' ? [child] : Object.values(child);
    for (const member of members) if (isFields(member)) apply(childPlan, member);
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
