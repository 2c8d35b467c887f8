/** What an update of a Service means by the addresses that it names or leaves out (core/service `NormalizeClusterIPs`, `patchAllocatedValues`). */
import type { KubeObject } from '../../kube/object.ts';

interface Addresses {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
}
const specOf = (service: KubeObject): Addresses => (service.spec ?? {}) as Addresses;
const hasAddress = ({ type }: Addresses): boolean => type !== 'ExternalName';
const isSame = (left: readonly string[] = [], right: readonly string[] = []): boolean =>
  left.length === right.length && left.every((one, at) => one === right[at]);

/** The older field is the newer one's first: who changes only the older one means both. Mutates a private copy. */
export function keepAddresses(service: KubeObject, old: KubeObject): void {
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
