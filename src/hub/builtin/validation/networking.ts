/** Ingresses and network policies (pkg/apis/networking/validation). */
import { BlockList, isIP } from 'node:net';
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import { dnsSubdomainErrors } from '../../../kube/label-syntax.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { type Causes, dnsLabel, dnsSubdomain, type IntOrString, pathSegment, portName, portNumber } from './scalars.ts';
import { type Selector, selectorCauses } from './selectors.ts';

interface Backend {
  readonly service?: { readonly name?: string; readonly port?: { readonly name?: string; readonly number?: number } };
  readonly resource?: { readonly apiGroup?: string; readonly kind?: string; readonly name?: string };
}

interface Path {
  readonly path?: string;
  readonly pathType?: string;
  readonly backend?: Backend;
}

interface IngressSpec {
  readonly ingressClassName?: string;
  readonly defaultBackend?: Backend;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly rules?: readonly { readonly host?: string; readonly http?: { readonly paths?: readonly Path[] } }[];
}

export type Ingress = KubeObject & { readonly spec?: IngressSpec };

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** On create the old way to name the class must agree with the new one. */
function classCauses({ metadata, spec = {} }: Ingress): Causes {
  const annotated = metadata.annotations?.[CLASS_ANNOTATION];
  if (annotated === undefined || spec.ingressClassName === undefined || annotated === spec.ingressClassName) return [];
  const path = child('annotations', CLASS_ANNOTATION);
  return [invalidValue(path, annotated, 'must match `ingressClassName` when both are specified')];
}

export function ingressCauses(ingress: Ingress, old: Ingress | undefined): Causes {
  const spec = ingress.spec ?? {};
  const rules = spec.rules ?? [];
  return [
    ...(rules.length === 0 && !spec.defaultBackend
      ? [invalidValue('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(spec.defaultBackend ? backendCauses(spec.defaultBackend, 'spec.defaultBackend') : []),
    ...rules.flatMap((rule, at) => ruleCauses(rule, index('spec.rules', at))),
    ...(spec.tls ?? []).flatMap((tls, at) => tlsCauses(tls, index('spec.tls', at))),
    ...(spec.ingressClassName === undefined ? [] : dnsSubdomain(spec.ingressClassName, 'spec.ingressClassName')),
    ...(old === undefined ? classCauses(ingress) : []),
  ];
}

const WILDCARD_TEXT =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function hostCauses(host: string, path: FieldPath): Causes {
  if (!host.includes('*')) return dnsSubdomain(host, path);
  const rest = host.startsWith('*.') ? host.slice(2) : '*';
  return dnsSubdomainErrors(rest).length === 0 ? [] : [invalidValue(path, host, WILDCARD_TEXT)];
}

const tlsCauses = (tls: NonNullable<IngressSpec['tls']>[number], path: FieldPath): Causes => [
  ...(tls.hosts ?? []).flatMap((host, at) => hostCauses(host, index(child(path, 'hosts'), at))),
  ...(tls.secretName ? dnsSubdomain(tls.secretName, child(path, 'secretName')) : []),
];

function ruleCauses(rule: NonNullable<IngressSpec['rules']>[number], path: FieldPath): Causes {
  const { host = '', http } = rule;
  const address =
    isIP(host) > 0 ? [invalidValue(child(path, 'host'), host, 'must be a DNS name, not an IP address')] : [];
  const paths = child(child(path, 'http'), 'paths');
  return [
    ...address,
    ...(host === '' ? [] : hostCauses(host, child(path, 'host'))),
    ...(http && (http.paths ?? []).length === 0 ? [requiredValue(paths)] : []),
    ...(http?.paths ?? []).flatMap((one, at) => pathCauses(one, index(paths, at))),
  ];
}

const BAD_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDS = ['/..', '/.'];

function pathCauses({ path: text = '', pathType, backend = {} }: Path, path: FieldPath): Causes {
  const own = child(path, 'path');
  if (pathType === undefined) return [requiredValue(child(path, 'pathType'), 'pathType must be specified')];
  const absolute = text.startsWith('/') ? [] : [invalidValue(own, text, 'must be an absolute path')];
  const type: Causes =
    pathType === 'Exact' || pathType === 'Prefix'
      ? [
          ...absolute,
          ...BAD_PARTS.filter((part) => text.includes(part)).map((part) =>
            invalidValue(own, text, `must not contain '${part}'`),
          ),
          ...BAD_ENDS.filter((end) => text.endsWith(end)).map((end) =>
            invalidValue(own, text, `cannot end with '${end}'`),
          ),
        ]
      : pathType === 'ImplementationSpecific'
        ? text === ''
          ? []
          : absolute
        : [notSupported(child(path, 'pathType'), pathType, ['Exact', 'ImplementationSpecific', 'Prefix'])];
  return [...type, ...backendCauses(backend, child(path, 'backend'))];
}

function backendCauses({ service, resource }: Backend, path: FieldPath): Causes {
  if (service && resource) return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (resource) return resourceCauses(resource, child(path, 'resource'));
  if (!service) return [invalidValue(path, '', 'resource or service backend is required')];
  const own = child(path, 'service');
  const { name: portOf, number } = service.port ?? {};
  return [
    ...(service.name ? dnsLabel(service.name, child(own, 'name')) : [requiredValue(child(own, 'name'))]),
    ...(portOf && number
      ? [invalidValue(path, '', 'cannot set both port name & port number')]
      : portOf
        ? portName(portOf, child(child(own, 'port'), 'name'))
        : number
          ? portNumber(number, child(child(own, 'port'), 'number'))
          : [requiredValue(path, 'port name or number is required')]),
  ];
}

const resourceCauses = (reference: NonNullable<Backend['resource']>, path: FieldPath): Causes => [
  ...(reference.apiGroup === undefined ? [] : dnsSubdomain(reference.apiGroup, child(path, 'apiGroup'))),
  ...(['kind', 'name'] as const).flatMap((field) => {
    const value = reference[field];
    return value ? pathSegment(value, child(path, field)) : [requiredValue(child(path, field))];
  }),
];

interface PolicyPort {
  readonly protocol?: string;
  readonly port?: IntOrString;
  readonly endPort?: number;
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr?: string; readonly except?: readonly string[] };
}
interface PolicyRule {
  readonly ports?: readonly PolicyPort[];
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
}

export type NetworkPolicy = KubeObject & {
  readonly spec?: {
    readonly podSelector?: Selector;
    readonly ingress?: readonly PolicyRule[];
    readonly egress?: readonly PolicyRule[];
    readonly policyTypes?: readonly string[];
  };
};

export function networkPolicyCauses({ spec = {} }: NetworkPolicy): Causes {
  const direction = (
    rules: readonly PolicyRule[] | undefined,
    field: 'ingress' | 'egress',
    peers: 'from' | 'to',
  ): Causes =>
    (rules ?? []).flatMap((rule, at) => {
      const path = index(child('spec', field), at);
      return [
        ...(rule.ports ?? []).flatMap((port, portAt) => policyPort(port, index(child(path, 'ports'), portAt))),
        ...(rule[peers] ?? []).flatMap((peer, peerAt) => peerCauses(peer, index(child(path, peers), peerAt))),
      ];
    });
  return [
    ...selectorCauses(spec.podSelector, 'spec.podSelector'),
    ...direction(spec.ingress, 'ingress', 'from'),
    ...direction(spec.egress, 'egress', 'to'),
    ...policyTypeCauses(spec.policyTypes ?? []),
  ];
}

function policyTypeCauses(types: readonly string[]): Causes {
  const path = 'spec.policyTypes';
  if (types.length > 2) return [invalidValue(path, types, 'may not specify more than two policyTypes')];
  return types.flatMap((type, at) =>
    type === 'Ingress' || type === 'Egress' ? [] : [notSupported(index(path, at), type, ['Ingress', 'Egress'])],
  );
}

function policyPort({ protocol, port, endPort }: PolicyPort, path: FieldPath): Causes {
  const protocols = ['TCP', 'UDP', 'SCTP'];
  const end = child(path, 'endPort');
  const invalidEnd = (text: string): Causes => (endPort === undefined ? [] : [invalidValue(end, endPort, text)]);
  return [
    ...(protocol === undefined || protocols.includes(protocol)
      ? []
      : [notSupported(child(path, 'protocol'), protocol, protocols)]),
    ...(port === undefined ? invalidEnd('may not be specified when `port` is not specified') : []),
    ...(typeof port === 'string'
      ? [...invalidEnd('may not be specified when `port` is non-numeric'), ...portName(port, child(path, 'port'))]
      : []),
    ...(typeof port === 'number' ? portNumber(port, child(path, 'port')) : []),
    ...(typeof port === 'number' && endPort !== undefined && endPort < port
      ? invalidEnd('must be greater than or equal to `port`')
      : []),
    ...(typeof port === 'number' && endPort !== undefined ? portNumber(endPort, end) : []),
  ];
}

function peerCauses(peer: Peer, path: FieldPath): Causes {
  const count = [peer.podSelector, peer.namespaceSelector, peer.ipBlock].filter((one) => one !== undefined).length;
  return [
    ...selectorCauses(peer.podSelector, child(path, 'podSelector')),
    ...selectorCauses(peer.namespaceSelector, child(path, 'namespaceSelector')),
    ...(peer.ipBlock ? blockCauses(peer.ipBlock, child(path, 'ipBlock')) : []),
    ...(count === 0 ? [requiredValue(path, 'must specify a peer')] : []),
    ...(count > 1 && peer.ipBlock ? [forbiddenField(path, 'may not specify both ipBlock and another peer')] : []),
  ];
}

const RANGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

function blockCauses({ cidr = '', except = [] }: NonNullable<Peer['ipBlock']>, path: FieldPath): Causes {
  const own = child(path, 'cidr');
  if (cidr === '') return [requiredValue(own)];
  const whole = parseRange(cidr);
  if (whole === undefined) return [invalidValue(own, cidr, RANGE)];
  return except.flatMap((text, at) => {
    const part = parseRange(text);
    const place = index(child(path, 'except'), at);
    if (part === undefined) return [invalidValue(place, text, RANGE)];
    return isWithin(part, whole) ? [] : [invalidValue(place, text, 'must be a strict subset of `cidr`')];
  });
}

interface Range {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly bits: number;
}

function parseRange(text: string): Range | undefined {
  const [address = '', length = '', ...more] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : 1_000;
  if (version === 0 || more.length > 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', bits };
}

function isWithin(part: Range, whole: Range): boolean {
  if (part.family !== whole.family || part.bits <= whole.bits) return false;
  const block = new BlockList();
  block.addSubnet(whole.address, whole.bits, whole.family);
  return block.check(part.address, part.family);
}
