/** Classes, leases and endpoint slices (pkg/apis/{storage,scheduling,coordination,discovery,networking}/validation). */
import { isIPv4, isIPv6 } from 'node:net';
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
import { dnsSubdomainErrors, labelKeyErrors } from '../../../kube/label-syntax.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { type Causes, dnsLabel, oneOf } from './scalars.ts';
import { declaredImmutable, immutable, labelKeyCauses } from './selectors.ts';

export type StorageClass = KubeObject & {
  readonly provisioner?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly reclaimPolicy?: string;
  readonly volumeBindingMode?: string;
  readonly allowedTopologies?: readonly {
    readonly matchLabelExpressions?: readonly { readonly key?: string; readonly values?: readonly string[] }[];
  }[];
};

function topologyCauses({ allowedTopologies = [] }: StorageClass): Causes {
  return allowedTopologies.flatMap(({ matchLabelExpressions = [] }, at) => {
    const keys = new Set<string>();
    const path = child(index('allowedTopologies', at), 'matchLabelExpressions');
    return matchLabelExpressions.flatMap(({ key = '', values = [] }, position) => {
      const own = index(path, position);
      const twice = keys.has(key);
      keys.add(key);
      return [
        ...(values.length === 0 ? [requiredValue(child(own, 'values'))] : []),
        ...values.flatMap((value, place) =>
          values.indexOf(value) < place ? [duplicateValue(index(child(own, 'values'), place), value)] : [],
        ),
        ...labelKeyCauses(key, child(own, 'key')),
        ...(twice ? [duplicateValue(child(own, 'key'), key)] : []),
      ];
    });
  });
}

export function storageClassCauses(object: StorageClass, old: StorageClass | undefined): Causes {
  const { provisioner = '' } = object;
  return [
    ...(provisioner === ''
      ? [requiredValue('provisioner')]
      : labelKeyErrors(provisioner.toLowerCase()).map((text) =>
          invalidValue('provisioner', provisioner.toLowerCase(), text),
        )),
    ...('' in (object.parameters ?? {}) ? [invalidValue('parameters', '', 'field can not be empty.')] : []),
    ...oneOf(object.reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy'),
    ...oneOf(object.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode'),
    ...topologyCauses(object),
    ...(old
      ? (['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const).flatMap((field) =>
          declaredImmutable(object[field], old[field], field),
        )
      : []),
  ];
}

export type PriorityClass = KubeObject & { readonly value?: number; readonly preemptionPolicy?: string };

/** Above it stand the system's own classes. */
const HIGHEST_PRIORITY = 1_000_000_000;
const SYSTEM_CLASSES = ['system-node-critical', 'system-cluster-critical'];
const RESERVED = "priority class names with 'system-' prefix are reserved for system use only. error: ";

export function priorityClassCauses(object: PriorityClass, old: PriorityClass | undefined): Causes {
  const { value = 0, preemptionPolicy, metadata } = object;
  const system = (metadata.name ?? '').startsWith('system-');
  return [
    ...(system && !SYSTEM_CLASSES.includes(metadata.name ?? '')
      ? [forbiddenField('metadata.name', `${RESERVED}${metadata.name} is not a known system priority class`)]
      : []),
    ...(!system && value > HIGHEST_PRIORITY
      ? [forbiddenField('value', `maximum allowed value of a user defined priority is ${HIGHEST_PRIORITY}`)]
      : []),
    ...oneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], 'preemptionPolicy'),
    ...(old && value !== (old.value ?? 0) ? [forbiddenField('value', 'may not be changed in an update.')] : []),
    ...(old ? immutable(preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy') : []),
  ];
}

export type Lease = KubeObject & {
  readonly spec?: { readonly leaseDurationSeconds?: number; readonly leaseTransitions?: number };
};

export function leaseCauses({ spec = {} }: Lease): Causes {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  return [
    ...(duration !== undefined && duration <= 0
      ? [invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0')]
      : []),
    ...(transitions !== undefined && transitions < 0
      ? [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ];
}

export type IngressClass = KubeObject & { readonly spec?: { readonly controller?: string } };

const DOMAIN_PATH = 'must be a domain-prefixed path (such as "acme.io/foo")';

export function ingressClassCauses({ spec = {} }: IngressClass, old: IngressClass | undefined): Causes {
  const { controller = '' } = spec;
  const path = 'spec.controller';
  return [
    ...(old ? immutable(spec.controller, old.spec?.controller, path) : []),
    ...domainPathCauses(controller, path),
  ];
}

function domainPathCauses(value: string, path: FieldPath): Causes {
  if (value === '') return [requiredValue(path)];
  const slash = value.indexOf('/');
  const [domain, rest] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash <= 0 || rest === '') return [invalidValue(path, value, DOMAIN_PATH)];
  return dnsSubdomainErrors(domain).map((text) => invalidValue(path, domain, text));
}

export type EndpointSlice = KubeObject & {
  readonly addressType?: string;
  readonly endpoints?: readonly { readonly addresses?: readonly string[] }[];
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string }[];
};

const FAMILIES: Readonly<Record<string, (address: string) => boolean>> = { IPv4: isIPv4, IPv6: isIPv6 };
const SYNTAX = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

export function endpointSliceCauses(slice: EndpointSlice, old: EndpointSlice | undefined): Causes {
  const type = slice.addressType ?? '';
  return [
    ...oneOf(type, ['FQDN', 'IPv4', 'IPv6'], 'addressType'),
    ...(slice.endpoints ?? []).flatMap(({ addresses = [] }, at) =>
      addressCauses(addresses, type, child(index('endpoints', at), 'addresses')),
    ),
    ...slicePortCauses(slice.ports ?? []),
    ...(old ? declaredImmutable(type, old.addressType ?? '', 'addressType') : []),
  ];
}

function addressCauses(addresses: readonly string[], type: string, path: FieldPath): Causes {
  if (addresses.length === 0) return [requiredValue(path)];
  const belongs = Object.hasOwn(FAMILIES, type) ? FAMILIES[type] : undefined;
  if (!belongs) return [];
  return addresses.flatMap((address, at) => {
    if (belongs(address)) return [];
    const other = isIPv4(address) || isIPv6(address);
    return [
      other
        ? invalidValue(path, address, `must be an ${type} address`)
        : invalidValue(index(path, at), address, SYNTAX),
    ];
  });
}

function slicePortCauses(ports: NonNullable<EndpointSlice['ports']>): Causes {
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol = '' }, at) => {
    const path = index('ports', at);
    const taken = names.has(name);
    names.add(name);
    return [
      ...(name === '' ? [] : dnsLabel(name, child(path, 'name'))),
      ...(taken ? [duplicateValue(child(path, 'name'), name)] : []),
      ...(['SCTP', 'TCP', 'UDP'].includes(protocol)
        ? []
        : [notSupported(child(path, 'protocol'), protocol, ['SCTP', 'TCP', 'UDP'])]),
    ];
  });
}
