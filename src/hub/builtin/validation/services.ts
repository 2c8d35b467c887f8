/** Services (pkg/apis/core/validation ValidateService). */
import { isIP } from 'node:net';
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import { labelKeyErrors } from '../../../kube/label-syntax.ts';
import type { KubeObject } from '../../../kube/object.ts';
import {
  type Causes,
  dnsLabel,
  dnsSubdomain,
  type IntOrString,
  oneOf,
  portNumber,
  portOrName,
  structureCause,
} from './scalars.ts';
import { type Labels, labelCauses } from './selectors.ts';

interface Port {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly targetPort?: IntOrString;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly externalName?: string;
  readonly externalTrafficPolicy?: string;
  readonly internalTrafficPolicy?: string;
  readonly sessionAffinity?: string;
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly selector?: Labels;
  readonly ports?: readonly Port[];
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly allocateLoadBalancerNodePorts?: boolean;
}

export type Service = KubeObject & { readonly spec?: ServiceSpec };

const SPEC = 'spec';
const at = (field: string): FieldPath => child(SPEC, field);
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function serviceCauses(service: Service, old: Service | undefined, subresource?: string): Causes {
  if (subresource === 'status') return balancerStatusCauses(service);
  const spec = service.spec ?? {};
  const ports = spec.ports ?? [];
  return [
    ...(old ? addressChange(spec, old.spec ?? {}) : []),
    ...(ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName' ? [requiredValue(at('ports'))] : []),
    ...typeCauses(spec),
    ...addressCauses(spec),
    ...portCauses(ports),
    ...labelCauses(spec.selector, at('selector')),
    ...affinityCauses(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, position) =>
      isIP(ip) === 0
        ? [
            invalidValue(
              index(at('externalIPs'), position),
              ip,
              'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            ),
          ]
        : [],
    ),
    ...oneOf(spec.type, TYPES, at('type')),
    ...nodePortCauses(spec.type ?? '', ports),
    ...duplicatePortCauses(ports),
    ...balancerCauses(spec),
    ...trafficCauses(spec),
  ];
}

const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None';

/** Only a balancer has addresses to tell of. */
function balancerStatusCauses({ spec, status }: Service): Causes {
  const { ingress = [] } = ((status ?? {}) as { loadBalancer?: { ingress?: readonly unknown[] } }).loadBalancer ?? {};
  if (ingress.length === 0 || spec?.type === 'LoadBalancer') return [];
  return [forbiddenField('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'")];
}

const addressCauses = ({ clusterIPs = [], type }: ServiceSpec): Causes =>
  clusterIPs.flatMap((address, position) =>
    type === 'ExternalName' || address === '' || address === 'None' || isIP(address) !== 0
      ? []
      : [
          invalidValue(
            index(at('clusterIPs'), position),
            address,
            'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
          ),
        ],
  );

/** Cluster addresses stay, except when a service becomes or ceases to be an external name. */
function addressChange(spec: ServiceSpec, old: ServiceSpec): Causes {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  const [now, before] = [spec.clusterIPs?.[0] ?? '', old.clusterIPs?.[0] ?? ''];
  // Who leaves the address out means the old one.
  if (before === '' || now === '' || now === before || (isHeadless(spec) && isHeadless(old))) return [];
  return [invalidValue(index(at('clusterIPs'), 0), spec.clusterIPs ?? [], 'may not change once set')];
}

function typeCauses(spec: ServiceSpec): Causes {
  const first = index(at('clusterIPs'), 0);
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(spec)) {
    return [invalidValue(first, 'None', `may not be set to 'None' for ${spec.type} services`)];
  }
  if (spec.type !== 'ExternalName') return [];
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  return [
    ...((spec.clusterIPs ?? []).length > 0
      ? [forbiddenField(at('clusterIPs'), 'may not be set for ExternalName services')]
      : []),
    ...(name === '' ? [requiredValue(at('externalName'))] : dnsSubdomain(name, at('externalName'))),
  ];
}

function portCauses(ports: readonly Port[]): Causes {
  const names = new Set<string>();
  return ports.flatMap((port, position) => {
    const path = index(at('ports'), position);
    return [
      ...portName(port.name ?? '', ports.length > 1, names, child(path, 'name')),
      ...portNumber(port.port ?? 0, child(path, 'port')),
      ...oneOf(port.protocol, PROTOCOLS, child(path, 'protocol')),
      ...portOrName(port.targetPort, child(path, 'targetPort')),
      ...(port.appProtocol === undefined
        ? []
        : labelKeyErrors(port.appProtocol).map((text) =>
            invalidValue(child(path, 'appProtocol'), port.appProtocol, text),
          )),
    ];
  });
}

function portName(name: string, required: boolean, names: Set<string>, path: FieldPath): Causes {
  if (name === '') return required ? [requiredValue(path)] : [];
  const causes = [...dnsLabel(name, path), ...(names.has(name) ? [duplicateValue(path, name)] : [])];
  names.add(name);
  return causes;
}

const DAY = 86_400;

function affinityCauses({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): Causes {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0;
  const path = child(child(at('sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds');
  return [
    ...oneOf(sessionAffinity, ['ClientIP', 'None'], at('sessionAffinity')),
    ...(sessionAffinity === 'ClientIP' && (seconds <= 0 || seconds > DAY)
      ? [invalidValue(path, seconds, `must be greater than 0 and less than ${DAY}`)]
      : []),
  ];
}

function nodePortCauses(type: string, ports: readonly Port[]): Causes {
  const taken = new Set<string>();
  return [
    ...ports.flatMap(({ nodePort }, position) =>
      type === 'ClusterIP' && nodePort
        ? [
            forbiddenField(
              child(index(at('ports'), position), 'nodePort'),
              "may not be used when `type` is 'ClusterIP'",
            ),
          ]
        : [],
    ),
    ...ports.flatMap(({ nodePort, protocol }, position) => {
      if (!nodePort) return [];
      const key = `${protocol}/${nodePort}`;
      const path = child(index(at('ports'), position), 'nodePort');
      if (taken.has(key)) return [duplicateValue(path, nodePort)];
      taken.add(key);
      return [];
    }),
  ];
}

function duplicatePortCauses(ports: readonly Port[]): Causes {
  const taken = new Set<string>();
  return ports.flatMap(({ port = 0, protocol = '' }, position) => {
    const key = `${protocol}/${port}`;
    if (!taken.has(key)) {
      taken.add(key);
      return [];
    }
    // Upstream prints its internal structure.
    const value = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    return [structureCause('FieldValueDuplicate', index(at('ports'), position), value)];
  });
}

function balancerCauses(spec: ServiceSpec): Causes {
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (spec.type === 'LoadBalancer') return [];
  return [
    ...((spec.loadBalancerSourceRanges ?? []).length > 0 ? [forbiddenField(at('LoadBalancerSourceRanges'), only)] : []),
    ...(spec.allocateLoadBalancerNodePorts === undefined
      ? []
      : [forbiddenField(at('allocateLoadBalancerNodePorts'), only)]),
  ];
}

function trafficCauses(spec: ServiceSpec): Causes {
  const policies = ['Cluster', 'Local'];
  const policy = spec.externalTrafficPolicy ?? '';
  const path = at('externalTrafficPolicy');
  const external =
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  const internal = spec.internalTrafficPolicy;
  return [
    ...(external ? oneOf(policy, policies, path) : []),
    ...(!external && policy !== ''
      ? [invalidValue(path, policy, 'may only be set for externally-accessible services')]
      : []),
    ...(internal !== undefined && !policies.includes(internal)
      ? [notSupported(at('internalTrafficPolicy'), internal, policies)]
      : []),
  ];
}
