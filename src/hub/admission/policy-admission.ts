/** The admission step that holds writes against the workspace's own ValidatingAdmissionPolicies. */
import type { KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import { formatLabelSelector, fromLabelSelector } from '../../kube/selector.ts';
import type { HubClient, HubInformer } from '../client.ts';
import type { AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';
import { matchesResources } from './match-resources.ts';
import type { PolicyRequest } from './policy-request.ts';
import {
  admitByPolicies,
  type FindParams,
  type ParamRef,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from './validating-policy.ts';

const GROUP = 'admissionregistration.k8s.io';
export const POLICIES = { group: GROUP, resource: 'validatingadmissionpolicies' };
export const BINDINGS = { group: GROUP, resource: 'validatingadmissionpolicybindings' };

/** What the step reads; asked for at the first write, when the hub is whole. */
export interface PolicySources {
  readonly client: HubClient;
  readonly policies: HubInformer<ValidatingAdmissionPolicy>;
  readonly bindings: HubInformer<ValidatingAdmissionPolicyBinding>;
}

/** Writes of the hub's own controllers are not judged: a policy is about what people do. */
export function createPolicyAdmission(sources: () => PolicySources): AdmissionStep {
  let kept:
    | {
        readonly policies: ByWorkspace<ValidatingAdmissionPolicy>;
        readonly bindings: ByWorkspace<ValidatingAdmissionPolicyBinding>;
      }
    | undefined;
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(request, core) {
      const { target, options } = request;
      if (options.user === undefined || isPolicyKind(target.definition.info)) return;
      const { client, policies, bindings } = sources();
      kept ??= { policies: new ByWorkspace(policies), bindings: new ByWorkspace(bindings) };
      await Promise.all([policies.whenSynced(), bindings.whenSynced()]);
      const own = kept.policies.of(target.workspace);
      const bound = kept.bindings.of(target.workspace);
      if (own.length === 0 || bound.length === 0) return;
      const policyRequest = await toPolicyRequest(request, client);
      const findParams = await loadParams(own, bound, policyRequest, request, core, client);
      for (const warning of admitByPolicies(own, bound, policyRequest, findParams)) request.warn(warning);
    },
  };
}

/** A policy must stay changeable, whatever it says. */
const isPolicyKind = ({ group, resource }: { readonly group: string; readonly resource: string }): boolean =>
  group === GROUP && (resource === POLICIES.resource || resource === BINDINGS.resource);

/** An informer's objects by workspace, so that a workspace without policies pays nothing for those that have some. */
class ByWorkspace<T extends KubeObject> {
  private readonly objects = new Map<string, Map<string, T>>();

  constructor(informer: HubInformer<T>) {
    informer.subscribe(({ workspace, object, previous }) => {
      const name = (object ?? previous)?.metadata.name ?? '';
      const own = this.objects.get(workspace) ?? new Map<string, T>();
      if (object === undefined) own.delete(name);
      else own.set(name, object);
      if (own.size === 0) this.objects.delete(workspace);
      else this.objects.set(workspace, own);
    });
  }

  of(workspace: string): readonly T[] {
    return [...(this.objects.get(workspace)?.values() ?? [])];
  }
}

async function toPolicyRequest(
  { operation, target, object, old, options }: AdmissionRequest,
  client: HubClient,
): Promise<PolicyRequest> {
  const { info } = target.definition;
  const namespace = info.namespaced
    ? target.namespace
    : info.group === '' && info.resource === 'namespaces'
      ? target.name
      : '';
  const namespaceObject =
    info.namespaced && namespace !== ''
      ? await client.get({ workspace: target.workspace, group: '', resource: 'namespaces', name: namespace })
      : undefined;
  return {
    operation: operation === 'create' ? 'CREATE' : operation === 'update' ? 'UPDATE' : 'DELETE',
    resource: { group: info.group, version: info.version, resource: info.resource },
    kind: info.kind,
    subresource: target.subresource,
    namespace,
    name: target.name || (object.metadata.name ?? ''),
    object: operation === 'delete' ? undefined : object,
    oldObject: operation === 'delete' ? object : old,
    namespaceObject,
    user: options.user ?? { name: '', groups: [], extra: {} },
    dryRun: options.dryRun,
  };
}

/** Reads the parameters of every binding that matches, so that judging itself is pure. */
async function loadParams(
  policies: readonly ValidatingAdmissionPolicy[],
  bindings: readonly ValidatingAdmissionPolicyBinding[],
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
