/** Containers (pkg/apis/core/validation validateContainers, validateInitContainers). */
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  notFoundValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import { type Device, deviceCauses, type Mount, mountCauses } from './mounts.ts';
import { lifecycleCauses, type Probe, probeCauses } from './probes.ts';
import { type Resources, resourceCauses } from './resources.ts';
import { type Causes, dnsLabel, oneOf, portName, portNumber, present } from './scalars.ts';
import { type ContainerSecurity, containerSecurityCauses } from './security.ts';
import { type Variable, type VariableSource, variableCauses, variableSourceCauses } from './variables.ts';

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
  readonly protocol?: string;
}

export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly terminationMessagePolicy?: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly ContainerPort[];
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly VariableSource[];
  readonly volumeMounts?: readonly Mount[];
  readonly volumeDevices?: readonly Device[];
  readonly resources?: Resources;
  readonly resizePolicy?: readonly ResizePolicy[];
  readonly securityContext?: ContainerSecurity;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: Parameters<typeof lifecycleCauses>[0];
}

interface ResizePolicy {
  readonly resourceName?: string;
  readonly restartPolicy?: string;
}

/** What a container's fields are held against. */
export interface ContainerPlace {
  /** Names that mounts may use. */
  readonly volumes: ReadonlySet<string>;
  /** False where the pod has a user namespace of its own. */
  readonly hostUsers: boolean;
  readonly graceSeconds: number | undefined;
  readonly podClaims: readonly string[];
}

export function containerCauses(
  containers: readonly Container[] | undefined,
  place: ContainerPlace,
  path: FieldPath,
): Causes {
  if (!containers || containers.length === 0) return [requiredValue(path)];
  const names = new Set<string>();
  const causes = containers.flatMap((container, at) => {
    const own = index(path, at);
    return [
      ...commonCauses(container, place, own),
      ...uniqueName(container.name ?? '', names, own),
      ...handlerCauses(container, place, own),
      ...(container.restartPolicy === undefined ? [] : oneOfRestartPolicies(container.restartPolicy, own)),
    ];
  });
  return [...causes, ...hostPortCauses(containers, path)];
}

export function initContainerCauses(
  containers: readonly Container[] | undefined,
  regular: readonly Container[] | undefined,
  place: ContainerPlace,
  path: FieldPath,
): Causes {
  const names = new Set((regular ?? []).map(({ name }) => name ?? ''));
  return (containers ?? []).flatMap((container, at) => {
    const own = index(path, at);
    const sidecar = container.restartPolicy === 'Always';
    return [
      ...commonCauses(container, place, own),
      ...(container.restartPolicy === undefined ? [] : oneOfRestartPolicies(container.restartPolicy, own)),
      ...(container.name === undefined && !names.has('') ? [] : uniqueName(container.name ?? '', names, own)),
      ...hostPortCauses([container], path),
      ...(sidecar ? handlerCauses(container, place, own) : forbiddenHandlers(container, own)),
    ];
  });
}

const oneOfRestartPolicies = (policy: string, path: FieldPath): Causes =>
  ['Always', 'Never', 'OnFailure'].includes(policy)
    ? []
    : [notSupported(child(path, 'restartPolicy'), policy, ['Always', 'Never', 'OnFailure'])];

function forbiddenHandlers(container: Container, path: FieldPath): Causes {
  return (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    .filter((field) => container[field] !== undefined)
    .map((field) =>
      forbiddenField(child(path, field), 'may not be set for init containers without restartPolicy=Always'),
    );
}

function uniqueName(name: string, names: Set<string>, path: FieldPath): Causes {
  if (names.has(name)) return [duplicateValue(child(path, 'name'), name)];
  names.add(name);
  return [];
}

function handlerCauses(container: Container, { graceSeconds }: ContainerPlace, path: FieldPath): Causes {
  return [
    ...(container.lifecycle ? lifecycleCauses(container.lifecycle, graceSeconds, child(path, 'lifecycle')) : []),
    ...probeCauses('liveness', container.livenessProbe, child(path, 'livenessProbe')),
    ...probeCauses('readiness', container.readinessProbe, child(path, 'readinessProbe')),
    ...probeCauses('startup', container.startupProbe, child(path, 'startupProbe')),
  ];
}

/** What holds for containers of every sort. */
export function commonCauses(container: Container, place: ContainerPlace, path: FieldPath): Causes {
  const name = child(path, 'name');
  return [
    ...(container.name ? dnsLabel(container.name, name) : [requiredValue(name)]),
    ...present(container.image, child(path, 'image')),
    ...oneOf(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      child(path, 'terminationMessagePolicy'),
    ),
    ...portCauses(container.ports ?? [], child(path, 'ports')),
    ...variableCauses(container.env ?? [], child(path, 'env')),
    ...variableSourceCauses(container.envFrom ?? [], child(path, 'envFrom')),
    ...mountCauses(container.volumeMounts ?? [], place.volumes, child(path, 'volumeMounts')),
    ...deviceCauses(container.volumeDevices ?? [], place.volumes, child(path, 'volumeDevices')),
    ...oneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], child(path, 'imagePullPolicy')),
    ...resourceCauses(container.resources ?? {}, child(path, 'resources')),
    ...claimCauses(container.resources?.claims ?? [], place.podClaims, child(child(path, 'resources'), 'claims')),
    ...resizeCauses(container.resizePolicy ?? [], child(path, 'resizePolicy')),
    ...(container.securityContext
      ? containerSecurityCauses(container.securityContext, place.hostUsers, child(path, 'securityContext'))
      : []),
  ];
}

/** Devices that the pod asks for, by the names that it gave them. */
function claimCauses(claims: NonNullable<Resources['claims']>, known: readonly string[], path: FieldPath): Causes {
  const seen = new Set<string>();
  const empty = known.length === 0 ? ' which is empty' : '';
  return claims.flatMap(({ name = '', request = '' }, at) => {
    const own = index(path, at);
    if (name === '') return [requiredValue(own)];
    const shown = request === '' ? name : `${name}/${request}`;
    const twice = seen.has(shown);
    seen.add(shown);
    return [
      ...(twice ? [duplicateValue(own, name)] : []),
      ...(known.includes(name)
        ? []
        : [
            {
              ...notFoundValue(own, name),
              message: `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${empty}`,
            },
          ]),
    ];
  });
}

function resizeCauses(policies: readonly ResizePolicy[], path: FieldPath): Causes {
  const seen = new Set<string>();
  return policies.flatMap(({ resourceName = '', restartPolicy = '' }, at) => {
    const twice = seen.has(resourceName);
    seen.add(resourceName);
    return [
      ...(twice ? [duplicateValue(index(path, at), resourceName)] : []),
      ...supported(resourceName, ['cpu', 'memory'], path),
      ...supported(restartPolicy, ['NotRequired', 'RestartContainer'], path),
    ];
  });
}

const supported = (value: string, values: readonly string[], path: FieldPath): Causes =>
  values.includes(value) ? [] : [value === '' ? requiredValue(path) : notSupported(path, value, values)];

function portCauses(ports: readonly ContainerPort[], path: FieldPath): Causes {
  const names = new Set<string>();
  return ports.flatMap((port, at) => {
    const own = index(path, at);
    return [
      ...(port.name ? portNameCauses(port.name, names, child(own, 'name')) : []),
      ...(port.containerPort
        ? portNumber(port.containerPort, child(own, 'containerPort'))
        : [requiredValue(child(own, 'containerPort'))]),
      ...(port.hostPort ? portNumber(port.hostPort, child(own, 'hostPort')) : []),
      ...oneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], child(own, 'protocol')),
    ];
  });
}

function portNameCauses(name: string, names: Set<string>, path: FieldPath): Causes {
  const causes = portName(name, path);
  if (causes.length > 0) return causes;
  if (names.has(name)) return [duplicateValue(path, name)];
  names.add(name);
  return [];
}

/** One host port can be taken once for an address and protocol. */
function hostPortCauses(containers: readonly Container[], path: FieldPath): Causes {
  const taken = new Set<string>();
  return containers.flatMap((container, at) =>
    (container.ports ?? []).flatMap((port, portAt) => {
      if (!port.hostPort) return [];
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      const own = child(index(child(index(path, at), 'ports'), portAt), 'hostPort');
      if (taken.has(key)) return [duplicateValue(own, key)];
      taken.add(key);
      return [];
    }),
  );
}
