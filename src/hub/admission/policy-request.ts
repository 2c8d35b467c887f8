/** A request as policies see it. */
import type { UserInfo } from '../../kube/api.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import type { GroupVersionResource } from '../../kube/resource.ts';

export interface PolicyRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly resource: GroupVersionResource;
  readonly kind: string;
  readonly subresource: string;
  /** '' for cluster-scoped objects. */
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

/** The expression variable `request` (admission.k8s.io/v1 AdmissionRequest). */
export function requestValue(request: PolicyRequest): Json {
  const { group, version, resource } = request.resource;
  const kind = { group, version, kind: request.kind };
  const gvr = { group, version, resource };
  const { name, uid = '', groups, extra } = request.user;
  return {
    kind,
    resource: gvr,
    subResource: request.subresource,
    requestKind: kind,
    requestResource: gvr,
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
