/** MutatingAdmissionPolicy: what its expressions make of an object (apiserver `admission/plugin/policy/mutating`). Pure. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { toJson } from '../cel/json-results.ts';
import type { Decide } from '../cel/library-authorizer.ts';
import { type AtomRef, applySchema, fieldType, resolveAtom } from '../patch/apply-schema.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { isMap, type JsonMap } from '../patch/json-value.ts';
import { formatFaults, mergeValues, typeFaults } from '../patch/typed-value.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { ExpressionRun, expressionCompiler, type SourceAndCompiled } from './expression-run.ts';
import type { MatchResources } from './match-resources.ts';
import { failedOperation, firstFailing } from './mutated-object.ts';
import type { ParamRef } from './policy-params.ts';
import type { PolicyRequest } from './policy-request.ts';
import type { PolicySpec } from './validate-policies.ts';

export interface Mutation {
  readonly patchType?: string;
  readonly applyConfiguration?: { readonly expression?: string };
  readonly jsonPatch?: { readonly expression?: string };
}

export interface MutatingAdmissionPolicy extends KubeObject {
  spec: PolicySpec & {
    readonly paramKind?: { readonly apiVersion: string; readonly kind: string };
    readonly mutations?: readonly Mutation[];
    readonly reinvocationPolicy?: 'Never' | 'IfNeeded';
  };
}

export interface MutatingAdmissionPolicyBinding extends KubeObject {
  spec: { readonly policyName: string; readonly paramRef?: ParamRef; readonly matchResources?: MatchResources };
}

interface CompiledPolicy {
  readonly conditions: readonly SourceAndCompiled[];
  readonly variables: ReadonlyMap<string, SourceAndCompiled>;
  readonly mutations: readonly { readonly patchType: string; readonly expression: SourceAndCompiled }[];
}

/** Policies are immutable once stored. */
const compiledPolicies = new WeakMap<MutatingAdmissionPolicy, CompiledPolicy>();

function compilePolicy(policy: MutatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    const plain = expressionCompiler({ params: true, variables: true });
    const patching = expressionCompiler({ params: true, variables: true, patches: true });
    const compile = (source: string): SourceAndCompiled => ({ source, compiled: plain(source) });
    const { matchConditions = [], variables = [], mutations = [] } = policy.spec;
    compiled = {
      conditions: matchConditions.map(({ expression }) => compile(expression)),
      variables: new Map(variables.map(({ name, expression }) => [name, compile(expression)])),
      mutations: mutations.map((mutation) => {
        const source = expressionOf(mutation);
        return { patchType: mutation.patchType ?? '', expression: { source, compiled: patching(source) } };
      }),
    };
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

export const expressionOf = ({ patchType, applyConfiguration, jsonPatch }: Mutation): string =>
  (patchType === 'JSONPatch' ? jsonPatch : applyConfiguration)?.expression ?? '';

export type Mutated =
  /** The object that the mutations make; the one that came in where they change nothing. Each that fails changes nothing. */
  { readonly object: KubeObject; readonly errors: readonly string[] };

/** `params` is undefined for policies that take none. `shapeOf` decodes and defaults between mutations. */
export function mutateByPolicy(
  policy: MutatingAdmissionPolicy,
  params: KubeObject | null | undefined,
  request: PolicyRequest & { readonly object: KubeObject },
  definition: ResourceDefinition,
  shapeOf: (object: KubeObject) => KubeObject,
  decide: Decide,
): Mutated {
  const { conditions, variables, mutations } = compilePolicy(policy);
  const matched = new ExpressionRun(request, params, variables, decide).conditions(conditions);
  let { object } = request;
  if (matched === 'no match') return { object, errors: [] };
  if (matched !== 'match') return { object, errors: policy.spec.failurePolicy === 'Ignore' ? [] : [matched.error] };
  const errors: string[] = [];
  for (const { patchType, expression } of mutations) {
    const outcome = new ExpressionRun({ ...request, object }, params, variables, decide).evaluate(expression);
    if ('error' in outcome) {
      errors.push(outcome.error);
      continue;
    }
    try {
      const value = toJson(outcome.value);
      object = shapeOf(patchType === 'JSONPatch' ? patched(object, value) : merged(object, value, definition));
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  return { object, errors };
}

/** A test that fails means that there is nothing to do. */
function patched(object: KubeObject, patch: Json): KubeObject {
  if (!Array.isArray(patch)) throw new Error('type mismatch: JSONPatchType.expression should evaluate to array');
  try {
    return applyJsonPatch(object as unknown as Json, patch) as unknown as KubeObject;
  } catch (error) {
    if (firstFailing(object, patch)?.op === 'test') return object;
    throw new Error(`JSON Patch: ${failedOperation(object, patch) ?? (error as Error).message}`);
  }
}

/** As server-side apply merges, but nobody comes to own anything. */
function merged(object: KubeObject, value: Json, { schema }: ResourceDefinition): KubeObject {
  if (!isMap(value)) throw new Error('unsupported return type from ApplyConfiguration expression');
  const { apiVersion, kind } = object;
  const patch: JsonMap = { ...value, apiVersion, kind };
  const ref = applySchema(schema);
  const faults = typeFaults(patch, ref, false);
  if (faults.length > 0)
    throw new Error(
      `error applying patch: failed to convert patch object to typed object: .${formatFaults(faults).replace(/^\./, '')}`,
    );
  const atomics = atomicPaths(patch, ref, '');
  if (atomics.length > 0)
    throw new Error(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    );
  return mergeValues(object as unknown as Json, patch, ref) as unknown as KubeObject;
}

/** Who means to change a part of what is replaced whole would lose the rest of it. */
function atomicPaths(value: Json, ref: AtomRef, path: string): string[] {
  const { map, list } = resolveAtom(ref);
  if (isMap(value) && map !== undefined)
    return [
      ...(map.atomic ? [path] : []),
      ...Object.entries(value).flatMap(([name, part]) => {
        const field = fieldType(map, name);
        return field === undefined ? [] : atomicPaths(part, field, `${path}.${name}`);
      }),
    ];
  if (Array.isArray(value) && list !== undefined)
    return [
      ...(list.atomic ? [path] : []),
      ...value.flatMap((item, at) => atomicPaths(item, list.elementType, `${path}[${at}]`)),
    ];
  return [];
}
