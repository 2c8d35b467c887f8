/** The admission step that holds writes against the workspace's own ValidatingAdmissionPolicies. */
import type { KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import { formatLabelSelector, fromLabelSelector } from '../../kube/selector.ts';
import type { HubClient, HubInformer } from '../client.ts';
import type { AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';
import { ADMISSION_GROUP, isAdmissionKind } from './admission-kinds.ts';
import { matchesResources } from './match-resources.ts';
import { type PolicyRequest, toPolicyRequest } from './policy-request.ts';
import { atFirstUse, Registrations } from './registrations.ts';
import {
  admitByPolicies,
  type FindParams,
  type ParamRef,
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
    const policyRequest = await toPolicyRequest(request, core, 'validating');
    const findParams = await loadParams(own, bound, policyRequest, request, core, client);
    for (const warning of admitByPolicies(own, bound, policyRequest, findParams)) request.warn(warning);
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

/** What policies of both kinds have. */
interface Parameterised {
  readonly spec: Pick<ValidatingAdmissionPolicy['spec'], 'paramKind' | 'matchConstraints'>;
}
interface Bound {
  readonly spec: Pick<ValidatingAdmissionPolicyBinding['spec'], 'policyName' | 'paramRef'>;
}

/** Reads the parameters of every binding that matches, so that judging itself is pure. */
export async function loadParams(
  policies: readonly Pick<ValidatingAdmissionPolicy, 'metadata'>[] & readonly Parameterised[],
  bindings: readonly Bound[],
  policyRequest: PolicyRequest,
  { target }: AdmissionRequest,
  core: HubCore,
  client: HubClient,
): Promise<FindParams> {
  const found = new Map<ParamRef, readonly KubeObject[]>();
  for (const { spec, metadata } of policies) {
    if (spec.paramKind === undefined || !matchesResources(spec.matchConstraints, policyRequest)) continue;
    const { group, version } = parseApiVersion(spec.paramKind.apiVersion);
    const definition = (await core.catalog.of(target.workspace)).findKind(group, version, spec.paramKind.kind);
    for (const { spec: bound } of bindings) {
      const ref = bound.paramRef;
      if (bound.policyName !== metadata.name || ref === undefined || definition === undefined) continue;
      const namespace = definition.info.namespaced ? ref.namespace || policyRequest.namespace : '';
      const resource = { group, resource: definition.info.resource };
      if (ref.name) {
        const object = await client.get({ ...resource, workspace: target.workspace, namespace, name: ref.name });
        found.set(ref, object === undefined ? [] : [object]);
      } else {
        const labelSelector = formatLabelSelector(fromLabelSelector(ref.selector ?? {}));
        const { items } = await client.list(target.workspace, resource, { namespace, labelSelector });
        found.set(
          ref,
          items.map(({ object }) => object),
        );
      }
    }
  }
  return (_kind, ref) => found.get(ref) ?? [];
}
