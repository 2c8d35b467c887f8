/** Services, endpoints, ingresses and network policies. */
import type { KubeObject } from '../../kube/object.ts';
import { groupResourceName } from '../../kube/resource.ts';
import { ageOf, labelsText, listed, nameOf, type SelectorShape, selectorText, sortedUnique } from './cells.ts';
import { AGE, column, NAME, wide } from './columns.ts';
import { type Printers, printer } from './printer.ts';

interface LoadBalancer {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

interface ServiceShape {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly externalName?: string;
    readonly ports?: readonly { readonly port: number; readonly nodePort?: number; readonly protocol?: string }[];
    readonly selector?: Record<string, string>;
  };
  readonly status?: LoadBalancer;
}

interface EndpointsShape {
  readonly subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string }[];
    readonly ports?: readonly { readonly port: number }[];
  }[];
}

interface EndpointSliceShape {
  readonly addressType?: string;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
  readonly endpoints?: readonly { readonly addresses?: readonly string[] }[];
}

interface IngressShape {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly rules?: readonly { readonly host?: string }[];
    readonly tls?: readonly unknown[];
  };
  readonly status?: LoadBalancer;
}

export const networkingPrinters: Printers = {
  '/Service': printer<ServiceShape>(
    [
      NAME,
      column('Type', 'How the service is exposed.'),
      column('Cluster-IP', 'Address inside the cluster.'),
      column('External-IP', 'Addresses outside the cluster.'),
      column('Port(s)', 'Ports, with node ports where there are any.'),
      AGE,
      wide('Selector', 'Labels that select the pods.'),
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.type ?? '',
      object.spec?.clusterIPs?.[0] ?? '<none>',
      externalAddress(object),
      (object.spec?.ports ?? []).map(portText).join(',') || '<none>',
      ageOf(object, now),
      labelsText(object.spec?.selector),
    ],
  ),
  '/Endpoints': printer<EndpointsShape>(
    [NAME, column('Endpoints', 'Addresses and ports behind the service.'), AGE],
    (object, now) => [nameOf(object), endpointsText(object), ageOf(object, now)],
  ),
  'discovery.k8s.io/EndpointSlice': printer<EndpointSliceShape>(
    [
      NAME,
      column('AddressType', 'Kind of the addresses.'),
      column('Ports', 'Ports of each address.'),
      column('Endpoints', 'Addresses behind the service.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      object.addressType ?? '',
      listed(
        (object.ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port))),
        3,
        '<unset>',
      ),
      listed(
        (object.endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
        3,
        '<unset>',
      ),
      ageOf(object, now),
    ],
  ),
  'networking.k8s.io/Ingress': printer<IngressShape>(
    [
      NAME,
      column('Class', 'Class that says which controller serves it.'),
      column('Hosts', 'Hosts that requests are matched against.'),
      column('Address', 'Addresses of the load balancer.'),
      column('Ports', 'Ports that are open.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.ingressClassName ?? '<none>',
      hostsText(object),
      balancerAddresses(object.status).join(','),
      (object.spec?.tls?.length ?? 0) > 0 ? '80, 443' : '80',
      ageOf(object, now),
    ],
  ),
  'networking.k8s.io/IngressClass': printer<{
    spec?: { controller?: string; parameters?: { kind: string; apiGroup?: string; name: string } };
  }>(
    [
      NAME,
      column('Controller', 'Controller that serves this class.'),
      column('Parameters', 'Object with further settings.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object) + (isDefaultClass(object) ? ' (default)' : ''),
      object.spec?.controller ?? '',
      parametersText(object.spec?.parameters),
      ageOf(object, now),
    ],
  ),
  'networking.k8s.io/NetworkPolicy': printer<{ spec?: { podSelector?: SelectorShape } }>(
    [NAME, column('Pod-Selector', 'Labels of the pods that the policy holds for.'), AGE],
    (object, now) => [nameOf(object), selectorText(object.spec?.podSelector), ageOf(object, now)],
  ),
  'networking.k8s.io/ServiceCIDR': printer<{ spec?: { cidrs?: string[] } }>(
    [NAME, column('CIDRs', 'Ranges that cluster addresses are taken from.'), AGE],
    (object, now) => [nameOf(object), (object.spec?.cidrs ?? []).join(','), ageOf(object, now)],
  ),
  'networking.k8s.io/IPAddress': printer<{
    spec?: { parentRef?: { group?: string; resource?: string; namespace?: string; name?: string } };
  }>(
    [NAME, column('ParentRef', 'Object that uses the address.')],
    // Upstream prints the age without a column for it.
    (object, now) => [nameOf(object), parentText(object.spec?.parentRef), ageOf(object, now)],
  ),
};

const isDefaultClass = (object: KubeObject): boolean =>
  object.metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';

const balancerAddresses = (status: LoadBalancer | undefined): string[] =>
  sortedUnique(
    (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => (ip ? [ip] : hostname ? [hostname] : [])),
  );

function externalAddress({ spec = {}, status }: ServiceShape): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>';
    case 'LoadBalancer':
      return [...balancerAddresses(status), ...external].join(',') || '<pending>';
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

type ServicePort = NonNullable<NonNullable<ServiceShape['spec']>['ports']>[number];

const portText = ({ port, nodePort, protocol }: ServicePort): string =>
  `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? ''}`;

function endpointsText({ subsets }: EndpointsShape): string {
  if (!subsets || subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses, ports }) => {
    const hosts = (addresses ?? []).map(({ ip }) => ip);
    if (!ports || ports.length === 0) return hosts;
    return ports.flatMap(({ port }) => hosts.map((ip) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`));
  });
  return listed(all, 3, '');
}

/** Up to three hosts. The remainder counts rules, with and without host, as upstream does. */
function hostsText({ spec }: IngressShape): string {
  const hosts: string[] = [];
  for (const { host } of spec?.rules ?? []) {
    if (hosts.length === 3) return `${hosts.join(',')} + ${(spec?.rules?.length ?? 0) - 3} more...`;
    if (host) hosts.push(host);
  }
  return hosts.join(',') || '*';
}

const parametersText = (parameters: { kind: string; apiGroup?: string; name: string } | undefined): string =>
  parameters
    ? `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}`
    : '<none>';

function parentText(
  parent: { group?: string; resource?: string; namespace?: string; name?: string } | undefined,
): string {
  if (!parent) return '<none>';
  const resource = groupResourceName({ group: parent.group ?? '', resource: parent.resource ?? '' }).toLowerCase();
  return [resource, ...(parent.namespace ? [parent.namespace] : []), parent.name ?? ''].join('/');
}
