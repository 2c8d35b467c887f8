/** The admission step that holds writes against the workspace's own ValidatingAdmissionPolicies. */
import type { HubClient, HubInformer } from '../client.ts';
import type { AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';
import { withAnswers } from './access-answers.ts';
import { ADMISSION_GROUP, isAdmissionKind } from './admission-kinds.ts';
import { matchedPolicies, requestVersions } from './matched-policies.ts';
import { collectParams } from './policy-params.ts';
import { toPolicyRequest } from './policy-request.ts';
import { atFirstUse, Registrations } from './registrations.ts';
import {
  type BoundParams,
  type ConcernedPolicy,
  judgeByPolicies,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from './validating-policy.ts';

export const POLICIES = { group: ADMISSION_GROUP, resource: 'validatingadmissionpolicies' };
export const BINDINGS = { group: ADMISSION_GROUP, resource: 'validatingadmissionpolicybindings' };

/** What the step reads; asked for at the first write, when the hub is whole. */
export interface PolicySources {
  readonly client: HubClient;
  readonly policies: HubInformer<ValidatingAdmissionPolicy>;
  readonly bindings: HubInformer<ValidatingAdmissionPolicyBinding>;
}

/** Writes of the hub's own controllers are not judged: a policy is about what people do. */
export function createPolicyAdmission(sources: () => PolicySources): AdmissionStep {
  const registered = atFirstUse((): Kept => {
    const { client, policies, bindings } = sources();
    return { client, policies: new Registrations(policies), bindings: new Registrations(bindings) };
  });
  const judge = async (request: AdmissionRequest, core: HubCore, { client, policies, bindings }: Kept) => {
    if (!policies.ready || !bindings.ready) await Promise.all([policies.whenReady(), bindings.whenReady()]);
    const own = policies.of(request.target.workspace);
    const bound = bindings.of(request.target.workspace);
    if (own.length === 0 || bound.length === 0) return;
    const asked = await toPolicyRequest(request, core, 'validating');
    const { target, options } = request;
    const { workspace } = target;
    const versions = requestVersions(core, target, asked);
    const where = { core, client, workspace, namespace: asked.namespace };
    const concerned: ConcernedPolicy[] = [];
    for (const { policy, bindings, definition } of await matchedPolicies(core, target, own, bound, asked)) {
      const given: BoundParams[] = [];
      for (const binding of bindings)
        given.push({ binding, params: await collectParams(where, policy.spec.paramKind, binding.spec.paramRef) });
      concerned.push({ policy, bindings: given, request: await versions(definition) });
    }
    if (concerned.length === 0) return;
    const verdict = await withAnswers(core.authorize, workspace, (decide) => judgeByPolicies(concerned, decide));
    for (const [key, value] of Object.entries(verdict.annotations)) options.annotate?.(key, value);
    for (const warning of verdict.warnings) request.warn(warning);
    if (verdict.denial !== undefined) throw verdict.denial;
  };
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(request, core) {
      const { target, options } = request;
      if (options.user === undefined || isAdmissionKind(target.definition.info)) return;
      const kept = registered();
      const { policies, bindings } = kept;
      if (policies.ready && bindings.ready && policies.of(target.workspace).length === 0) return;
      return judge(request, core, kept);
    },
  };
}

interface Kept {
  readonly client: HubClient;
  readonly policies: Registrations<ValidatingAdmissionPolicy>;
  readonly bindings: Registrations<ValidatingAdmissionPolicyBinding>;
}
