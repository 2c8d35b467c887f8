/** What kube-apiserver warns of in pods and their templates (pkg/api/pod/warnings.go, pkg/api/node/util.go). */
import { child, type FieldPath, index } from '../../../kube/field-error.ts';
import type { Container, ContainerPort } from '../validation/containers.ts';
import type { PodSpec, PodTemplate } from '../validation/pods.ts';
import type { Variable } from '../validation/variables.ts';
import { fractionalBytes } from './fractional-bytes.ts';
import { nodeLabelWarning, selectorTermWarnings, spreadWarnings, unselectiveTerms } from './node-labels.ts';

/** Takes a template, or a pod, and its path ('' for a pod). */
export function templateWarnings({ metadata, spec = {} }: PodTemplate, path: FieldPath): string[] {
  const at = child(path, 'spec');
  const annotations = metadata?.annotations ?? {};
  const containers = containersOf(spec, at);
  return [
    ...Object.keys(spec.nodeSelector ?? {}).flatMap((key) =>
      nodeLabelWarning(key).map((text) => `${index(child(at, 'nodeSelector'), key)}: ${text}`),
    ),
    ...nodeAffinityWarnings(spec, child(at, 'affinity.nodeAffinity')),
    ...spreadWarnings(spec.topologySpreadConstraints ?? [], child(at, 'topologySpreadConstraints')),
    ...annotationWarnings(annotations, child(path, 'metadata.annotations')),
    ...volumeWarnings(spec, child(at, 'volumes')),
    ...repeated(spec.hostAliases ?? [], 'ip', child(at, 'hostAliases')),
    ...repeated(spec.imagePullSecrets ?? [], 'name', child(at, 'imagePullSecrets')),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name = '' }, position) =>
      name === '' ? [`${child(index(child(at, 'imagePullSecrets'), position), 'name')}: invalid empty name ""`] : [],
    ),
    ...fractionalBytes(spec.overhead, child(at, 'overhead'), ['memory', 'ephemeral-storage']),
    ...seccompWarning(SECCOMP_POD, spec.securityContext, annotations, path),
    ...containers.flatMap(([container, place]) => containerWarnings(container, place, annotations, path)),
    ...portWarnings(containers),
    ...portNameWarnings(containers),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [
          `${child(at, 'terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...(['podAffinity', 'podAntiAffinity'] as const).flatMap((kind) =>
      unselectiveTerms(spec.affinity?.[kind], child(at, `affinity.${kind}`)),
    ),
  ];
}

type Placed = readonly [Container, FieldPath];

const containersOf = (spec: PodSpec, path: FieldPath): Placed[] =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((field) =>
    (spec[field] ?? []).map((container, at): Placed => [container, index(child(path, field), at)]),
  );

function nodeAffinityWarnings({ affinity }: PodSpec, path: FieldPath): string[] {
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution } =
    affinity?.nodeAffinity ?? {};
  const terms = child(path, 'requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms');
  const preferred = child(path, 'preferredDuringSchedulingIgnoredDuringExecution');
  return [
    ...(required?.nodeSelectorTerms ?? []).flatMap((term, at) => selectorTermWarnings(term, index(terms, at), false)),
    ...(preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ preference = {} }, at) =>
      selectorTermWarnings(preference, child(index(preferred, at), 'preference'), true),
    ),
  ];
}

const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

const annotationWarnings = (annotations: Readonly<Record<string, string>>, path: FieldPath): string[] =>
  Object.entries(OLD_ANNOTATIONS).flatMap(([key, text]) =>
    Object.hasOwn(annotations, key) ? [`${index(path, key)}: ${text}`] : [],
  );

const OLD_VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};
/** Where upstream's path is not the field's name. */
const VOLUME_PATHS: Readonly<Record<string, string>> = { storageos: 'storageOS' };

const volumeWarnings = ({ volumes = [] }: PodSpec, path: FieldPath): string[] =>
  volumes.flatMap((volume, at) =>
    Object.entries(OLD_VOLUMES).flatMap(([field, text]) =>
      (volume as Record<string, unknown>)[field] === undefined
        ? []
        : [`${child(index(path, at), VOLUME_PATHS[field] ?? field)}: ${text}`],
    ),
  );

function repeated<K extends string>(items: readonly { readonly [key in K]?: string }[], key: K, path: FieldPath) {
  const seen = new Set<string>();
  return items.flatMap((item, at) => {
    const value = item[key] ?? '';
    if (seen.has(value)) return [`${child(index(path, at), key)}: duplicate ${key} ${JSON.stringify(value)}`];
    seen.add(value);
    return [];
  });
}

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';

function seccompWarning(
  key: string,
  security: { readonly seccompProfile?: unknown } | undefined,
  annotations: Readonly<Record<string, string>>,
  path: FieldPath,
): string[] {
  if (security?.seccompProfile !== undefined || !Object.hasOwn(annotations, key)) return [];
  const field = index(child(path, 'metadata.annotations'), key);
  return [`${field}: non-functional in v1.27+; use the "seccompProfile" field instead`];
}

function containerWarnings(
  container: Container,
  path: FieldPath,
  annotations: Readonly<Record<string, string>>,
  template: FieldPath,
): string[] {
  const { name = '', resources, env = [], securityContext } = container;
  return [
    ...seccompWarning(`${SECCOMP_CONTAINER}${name}`, securityContext, annotations, template),
    ...['memory', 'ephemeral-storage'].flatMap((kind) => [
      ...fractionalBytes(resources?.limits, child(path, 'resources.limits'), [kind]),
      ...fractionalBytes(resources?.requests, child(path, 'resources.requests'), [kind]),
    ]),
    ...variableWarnings(env, child(path, 'env')),
  ];
}

/** A variable that is set twice must build on what it was. */
function variableWarnings(variables: readonly Variable[], path: FieldPath): string[] {
  const seen = new Set<string>();
  return variables.flatMap(({ name = '', value = '', valueFrom }, at) => {
    const before = `$(${name})`;
    const hides = valueFrom !== undefined || value === before || !value.includes(before);
    if (seen.has(name) && hides)
      return [
        `${index(path, at)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      ];
    seen.add(name);
    return [];
  });
}

function portWarnings(containers: readonly Placed[]): string[] {
  const taken = new Map<string, { readonly place: FieldPath; readonly port: ContainerPort }[]>();
  return containers.flatMap(([{ ports = [] }, path]) =>
    ports.flatMap((port, at) => {
      const place = index(child(path, 'ports'), at);
      const key = `${port.containerPort ?? 0}/${port.protocol ?? ''}`;
      const others = taken.get(key) ?? [];
      taken.set(key, [...others, { place, port }]);
      return others.flatMap((other) => {
        const relation = portRelation(port, other.port);
        return relation === undefined ? [] : [`${place}: ${relation} port definition with ${other.place}`];
      });
    }),
  );
}

function portRelation(port: ContainerPort, other: ContainerPort): string | undefined {
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? ''];
  const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0];
  if (ip === otherIp && host === otherHost) return 'duplicate';
  if (host === 0 || otherHost === 0) return 'overlapping';
  return host === otherHost && (ip === '') !== (otherIp === '') ? 'dangerously ambiguous' : undefined;
}

function portNameWarnings(containers: readonly Placed[]): string[] {
  const taken = new Map<string, FieldPath>();
  return containers.flatMap(([{ ports = [] }, path]) =>
    ports.flatMap(({ name = '' }, at) => {
      const place = index(child(path, 'ports'), at);
      const first = taken.get(name);
      if (name !== '' && first === undefined) taken.set(name, place);
      return name === '' || first === undefined
        ? []
        : [
            `${place}: duplicate port name ${JSON.stringify(name)} with ${first}, services and probes that select ports by name will use ${first}`,
          ];
    }),
  );
}
