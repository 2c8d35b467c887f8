/** What kube-apiserver warns of in Services (pkg/api/service/warnings.go). */
import type { KubeObject } from '../../../kube/object.ts';

interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly externalIPs?: readonly string[];
  readonly externalName?: string;
  readonly loadBalancerIP?: string;
  readonly sessionAffinity?: string;
  readonly trafficDistribution?: string;
}

const HINTS = 'service.kubernetes.io/topology-aware-hints';

export function serviceWarnings({ metadata, spec }: KubeObject): string[] {
  const { type, clusterIP, externalIPs = [], externalName, ...rest } = (spec ?? {}) as ServiceSpec;
  const headless = type === 'ClusterIP' && clusterIP === 'None';
  const external = type === 'ExternalName';
  const ignored = (field: string): string => `spec.${field} is ignored for headless services`;
  return [
    ...(Object.hasOwn(metadata.annotations ?? {}, HINTS)
      ? [`annotation ${HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`]
      : []),
    ...(headless && rest.loadBalancerIP ? [ignored('loadBalancerIP')] : []),
    ...(headless && externalIPs.length > 0 ? [ignored('externalIPs')] : []),
    ...(headless && rest.sessionAffinity !== 'None' ? [ignored('SessionAffinity')] : []),
    ...(externalIPs.length > 0 && !headless && !external
      ? ['spec.externalIPs is deprecated and may no longer be implemented in some clusters']
      : []),
    ...(external && externalIPs.length > 0 ? ['spec.externalIPs is ignored when spec.type is "ExternalName"'] : []),
    ...(!external && externalName ? ['spec.externalName is ignored when spec.type is not "ExternalName"'] : []),
    ...(rest.trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ];
}
