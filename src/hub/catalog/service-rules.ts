/** What an update of a Service means by the addresses that it names or leaves out (core/service `NormalizeClusterIPs`, `patchAllocatedValues`). */
import type { KubeObject } from '../../kube/object.ts';

interface Addresses {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilyPolicy?: string;
  selector?: object;
  externalIPs?: string[];
  externalTrafficPolicy?: string;
  internalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
  loadBalancerClass?: string;
  ports?: { nodePort?: number }[];
}
const specOf = (service: KubeObject): Addresses => (service.spec ?? {}) as Addresses;
const hasAddress = ({ type }: Addresses): boolean => type !== 'ExternalName';
const hasNodePorts = ({ type }: Addresses): boolean => type === 'NodePort' || type === 'LoadBalancer';
const isExternal = (spec: Addresses): boolean =>
  hasNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
const isSame = (left: readonly string[] = [], right: readonly string[] = []): boolean =>
  left.length === right.length && left.every((one, at) => one === right[at]);

/**
 * What follows from the addresses that are given; addresses themselves a cluster chooses. Upstream's allocators say so,
 * after it is noted who owns which field. Mutates a private copy.
 */
export function completeAddresses(service: KubeObject): void {
  const spec = specOf(service);
  if (spec.clusterIPs === undefined && typeof spec.clusterIP === 'string' && spec.clusterIP !== '')
    spec.clusterIPs = [spec.clusterIP];
  // A headless service without selector follows its endpoints, of whatever family.
  const followsEndpoints = spec.clusterIP === 'None' && spec.selector === undefined;
  if (hasAddress(spec) && !followsEndpoints) spec.ipFamilyPolicy ??= 'SingleStack';
}

/** Of an update. Mutates a private copy. */
export function prepareService(service: KubeObject, old: KubeObject): void {
  dropUnused(specOf(service), specOf(old));
  keepAddresses(service, old);
  completeAddresses(service);
}

/** What only the old type used goes, where it is as it was (core/service `dropTypeDependentFields`). */
function dropUnused(now: Addresses, before: Addresses): void {
  if (hasAddress(before) && !hasAddress(now)) {
    const same = now.clusterIP === before.clusterIP && isSame(now.clusterIPs, before.clusterIPs);
    if (same || (now.clusterIP ?? '') === '') {
      delete now.clusterIP;
      delete now.clusterIPs;
    }
    for (const field of ['ipFamilyPolicy', 'internalTrafficPolicy'] as const)
      if (now[field] === before[field]) delete now[field];
  }
  if (hasNodePorts(before) && !hasNodePorts(now) && hasSameNodePorts(now, before))
    for (const port of now.ports ?? []) delete port.nodePort;
  if (isExternal(before) && !isExternal(now) && now.externalTrafficPolicy === before.externalTrafficPolicy)
    delete now.externalTrafficPolicy;
  if (before.type !== 'LoadBalancer' || now.type === 'LoadBalancer') return;
  for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const)
    if (now[field] === before[field]) delete now[field];
}

const hasSameNodePorts = ({ ports: now = [] }: Addresses, { ports: before = [] }: Addresses): boolean =>
  now.every(({ nodePort }) => nodePort === undefined || before.some((one) => one.nodePort === nodePort));

/** The older field is the newer one's first: who changes only the older one means both. Mutates a private copy. */
function keepAddresses(service: KubeObject, old: KubeObject): void {
  const [now, before] = [specOf(service), specOf(old)];
  if (!hasAddress(now) || !hasAddress(before)) return;
  const left = (now.clusterIP ?? '') === '';
  if (!left && now.clusterIP !== before.clusterIP && isSame(now.clusterIPs, before.clusterIPs))
    now.clusterIPs = [now.clusterIP as string];
  // Left out is as it was.
  if (
    left &&
    (before.clusterIP ?? '') !== '' &&
    ((now.clusterIPs ?? []).length === 0 || isSame(now.clusterIPs, before.clusterIPs))
  ) {
    now.clusterIP = before.clusterIP as string;
    if (before.clusterIPs !== undefined) now.clusterIPs = [...before.clusterIPs];
  }
}
