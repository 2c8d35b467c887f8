/** What an object uses of the resources that a ResourceQuota may limit (pkg/quota/v1/evaluator/core). Pure. */
import type { KubeObject } from '../../kube/object.ts';
import { parseQuantity, type Quantity } from '../../kube/quantity.ts';
import { type GroupResource, groupResourceName } from '../../kube/resource.ts';
import { type Pod, podResources, type Resources, resourcesOf } from './pod-resources.ts';

const ONE: Quantity = parseQuantity('1');
const COUNT = 'count/';
const STORAGE_CLASS = '.storageclass.storage.k8s.io/';

/** Kinds that a quota may also count by their bare name. */
const BARE = new Set(['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets']);

interface Evaluator {
  /** Does a quota on this resource concern the kind? */
  measures(name: string): boolean;
  usage(object: KubeObject, now: number): Resources;
}

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const POD_RESOURCES = new Set([
  'pods',
  'count/pods',
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Not of Kubernetes' own (v1helper IsNativeResource): `nvidia.com/gpu`. */
const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/');

const EVALUATORS: Readonly<Record<string, Evaluator>> = {
  pods: {
    measures: (name) =>
      POD_RESOURCES.has(name) ||
      /^(requests\.)?hugepages-/.test(name) ||
      (name.startsWith('requests.') && isExtended(name)),
    usage: (object, now) => podUsage(object as Pod, now),
  },
  services: {
    measures: (name) => ['services', 'count/services', 'services.nodeports', 'services.loadbalancers'].includes(name),
    usage: (object) => serviceUsage(object as Service),
  },
  persistentvolumeclaims: {
    measures: (name) =>
      /^((.+\.storageclass\.storage\.k8s\.io|count)\/)?persistentvolumeclaims$/.test(name) ||
      /^(.+\.storageclass\.storage\.k8s\.io\/)?requests\.storage$/.test(name),
    usage: (object) => claimUsage(object as Claim),
  },
};

/** Counts objects, and nothing else, for all other kinds. */
function counter(kind: GroupResource): Evaluator {
  const name = groupResourceName(kind);
  const names = [`${COUNT}${name}`, ...(BARE.has(name) ? [name] : [])];
  const usage = new Map(names.map((one) => [one, ONE]));
  return { measures: (one) => names.includes(one), usage: () => usage };
}

export function evaluatorFor(kind: GroupResource): Evaluator {
  const name = groupResourceName(kind);
  return Object.hasOwn(EVALUATORS, name) ? (EVALUATORS[name] as Evaluator) : counter(kind);
}

/** The kind that a quota's resource is used by; undefined for none that is known. */
export function measuredKind(name: string): GroupResource | undefined {
  for (const resource of Object.keys(EVALUATORS))
    if (EVALUATORS[resource]?.measures(name)) return { group: '', resource };
  const counted = name.startsWith(COUNT) ? name.slice(COUNT.length) : BARE.has(name) ? name : undefined;
  if (counted === undefined) return undefined;
  const dot = counted.indexOf('.');
  return dot < 0
    ? { group: '', resource: counted }
    : { group: counted.slice(dot + 1), resource: counted.slice(0, dot) };
}

/** True where counting objects is all that the resource asks for: no object need be read. */
export const isPlainCount = (name: string): boolean =>
  name.startsWith(COUNT) || BARE.has(name) || name === 'services' || name === 'persistentvolumeclaims';

function podUsage(pod: Pod, now: number): Resources {
  const usage = new Map<string, Quantity>([['count/pods', ONE]]);
  if (!isCharged(pod, now)) return usage;
  for (const [name, quantity] of containerUsage(podResources(pod, 'requests'), podResources(pod, 'limits')))
    usage.set(name, quantity);
  return usage;
}

/** What quotas call the resources of a container, or of a whole pod. */
export function containerUsage(requests: Resources, limits: Resources): Resources {
  const usage = new Map<string, Quantity>([['pods', ONE]]);
  for (const [name, quantity] of requests) {
    if (COMPUTE.includes(name) || name.startsWith('hugepages-')) usage.set(name, quantity);
    if (COMPUTE.includes(name) || name.startsWith('hugepages-') || isExtended(name))
      usage.set(`requests.${name}`, quantity);
  }
  for (const [name, quantity] of limits) if (COMPUTE.includes(name)) usage.set(`limits.${name}`, quantity);
  return usage;
}

/** Neither ended nor stuck beyond its grace period. */
function isCharged({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1_000;
}

interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly ports?: readonly { readonly nodePort?: number }[];
    readonly allocateLoadBalancerNodePorts?: boolean;
  };
}

function serviceUsage({ spec = {} }: Service): Resources {
  const { type, ports = [], allocateLoadBalancerNodePorts } = spec;
  const nodePorts =
    type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false)
      ? ports.length
      : type === 'LoadBalancer'
        ? ports.filter(({ nodePort }) => nodePort).length
        : 0;
  return new Map([
    ['count/services', ONE],
    ['services', ONE],
    ['services.loadbalancers', parseQuantity(type === 'LoadBalancer' ? '1' : '0')],
    ['services.nodeports', parseQuantity(String(nodePorts))],
  ]);
}

interface Claim extends KubeObject {
  readonly spec?: {
    readonly storageClassName?: string;
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
  };
  readonly status?: { readonly allocatedResources?: Readonly<Record<string, string>> };
}

const NANO = 1_000_000_000n;

function claimUsage({ metadata, spec, status }: Claim): Resources {
  const usage = new Map<string, Quantity>([
    ['persistentvolumeclaims', ONE],
    ['count/persistentvolumeclaims', ONE],
  ]);
  const asked = resourcesOf(spec?.resources?.requests).get('storage');
  const allocated = resourcesOf(status?.allocatedResources).get('storage');
  const storage = asked && allocated && allocated.nanos > asked.nanos ? allocated : asked;
  // Whole bytes.
  const whole = storage && { ...storage, nanos: ((storage.nanos + NANO - 1n) / NANO) * NANO };
  const storageClass =
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
  if (whole !== undefined) usage.set('requests.storage', whole);
  if (storageClass === '') return usage;
  usage.set(`${storageClass}${STORAGE_CLASS}persistentvolumeclaims`, ONE);
  if (whole !== undefined) usage.set(`${storageClass}${STORAGE_CLASS}requests.storage`, whole);
  return usage;
}
