/** Services → EndpointSlices of the pods they select (discovery.k8s.io/v1). */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../kube/object.ts';
import { parseObjectKey, startController, watching } from '../reconcile/controller.ts';
import type { EmbeddedContext } from './context.ts';
import {
  CLUSTER_WORKSPACE,
  controllerReference,
  ENDPOINT_SLICES,
  isReady,
  PODS,
  type Pod,
  SERVICES,
  type Service,
} from './types.ts';
import { ignoreStale, keyOf } from './workload-controller.ts';

const MANAGER = { fieldManager: 'kube-controller-manager' };
/** discovery.k8s.io/v1 allows 1,000; kube-controller-manager fills slices to 100. */
const SLICE_SIZE = 100;

export function startEndpointsController(context: EmbeddedContext): void {
  const services = context.informer<Service>(SERVICES);
  const pods = context.informer<Pod>(PODS);
  const servicesOf = (pod: Pod): string[] =>
    [...services.list()]
      .filter(({ object }) => object.metadata.namespace === pod.metadata.namespace && selects(object, pod))
      .map(({ object }) => keyOf(object));
  startController({
    name: `${context.clusterName}/endpoints`,
    sources: [
      watching(services, ({ object }) => (object ? [keyOf(object)] : [])),
      watching(
        pods,
        ({ object, previous }) => new Set([object, previous].flatMap((pod) => (pod ? servicesOf(pod) : []))),
      ),
    ],
    signal: context.signal,
    log: context.log,
    clock: context.clock,
    concurrency: 4,
    reconcile: async (key) => {
      const { namespace, name } = parseObjectKey(key);
      const service = await context.cluster.get<Service>({
        ...SERVICES,
        workspace: CLUSTER_WORKSPACE,
        namespace,
        name,
      });
      if (!service || service.metadata.deletionTimestamp || !service.spec.selector) return undefined;
      const { items } = await context.cluster.list<Pod>(CLUSTER_WORKSPACE, PODS, { namespace });
      const selected = items.map(({ object }) => object).filter((pod) => selects(service, pod));
      await reconcileSlices(context, service, planSlices(service, selected));
      return undefined;
    },
  });
}

const selects = (service: Service, pod: Pod): boolean => {
  const selector = Object.entries(service.spec.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => pod.metadata.labels?.[key] === value);
};

interface EndpointSlice extends KubeObject {
  endpoints: unknown[];
  ports: unknown[];
}

/** Pure: the slices that a Service wants, in a stable order. */
export function planSlices(service: Service, pods: readonly Pod[]): EndpointSlice[] {
  const withAddress = pods
    .filter((pod) => pod.status?.podIP && pod.status.phase === 'Running')
    .sort((a, b) => (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''));
  const ports = (service.spec.ports ?? []).map((port) => ({
    name: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
    port: targetPort(port, withAddress[0]),
    ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
  }));
  const slices = Math.max(1, Math.ceil(withAddress.length / SLICE_SIZE));
  return Array.from({ length: slices }, (_, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName(service, index),
      namespace: service.metadata.namespace ?? '',
      labels: {
        ...service.metadata.labels,
        'kubernetes.io/service-name': service.metadata.name ?? '',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    endpoints: withAddress.slice(index * SLICE_SIZE, (index + 1) * SLICE_SIZE).map((pod) => endpointOf(pod, service)),
    ports,
  }));
}

const sliceName = (service: Service, index: number): string =>
  `${service.metadata.name}-${createHash('sha256').update(`${service.metadata.uid}/${index}`).digest('hex').slice(0, 5)}`;

function endpointOf(pod: Pod, service: Service) {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  return {
    addresses: [pod.status?.podIP],
    conditions: {
      ready: (serving && !terminating) || service.spec.publishNotReadyAddresses === true,
      serving,
      terminating,
    },
    nodeName: pod.spec.nodeName,
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

function targetPort(port: NonNullable<Service['spec']['ports']>[number], pod: Pod | undefined): number {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const named = pod?.spec.containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === target);
  return named?.containerPort ?? port.port;
}

async function reconcileSlices(
  context: EmbeddedContext,
  service: Service,
  wanted: readonly EndpointSlice[],
): Promise<void> {
  const namespace = service.metadata.namespace ?? '';
  const { items } = await context.cluster.list<EndpointSlice>(CLUSTER_WORKSPACE, ENDPOINT_SLICES, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${service.metadata.name}`,
  });
  const present = new Map(items.map(({ object }) => [object.metadata.name, object]));
  for (const slice of wanted) {
    const before = present.get(slice.metadata.name);
    present.delete(slice.metadata.name);
    if (!before) await ignoreStale(context.cluster.create(CLUSTER_WORKSPACE, ENDPOINT_SLICES, slice, MANAGER));
    else if (
      JSON.stringify([before.endpoints ?? [], before.ports ?? []]) !== JSON.stringify([slice.endpoints, slice.ports])
    ) {
      const draft = { ...before, endpoints: slice.endpoints, ports: slice.ports };
      await ignoreStale(context.cluster.update(CLUSTER_WORKSPACE, ENDPOINT_SLICES, draft, MANAGER));
    }
  }
  for (const name of present.keys()) {
    await context.cluster.delete({ ...ENDPOINT_SLICES, workspace: CLUSTER_WORKSPACE, namespace, name: name ?? '' });
  }
}
