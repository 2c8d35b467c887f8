/** Pod specs and templates (pkg/apis/core/validation ValidatePodSpec), as far as authors get them wrong. */
import { isDeepStrictEqual } from 'node:util';
import { child, type FieldPath, forbiddenField, index, invalidValue, notSupported } from '../../../kube/field-error.ts';
import { labelValueErrors } from '../../../kube/label-syntax.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { type Container, type ContainerPlace, containerCauses, initContainerCauses } from './containers.ts';
import { type EphemeralContainer, ephemeralContainerCauses, ephemeralUpdateCauses } from './ephemeral-containers.ts';
import {
  type DnsConfig,
  dnsCauses,
  type HostAlias,
  type HostSpec,
  hostAliasCauses,
  hostUserCauses,
  shareCauses,
} from './pod-network.ts';
import { resourceCauses } from './resources.ts';
import { type Causes, dnsLabel, dnsSubdomain, oneOf } from './scalars.ts';
import {
  type Affinity,
  affinityCauses,
  gateCauses,
  readinessGateCauses,
  type SpreadConstraint,
  spreadCauses,
} from './scheduling.ts';
import { type OsSpec, osCauses, type PodSecurity, podSecurityCauses } from './security.ts';
import { annotationCauses, type Labels, labelCauses } from './selectors.ts';
import { tokensNeedAccount } from './volume-sources.ts';
import { type Volume, volumeCauses } from './volumes.ts';

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

export interface PodSpec extends HostSpec, OsSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly EphemeralContainer[];
  readonly volumes?: readonly Volume[];
  readonly restartPolicy?: string;
  readonly dnsPolicy?: string;
  readonly nodeSelector?: Labels;
  readonly serviceAccountName?: string;
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly activeDeadlineSeconds?: number;
  readonly tolerations?: readonly Toleration[];
  readonly priorityClassName?: string;
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: PodSecurity;
  readonly affinity?: Affinity;
  readonly dnsConfig?: DnsConfig;
  readonly readinessGates?: readonly { readonly conditionType?: string }[];
  readonly schedulingGates?: readonly { readonly name?: string }[];
  readonly topologySpreadConstraints?: readonly SpreadConstraint[];
  readonly hostAliases?: readonly HostAlias[];
  readonly overhead?: Readonly<Record<string, string>>;
  readonly resourceClaims?: readonly { readonly name?: string }[];
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec?: PodSpec;
}

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

export function podSpecCauses(spec: PodSpec, path: FieldPath, isPod: boolean): Causes {
  const volumes = volumeCauses(spec.volumes ?? [], child(path, 'volumes'));
  const deadline = spec.activeDeadlineSeconds;
  const place: ContainerPlace = {
    volumes: volumes.names,
    hostUsers: spec.hostUsers !== false,
    graceSeconds: spec.terminationGracePeriodSeconds,
    podClaims: (spec.resourceClaims ?? []).map(({ name = '' }) => name),
  };
  return [
    ...volumes.causes,
    ...containerCauses(spec.containers, place, child(path, 'containers')),
    ...initContainerCauses(spec.initContainers, spec.containers, place, child(path, 'initContainers')),
    ...ephemeralContainerCauses(
      spec.ephemeralContainers ?? [],
      [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name = '' }) => name),
      place,
      child(path, 'ephemeralContainers'),
    ),
    ...(spec.hostNetwork ? hostPortCauses(spec, path, isPod) : []),
    ...oneOf(spec.restartPolicy, RESTART_POLICIES, child(path, 'restartPolicy')),
    ...oneOf(spec.dnsPolicy, DNS_POLICIES, child(path, 'dnsPolicy')),
    ...labelCauses(spec.nodeSelector, child(path, 'nodeSelector')),
    ...(spec.securityContext ? podSecurityCauses(spec.securityContext, child(path, 'securityContext')) : []),
    ...shareCauses(spec, path),
    ...affinityCauses(spec.affinity, child(path, 'affinity')),
    ...dnsCauses(spec.dnsPolicy, spec.dnsConfig, child(path, 'dnsConfig')),
    ...readinessGateCauses(spec.readinessGates, child(path, 'readinessGates')),
    ...gateCauses(spec.schedulingGates, child(path, 'schedulingGates')),
    ...spreadCauses(spec.topologySpreadConstraints, child(path, 'topologySpreadConstraints')),
    ...hostUserCauses(spec, path),
    ...given(spec.serviceAccountName, (name) => dnsSubdomain(name, child(path, 'serviceAccountName'))),
    ...given(spec.nodeName, (name) => dnsSubdomain(name, child(path, 'nodeName'))),
    ...(deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)
      ? [invalidValue(child(path, 'activeDeadlineSeconds'), deadline, 'must be between 1 and 2147483647, inclusive')]
      : []),
    ...given(spec.hostname, (name) => dnsLabel(name, child(path, 'hostname'))),
    ...given(spec.subdomain, (name) => dnsLabel(name, child(path, 'subdomain'))),
    ...(spec.tolerations ?? []).flatMap((toleration, at) =>
      tolerationCauses(toleration, index(child(path, 'tolerations'), at)),
    ),
    ...hostAliasCauses(spec.hostAliases ?? [], child(path, 'hostAliases')),
    ...given(spec.priorityClassName, (name) => dnsSubdomain(name, child(path, 'priorityClassName'))),
    ...(spec.overhead ? resourceCauses({ limits: spec.overhead }, child(path, 'overhead')) : []),
    ...osCauses(spec, path),
  ];
}

const given = (value: string | undefined, check: (value: string) => Causes): Causes => (value ? check(value) : []);

function hostPortCauses(spec: PodSpec, path: FieldPath, isPod: boolean): Causes {
  return (spec.containers ?? []).flatMap((container, at) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, containerPort = 0 }, portAt) => {
      if (hostPort === containerPort || (!isPod && hostPort === 0)) return [];
      const own = index(child(index(child(path, 'containers'), at), 'ports'), portAt);
      const text = 'must match `containerPort` when `hostNetwork` is true';
      return [invalidValue(child(own, 'hostPort'), hostPort, text)];
    }),
  );
}

export function tolerationCauses(toleration: Toleration, path: FieldPath): Causes {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  const operatorPath = child(path, 'operator');
  return [
    ...(key === '' ? [] : labelCauses({ [key]: '' }, child(path, 'key'))),
    ...(key === '' && operator !== 'Exists'
      ? [
          invalidValue(
            operatorPath,
            operator,
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
          ),
        ]
      : []),
    ...(toleration.tolerationSeconds !== undefined && effect !== 'NoExecute'
      ? [invalidValue(child(path, 'effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...tolerationValueCauses(operator, value, operatorPath),
    ...(effect === '' || ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect)
      ? []
      : [notSupported(child(path, 'effect'), effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'])]),
  ];
}

function tolerationValueCauses(operator: string, value: string, path: FieldPath): Causes {
  if (operator === '' || operator === 'Equal') {
    const errors = labelValueErrors(value);
    return errors.length > 0 ? [invalidValue(path, value, errors.join(';'))] : [];
  }
  if (operator === 'Exists') {
    return value === '' ? [] : [invalidValue(path, value, "value must be empty when `operator` is 'Exists'")];
  }
  return operator === 'Lt' || operator === 'Gt' ? [] : [notSupported(path, operator, ['Equal', 'Exists'])];
}

export const templateCauses = (template: PodTemplate, path: FieldPath): Causes => [
  ...labelCauses(template.metadata?.labels, child(path, 'labels')),
  ...annotationCauses(template.metadata?.annotations, child(path, 'annotations')),
  ...podSpecCauses(template.spec ?? {}, child(path, 'spec'), false),
];

/** A template that must keep its pods running. */
export function runningTemplateCauses(template: PodTemplate, path: FieldPath, kind: string): Causes {
  const { restartPolicy = '', activeDeadlineSeconds } = template.spec ?? {};
  const spec = child(path, 'spec');
  return [
    ...(restartPolicy === 'Always' ? [] : [notSupported(child(spec, 'restartPolicy'), restartPolicy, ['Always'])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [forbiddenField(child(spec, 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}

/** A pod; on update only images, deadlines, tolerations and gates may change, through its subresource ephemeral containers be added. */
export function podCauses(
  pod: KubeObject & { spec?: PodSpec },
  old: (KubeObject & { spec?: PodSpec }) | undefined,
  subresource = '',
): Causes {
  const spec = pod.spec ?? {};
  const own = [
    ...podSpecCauses(spec, 'spec', true),
    ...tokensNeedAccount(spec.volumes ?? [], spec.serviceAccountName, 'spec.volumes'),
    ...[...(spec.containers ?? [])].flatMap(({ image = '' }, at) =>
      image.trim() === image
        ? []
        : [
            invalidValue(
              child(index('spec.containers', at), 'image'),
              image,
              'must not have leading or trailing whitespace',
            ),
          ],
    ),
  ];
  if (old === undefined) {
    const added = spec.ephemeralContainers?.length ?? 0;
    return added === 0 ? own : [...own, forbiddenField('spec.ephemeralContainers', 'cannot be set on create')];
  }
  const before = old.spec ?? {};
  if (subresource === 'ephemeralcontainers')
    return [...own, ...ephemeralUpdateCauses(spec.ephemeralContainers ?? [], before.ephemeralContainers ?? [])];
  return [...own, ...podUpdateCauses(spec, before)];
}

const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function podUpdateCauses(spec: PodSpec, old: PodSpec): Causes {
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field] ?? []).length !== (old[field] ?? []).length) {
      return [forbiddenField(child('spec', field), 'pod updates may not add or remove containers')];
    }
  }
  // A pod that has no node may be given one: the scheduler of an embedded cluster binds by an update of the pod.
  const { nodeName } = spec;
  const bound = old.nodeName === undefined && nodeName !== undefined ? { ...old, nodeName } : old;
  return [
    ...deadlineCauses(spec.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...keptTolerations(spec.tolerations ?? [], old.tolerations ?? []),
    ...(isDeepStrictEqual(fixedPart(spec), fixedPart(bound))
      ? []
      : [forbiddenField('spec', `pod updates may not change fields other than ${UPDATABLE}`)]),
  ];
}

/** A pod's end may only come nearer. */
function deadlineCauses(seconds: number | undefined, before: number | undefined): Causes {
  const path = 'spec.activeDeadlineSeconds';
  if (before === undefined || seconds === before) return [];
  if (seconds === undefined) return [invalidValue(path, null, 'must not update from a positive integer to nil value')];
  return seconds > before ? [invalidValue(path, seconds, 'must be less than or equal to previous value')] : [];
}

/** Tolerations may be added, and last longer or shorter. */
function keptTolerations(now: readonly Toleration[], before: readonly Toleration[]): Causes {
  const timeless = ({ tolerationSeconds: _, ...rest }: Toleration): object => rest;
  const lost = before.some((old) => !now.some((one) => isDeepStrictEqual(timeless(one), timeless(old))));
  const text = 'existing toleration can not be modified except its tolerationSeconds';
  return lost ? [forbiddenField('spec.tolerations', text)] : [];
}

function fixedPart(spec: PodSpec): object {
  const withoutImages = (containers: readonly Container[] | undefined) =>
    (containers ?? []).map(({ image: _image, ...rest }) => rest);
  return {
    ...spec,
    containers: withoutImages(spec.containers),
    initContainers: withoutImages(spec.initContainers),
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    schedulingGates: undefined,
  };
}
