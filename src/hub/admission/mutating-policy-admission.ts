/** The admission step in which the workspace's own MutatingAdmissionPolicies change what people write. */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError, forbidden } from '../../kube/status.ts';
import type { HubClient, HubInformer } from '../client.ts';
import type { AdmissionRequest, AdmissionStep, HubCore, MutationRound } from '../core.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { shape } from '../write/shape.ts';
import { withAnswers } from './access-answers.ts';
import { ADMISSION_GROUP, isAdmissionKind } from './admission-kinds.ts';
import { matchedPolicies } from './matched-policies.ts';
import { replaceContent } from './mutated-object.ts';
import {
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
  mutateByPolicy,
} from './mutating-policy.ts';
import { collectParams, type Params } from './policy-params.ts';
import { convertObject, type PolicyRequest, toPolicyRequest } from './policy-request.ts';
import { atFirstUse, Registrations } from './registrations.ts';
import { Rounds } from './reinvocation.ts';
import { inVersion } from './webhook-match.ts';

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
  const { workspace } = request.target;
  const where = { core, client, workspace, namespace: seen.namespace };
  const errors: string[] = [];
  let changed = false;
  state.begin(round, request.object);
  for (const { policy, bindings: theirs, definition } of await matchedPolicies(
    core,
    request.target,
    own,
    bound,
    seen,
  )) {
    for (const binding of theirs) {
      const { paramRef } = binding.spec;
      for (const params of runsOf(await collectParams(where, policy.spec.paramKind, paramRef))) {
        const id = idOf(policy, binding, params);
        if (!state.calls(round, id)) continue;
        const outcome =
          params !== null && params !== undefined && 'fault' in params
            ? { changed: false, errors: [`failed to configure ${params.of}: ${params.fault}`] }
            : await mutateBy(core, policy, params as KubeObject | null | undefined, request, seen, definition);
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

type Fault = Extract<Params, { readonly fault: string }>;
type Run = KubeObject | null | undefined | Fault;

/** What cannot be configured is one run that fails. */
const runsOf = (params: Params): readonly Run[] => ('fault' in params ? [params] : params);

const idOf = (policy: KubeObject, binding: KubeObject, params: Run): string => {
  const { namespace, name } = (params as KubeObject | null | undefined)?.metadata ?? {};
  return [policy.metadata.name, binding.metadata.name, namespace, name].join();
};

/** Answers whether the object is another one now, and which mutations failed. */
async function mutateBy(
  core: HubCore,
  policy: MutatingAdmissionPolicy,
  params: KubeObject | null | undefined,
  request: AdmissionRequest,
  seen: PolicyRequest,
  matched: ResourceDefinition,
): Promise<{ readonly changed: boolean; readonly errors: readonly string[] }> {
  const { definition, workspace } = request.target;
  const shapeOf = (object: KubeObject): KubeObject =>
    shape(matched, object, { fieldValidation: 'Ignore', duplicates: [], warn: () => {} });
  const asked = await inVersion(core, workspace, { ...seen, object: request.object }, definition, matched);
  const before = asked.object as KubeObject;
  const outcome = await withAnswers(core.authorize, workspace, (decide) =>
    mutateByPolicy(policy, params, { ...asked, object: before }, matched, shapeOf, decide),
  );
  if (outcome.object === before) return { changed: false, errors: outcome.errors };
  const own = (await convertObject(core, workspace, matched, definition, outcome.object)) as KubeObject;
  return { changed: replaceContent(request, own), errors: outcome.errors };
}

function denied({ resource, name }: PolicyRequest, errors: readonly string[]): ApiError {
  const { status } = forbidden(resource, name, '');
  const causes = [...(status.details?.causes ?? []), ...errors.map((message) => ({ message }))];
  return new ApiError(403, 'Invalid', errors[0] as string, { ...status.details, causes });
}
