/** What a pod asks for as a whole (component-helpers `resource/helpers.go`): sums of containers, peaks of init containers. */
import type { KubeObject } from '../../kube/object.ts';
import { addQuantities, parseQuantity, type Quantity } from '../../kube/quantity.ts';

export type Resources = ReadonlyMap<string, Quantity>;
export type ResourceList = Readonly<Record<string, string | number>>;

export interface Requirements {
  readonly requests?: ResourceList;
  readonly limits?: ResourceList;
}

export interface Container {
  readonly name: string;
  readonly resources?: Requirements;
  readonly restartPolicy?: string;
}

export interface Pod extends KubeObject {
  readonly spec: {
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly resources?: Requirements;
    readonly activeDeadlineSeconds?: number;
    readonly priorityClassName?: string;
    readonly affinity?: Readonly<Record<string, Affinity | undefined>>;
  };
  readonly status?: { readonly phase?: string };
}

interface Affinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly AffinityTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly { readonly podAffinityTerm?: AffinityTerm }[];
}
export interface AffinityTerm {
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: object;
}

/** Of what a pod as a whole may ask for itself; it stands for what its containers ask for. */
const POD_LEVEL = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/** Quantities are valid by then. */
export const resourcesOf = (list: ResourceList | undefined): Map<string, Quantity> =>
  new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(String(text))]));

export function podResources({ spec }: Pod, kind: 'requests' | 'limits'): Resources {
  const total = new Map<string, Quantity>();
  for (const { resources } of spec.containers ?? []) add(total, resourcesOf(resources?.[kind]));
  const sidecars = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const own = resourcesOf(resources?.[kind]);
    if (restartPolicy === 'Always') {
      add(total, own);
      add(sidecars, own);
      raise(peak, sidecars);
    } else {
      add(own, sidecars);
      raise(peak, own);
    }
  }
  raise(total, peak);
  for (const [name, quantity] of resourcesOf(spec.resources?.[kind])) if (POD_LEVEL(name)) total.set(name, quantity);
  return total;
}

function add(total: Map<string, Quantity>, more: Resources): void {
  for (const [name, quantity] of more) {
    const before = total.get(name);
    total.set(name, before === undefined ? quantity : addQuantities(before, quantity));
  }
}

function raise(total: Map<string, Quantity>, floor: Resources): void {
  for (const [name, quantity] of floor) {
    const before = total.get(name);
    if (before === undefined || before.nanos < quantity.nanos) total.set(name, quantity);
  }
}

/** Nothing asked for in cpu and memory, by no container (helper/qos GetPodQOS). */
export function isBestEffort({ spec }: Pod): boolean {
  const asks = ({ requests, limits }: Requirements): boolean =>
    [requests, limits].some((list) =>
      Object.entries(list ?? {}).some(
        ([name, text]) => (name === 'cpu' || name === 'memory') && parseQuantity(String(text)).nanos > 0n,
      ),
    );
  if (spec.resources !== undefined && asks(spec.resources)) return false;
  return ![...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(({ resources }) => asks(resources ?? {}));
}
