/**
 * LimitRange: defaults for containers of new pods, and bounds for containers, pods and claims (plugin/limitranger). Only
 * pods and claims are looked at: what a Deployment makes of its template is made in a cluster, under that cluster's limits.
 */
import type { KubeObject } from '../../kube/object.ts';
import { formatQuantity, type Quantity, quantityToNumber } from '../../kube/quantity.ts';
import type { GroupResource } from '../../kube/resource.ts';
import { forbidden } from '../../kube/status.ts';
import type { AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';
import { collectionPrefix } from '../keys.ts';
import {
  type Container,
  type Pod,
  podResources,
  type ResourceList,
  type Resources,
  resourcesOf,
} from './pod-resources.ts';

const RANGES: GroupResource = { group: '', resource: 'limitranges' };
const ANNOTATION = 'kubernetes.io/limit-ranger';

interface Limit {
  readonly type: string;
  readonly min?: ResourceList;
  readonly max?: ResourceList;
  readonly maxLimitRequestRatio?: ResourceList;
  readonly default?: ResourceList;
  readonly defaultRequest?: ResourceList;
}

interface LimitRange extends KubeObject {
  readonly spec?: { readonly limits?: readonly Limit[] };
}

export const LIMIT_RANGER: AdmissionStep = {
  name: 'LimitRanger',
  mutate(request, core) {
    if (request.operation !== 'create' || !isPod(request)) return false;
    return rangesFor(request, core).then((ranges) => {
      const set = ranges.map((range) => setDefaults(request.object as Pod, range));
      return set.includes(true);
    });
  },
  validate(request, core) {
    const { operation, target, old } = request;
    const { group, resource } = target.definition.info;
    const isClaim = group === '' && resource === 'persistentvolumeclaims';
    // A pod's containers cannot change later, but in their images.
    const looked = (isPod(request) && operation === 'create') || (isClaim && operation !== 'delete');
    if (!looked || target.subresource !== '' || old?.metadata.deletionTimestamp !== undefined) return;
    return rangesFor(request, core).then((ranges) => {
      for (const range of ranges) {
        const faults = isClaim ? claimFaults(range, request.object) : podFaults(range, request.object as Pod);
        const texts = [...new Set(faults)];
        if (texts.length === 0) continue;
        const why = texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`;
        throw forbidden(target.definition.info, request.object.metadata.name ?? '', why);
      }
    });
  },
};

const isPod = ({ target: { definition, subresource } }: AdmissionRequest): boolean =>
  definition.info.group === '' && definition.info.resource === 'pods' && subresource === '';

async function rangesFor({ target }: AdmissionRequest, core: HubCore): Promise<readonly LimitRange[]> {
  const { workspace, namespace } = target;
  const { entries } = await core.store.list(collectionPrefix(workspace, RANGES, namespace));
  if (entries.length === 0) return [];
  const definition = (await core.catalog.of(workspace)).preferred(RANGES);
  return definition === undefined
    ? []
    : entries.map((entry) => core.objects.decode(definition, core.objects.open(entry)) as LimitRange);
}

const limitsOf = ({ spec }: LimitRange, type: string): readonly Limit[] =>
  (spec?.limits ?? []).filter((limit) => limit.type === type);

/** Mutates the pod, a private copy; says in an annotation what it set. */
function setDefaults(pod: Pod, range: LimitRange): boolean {
  const limits = limitsOf(range, 'Container');
  const defaults = {
    limits: Object.assign({}, ...limits.map((limit) => limit.default)) as ResourceList,
    requests: Object.assign({}, ...limits.map((limit) => limit.defaultRequest)) as ResourceList,
  };
  const set = [
    ...(pod.spec.containers ?? []).flatMap((container) => fill(container, defaults, 'container')),
    ...(pod.spec.initContainers ?? []).flatMap((container) => fill(container, defaults, 'init container')),
  ];
  if (set.length === 0) return false;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${set.join('; ')}`,
  };
  return true;
}

function fill(
  container: Container,
  defaults: Readonly<Record<'limits' | 'requests', ResourceList>>,
  what: string,
): string[] {
  const resources: Record<string, unknown> = { ...container.resources };
  const told = (['requests', 'limits'] as const).flatMap((kind) => {
    const own = container.resources?.[kind] ?? {};
    const missing = Object.keys(defaults[kind]).filter((name) => !Object.hasOwn(own, name));
    if (missing.length === 0) return [];
    resources[kind] = { ...own, ...Object.fromEntries(missing.map((name) => [name, defaults[kind][name]])) };
    return [`${missing.sort().join(', ')} ${kind === 'requests' ? 'request' : 'limit'} for ${what} ${container.name}`];
  });
  if (told.length > 0) Object.assign(container, { resources });
  return told;
}

function podFaults(range: LimitRange, pod: Pod): string[] {
  const containers = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
  return [
    ...limitsOf(range, 'Container').flatMap((limit) =>
      containers.flatMap(({ resources }) =>
        boundFaults(limit, resourcesOf(resources?.requests), resourcesOf(resources?.limits)),
      ),
    ),
    ...limitsOf(range, 'Pod').flatMap((limit) =>
      boundFaults(limit, podResources(pod, 'requests'), podResources(pod, 'limits')),
    ),
  ];
}

function claimFaults(range: LimitRange, claim: KubeObject): string[] {
  const { resources } = (claim.spec ?? {}) as { resources?: { requests?: ResourceList } };
  const requests = resourcesOf(resources?.requests);
  return limitsOf(range, 'PersistentVolumeClaim').flatMap(({ type, min, max }) => [
    ...each(min, (name, bound) => minFault(type, name, bound, requests.get(name), undefined)),
    ...each(max, (name, bound) => {
      const request = requests.get(name);
      const usage = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
      if (request === undefined) return `${usage}.  No request is specified`;
      return request.nanos > bound.nanos ? `${usage}, but request is ${formatQuantity(request)}` : undefined;
    }),
  ]);
}

const boundFaults = (
  { type, min, max, maxLimitRequestRatio }: Limit,
  requests: Resources,
  limits: Resources,
): string[] => [
  ...each(min, (name, bound) => minFault(type, name, bound, requests.get(name), limits.get(name))),
  ...each(max, (name, bound) => maxFault(type, name, bound, requests.get(name), limits.get(name))),
  ...each(maxLimitRequestRatio, (name, bound) => ratioFault(type, name, bound, requests.get(name), limits.get(name))),
];

function each(list: ResourceList | undefined, fault: (name: string, bound: Quantity) => string | undefined): string[] {
  return [...resourcesOf(list)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, bound]) => {
      const found = fault(name, bound);
      return found === undefined ? [] : [found];
    });
}

type Fault = (
  type: string,
  name: string,
  bound: Quantity,
  request: Quantity | undefined,
  limit: Quantity | undefined,
) => string | undefined;

const minFault: Fault = (type, name, bound, request, limit) => {
  const usage = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (request === undefined) return `${usage}.  No request is specified`;
  if (request.nanos < bound.nanos) return `${usage}, but request is ${formatQuantity(request)}`;
  return limit !== undefined && limit.nanos < bound.nanos
    ? `${usage}, but limit is ${formatQuantity(limit)}`
    : undefined;
};

const maxFault: Fault = (type, name, bound, request, limit) => {
  const usage = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  if (limit === undefined) return `${usage}.  No limit is specified`;
  if (limit.nanos > bound.nanos) return `${usage}, but limit is ${formatQuantity(limit)}`;
  return request !== undefined && request.nanos > bound.nanos
    ? `${usage}, but request is ${formatQuantity(request)}`
    : undefined;
};

const ratioFault: Fault = (type, name, bound, request, limit) => {
  const usage = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  if (!request?.nanos) return `${usage}, but no request is specified or request is 0`;
  if (!limit?.nanos) return `${usage}, but no limit is specified or limit is 0`;
  const ratio = quantityToNumber(limit) / quantityToNumber(request);
  return ratio > quantityToNumber(bound) ? `${usage}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
};
