/** A request as policies and webhooks see it (apiserver `admission.Attributes`). */
import type { UserInfo } from '../../kube/api.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import type { GroupVersionKind, GroupVersionResource } from '../../kube/resource.ts';
import { isConverted } from '../conversion/converted-entries.ts';
import type { AdmissionRequest, HubCore, Target } from '../core.ts';
import { toScaleManagers } from '../patch/scale-managers.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { replicasPaths, toScale } from '../write/scale-object.ts';

export interface PolicyRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** As the client asked. */
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
  /** As a rule matched it: an equivalent version. Absent: as the client asked. */
  readonly matched?: { readonly resource: GroupVersionResource; readonly kind: GroupVersionKind };
  readonly subresource: string;
  /** '' for cluster-scoped objects; a Namespace's own name for itself. */
  readonly namespace: string;
  readonly name: string;
  /** Absent for deletes. */
  readonly object: KubeObject | undefined;
  /** Absent for creates. */
  readonly oldObject: KubeObject | undefined;
  /** Of namespaced requests. */
  readonly namespaceObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly options?: Json;
}

const NAMESPACES = { group: '', resource: 'namespaces' };
const SCALE: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const OPERATIONS = {
  create: { operation: 'CREATE', options: 'CreateOptions' },
  update: { operation: 'UPDATE', options: 'UpdateOptions' },
  delete: { operation: 'DELETE', options: 'DeleteOptions' },
} as const;

/** Reads the request's namespace, which selectors and expressions may ask for. Only while it is mutated does a Scale say who manages it. */
export async function toPolicyRequest(
  request: AdmissionRequest,
  core: HubCore,
  phase: 'mutating' | 'validating',
): Promise<PolicyRequest> {
  const { target, object, old, options } = request;
  const { info } = target.definition;
  const { operation, options: optionsKind } = OPERATIONS[request.operation];
  const [present, before] = request.operation === 'delete' ? [undefined, object] : [object, old];
  const seen = (one: KubeObject | undefined): KubeObject | undefined =>
    one === undefined || target.subresource !== 'scale'
      ? one
      : phase === 'mutating'
        ? managedScale(target, one)
        : toScale(target, one);
  return {
    operation,
    resource: { group: info.group, version: info.version, resource: info.resource },
    kind: kindOf(target.definition, target.subresource),
    subresource: target.subresource,
    namespace: namespaceOf(request),
    name: target.name || (object.metadata.name ?? ''),
    object: seen(present),
    oldObject: seen(before),
    namespaceObject: await readNamespace(request, core),
    user: options.user ?? { name: '', groups: [], extra: {} },
    dryRun: options.dryRun,
    options: { kind: optionsKind, apiVersion: 'meta.k8s.io/v1', ...options.sent },
  };
}

function managedScale(target: Target, object: KubeObject): KubeObject {
  const scale = toScale(target, object);
  const managedFields = toScaleManagers(object.metadata.managedFields, replicasPaths(target));
  return managedFields === undefined ? scale : { ...scale, metadata: { ...scale.metadata, managedFields } };
}

/** Of the body: a subresource may have a kind of its own. */
export const kindOf = ({ info }: ResourceDefinition, subresource: string): GroupVersionKind =>
  subresource === 'scale' ? SCALE : { group: info.group, version: info.version, kind: info.kind };

function namespaceOf({ target, object }: AdmissionRequest): string {
  const { info } = target.definition;
  if (info.namespaced) return target.namespace;
  return info.group === '' && info.resource === 'namespaces' ? target.name || (object.metadata.name ?? '') : '';
}

async function readNamespace({ target }: AdmissionRequest, core: HubCore): Promise<KubeObject | undefined> {
  const { workspace, namespace } = target;
  if (!target.definition.info.namespaced || namespace === '') return undefined;
  const definition = (await core.catalog.of(workspace)).preferred(NAMESPACES);
  const entry = definition && (await core.objects.read({ workspace, definition, namespace: '', name: namespace }));
  return definition && entry && core.objects.decode(definition, entry);
}

/** The same object in another version of its kind. Throws ApiError 500 where a webhook would have to convert it and does not. */
export async function convertObject(
  core: HubCore,
  workspace: string,
  from: ResourceDefinition,
  to: ResourceDefinition,
  object: KubeObject | undefined,
): Promise<KubeObject | undefined> {
  if (object === undefined || from === to) return object;
  if (isConverted(from)) return core.objects.converter.object(from, workspace, object, to.info.version);
  const copy = structuredClone(object);
  from.storage?.toStored(copy);
  to.storage?.fromStored(copy);
  const { group, version, kind } = to.info;
  return { ...copy, apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

/** What webhooks get as `request` and expressions read as it, but for objects and uid (admission.k8s.io/v1 AdmissionRequest). */
export function requestValue(request: PolicyRequest): { readonly [key: string]: Json } {
  const requested = { resource: { ...request.resource }, kind: { ...request.kind } };
  const matched = request.matched === undefined ? requested : structuredClone(request.matched);
  const { name, uid = '', groups, extra } = request.user;
  return {
    kind: { ...matched.kind },
    resource: { ...matched.resource },
    subResource: request.subresource,
    requestKind: requested.kind,
    requestResource: requested.resource,
    requestSubResource: request.subresource,
    name: request.name,
    namespace: request.namespace,
    operation: request.operation,
    userInfo: {
      username: name,
      uid,
      groups: [...groups],
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
    },
    dryRun: request.dryRun,
    options: request.options ?? null,
  };
}
