/** The admission step in which the workspace's own MutatingAdmissionPolicies change what people write. */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError, forbidden } from '../../kube/status.ts';
import type { HubClient, HubInformer } from '../client.ts';
import type { AdmissionRequest, AdmissionStep, HubCore, MutationRound } from '../core.ts';
import { shape } from '../write/shape.ts';
import { ADMISSION_GROUP, isAdmissionKind } from './admission-kinds.ts';
import { matchesResources } from './match-resources.ts';
import { replaceContent } from './mutated-object.ts';
import {
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  mutateByPolicy,
} from './mutating-policy.ts';
import { loadParams } from './policy-admission.ts';
import { type PolicyRequest, toPolicyRequest } from './policy-request.ts';
import { atFirstUse, Registrations } from './registrations.ts';
import { Rounds } from './reinvocation.ts';
import type { FindParams } from './validating-policy.ts';

export const MUTATING_POLICIES = { group: ADMISSION_GROUP, resource: 'mutatingadmissionpolicies' };
export const MUTATING_BINDINGS = { group: ADMISSION_GROUP, resource: 'mutatingadmissionpolicybindings' };

export interface MutatingPolicySources {
  readonly client: HubClient;
  readonly policies: HubInformer<MutatingAdmissionPolicy>;
  readonly bindings: HubInformer<MutatingAdmissionPolicyBinding>;
}

interface Kept {
  readonly client: HubClient;
  readonly policies: Registrations<MutatingAdmissionPolicy>;
  readonly bindings: Registrations<MutatingAdmissionPolicyBinding>;
}

/** Sources are asked for at the first write, when the hub is whole. */
export function createMutatingPolicyAdmission(sources: () => MutatingPolicySources): AdmissionStep {
  const registered = atFirstUse((): Kept => {
    const { client, policies, bindings } = sources();
    return { client, policies: new Registrations(policies), bindings: new Registrations(bindings) };
  });
  const rounds = new WeakMap<AdmissionRequest, Rounds>();
  return {
    name: 'MutatingAdmissionPolicy',
    mutate(request, core, round) {
      const { operation, target, options } = request;
      // A Scale has no schema to merge by, and a delete no object.
      if (options.user === undefined || operation === 'delete' || target.subresource === 'scale') return false;
      if (isAdmissionKind(target.definition.info)) return false;
      const kept = registered();
      const { policies, bindings } = kept;
      if (policies.ready && bindings.ready && policies.of(target.workspace).length === 0) return false;
      const state = rounds.get(request) ?? new Rounds();
      rounds.set(request, state);
      return mutateByAll(kept, request, core, round, state);
    },
  };
}

async function mutateByAll(
  { client, policies, bindings }: Kept,
  request: AdmissionRequest,
  core: HubCore,
  round: MutationRound,
  state: Rounds,
): Promise<boolean> {
  if (!policies.ready || !bindings.ready) await Promise.all([policies.whenReady(), bindings.whenReady()]);
  const own = policies.of(request.target.workspace);
  const bound = bindings.of(request.target.workspace);
  if (own.length === 0 || bound.length === 0) return false;
  let seen = await toPolicyRequest(request, core, 'mutating');
  const findParams = await loadParams(own, bound, seen, request, core, client);
  const errors: string[] = [];
  let changed = false;
  state.begin(round, request.object);
  for (const policy of own) {
    if (!matchesResources(policy.spec.matchConstraints, seen)) continue;
    for (const binding of bound) {
      const { policyName, matchResources } = binding.spec;
      if (policyName !== policy.metadata.name || !matchesResources(matchResources, seen)) continue;
      for (const params of paramsOf(policy, binding, seen, findParams)) {
        const id = idOf(policy, binding, params);
        if (!state.calls(round, id)) continue;
        const outcome =
          params === 'missing' ? { changed: false, errors: [MISSING] } : mutateBy(policy, params, request, seen);
        const who = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: `;
        if (policy.spec.failurePolicy !== 'Ignore') errors.push(...outcome.errors.map((error) => who + error));
        if (outcome.changed) {
          changed = true;
          state.changed();
          round.again();
          seen = { ...seen, object: request.object };
        }
        state.called(id, policy.spec.reinvocationPolicy);
      }
    }
  }
  if (errors.length > 0) throw denied(seen, errors);
  // Unlike webhooks, the last one that changed something is asked again too.
  if (changed) state.changed();
  state.end(request.object);
  return changed;
}

const MISSING = 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction';

type Params = KubeObject | null | undefined | 'missing';

/** Each parameter object is a run of its own; undefined for policies that take none, null where the binding gives none. */
function paramsOf(
  { spec: { paramKind } }: MutatingAdmissionPolicy,
  { spec: { paramRef } }: MutatingAdmissionPolicyBinding,
  { namespace }: PolicyRequest,
  findParams: FindParams,
): readonly Params[] {
  if (paramKind === undefined) return [undefined];
  if (paramRef === undefined) return [null];
  const found = findParams(paramKind, paramRef, namespace);
  if (found.length > 0) return found;
  return paramRef.parameterNotFoundAction === 'Deny' ? ['missing'] : [];
}

const idOf = (policy: KubeObject, binding: KubeObject, params: Params): string => {
  const { namespace, name } = (typeof params === 'object' ? params?.metadata : undefined) ?? {};
  return [policy.metadata.name, binding.metadata.name, namespace, name].join();
};

/** Answers whether the object is another one now, and which mutations failed. */
function mutateBy(
  policy: MutatingAdmissionPolicy,
  params: KubeObject | null | undefined,
  request: AdmissionRequest,
  seen: PolicyRequest,
): { readonly changed: boolean; readonly errors: readonly string[] } {
  const { definition } = request.target;
  const shapeOf = (object: KubeObject): KubeObject =>
    shape(definition, object, { fieldValidation: 'Ignore', duplicates: [], warn: () => {} });
  const outcome = mutateByPolicy(policy, params, { ...seen, object: request.object }, definition, shapeOf);
  return { changed: replaceContent(request, outcome.object), errors: outcome.errors };
}

function denied({ resource, name }: PolicyRequest, errors: readonly string[]): ApiError {
  const { status } = forbidden(resource, name, '');
  const causes = [...(status.details?.causes ?? []), ...errors.map((message) => ({ message }))];
  return new ApiError(403, 'Invalid', errors[0] as string, { ...status.details, causes });
}
