/** Security contexts of pods and containers, and what their operating system allows (pkg/apis/core/validation). */
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
import { type Causes, dnsSubdomain, structureCause } from './scalars.ts';

interface Profile {
  readonly type?: string;
  readonly localhostProfile?: string;
}

interface WindowsOptions {
  readonly gmsaCredentialSpecName?: string;
  readonly gmsaCredentialSpec?: string;
  readonly runAsUserName?: string;
}

interface Shared {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot?: boolean;
  readonly seccompProfile?: Profile;
  readonly appArmorProfile?: Profile;
  readonly windowsOptions?: WindowsOptions;
  readonly seLinuxOptions?: object;
}

export interface PodSecurity extends Shared {
  readonly fsGroup?: number;
  readonly fsGroupChangePolicy?: string;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: string;
  readonly sysctls?: readonly { readonly name?: string }[];
}

export interface ContainerSecurity extends Shared {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly procMount?: string;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
}

const LARGEST_ID = 2 ** 31 - 1;
const id = (value: number | undefined, path: FieldPath): Causes =>
  value === undefined || (value >= 0 && value <= LARGEST_ID)
    ? []
    : [invalidValue(path, value, `must be between 0 and ${LARGEST_ID}, inclusive`)];

const supported = (value: string | undefined, values: readonly string[], path: FieldPath): Causes =>
  value === undefined || values.includes(value) ? [] : [notSupported(path, value, values)];

const sharedCauses = (security: Shared, path: FieldPath): Causes => [
  ...id(security.runAsUser, child(path, 'runAsUser')),
  ...id(security.runAsGroup, child(path, 'runAsGroup')),
  ...(security.seccompProfile ? seccompCauses(security.seccompProfile, child(path, 'seccompProfile')) : []),
  ...(security.windowsOptions ? windowsCauses(security.windowsOptions, child(path, 'windowsOptions')) : []),
  ...(security.appArmorProfile ? appArmorCauses(security.appArmorProfile, child(path, 'appArmorProfile')) : []),
];

export const podSecurityCauses = (security: PodSecurity, path: FieldPath): Causes => [
  ...sharedCauses(security, path),
  ...id(security.fsGroup, child(path, 'fsGroup')),
  ...(security.supplementalGroups ?? []).flatMap((group, at) =>
    id(group, index(child(path, 'supplementalGroups'), at)),
  ),
  ...sysctlCauses(security.sysctls ?? [], child(path, 'sysctls')),
  ...supported(security.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], child(path, 'fsGroupChangePolicy')),
  ...supported(security.supplementalGroupsPolicy, ['Merge', 'Strict'], child(path, 'supplementalGroupsPolicy')),
];

const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_TEXT =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';

function sysctlCauses(sysctls: NonNullable<PodSecurity['sysctls']>, path: FieldPath): Causes {
  const seen = new Set<string>();
  return sysctls.flatMap(({ name = '' }, at) => {
    const own = child(index(path, at), 'name');
    if (name === '') return [requiredValue(own)];
    if (name.length > 253 || !SYSCTL.test(name)) return [invalidValue(own, name, SYSCTL_TEXT)];
    // Both spellings are one parameter.
    const plain = name.replaceAll('/', '.');
    if (seen.has(plain)) return [duplicateValue(own, name)];
    seen.add(plain);
    return [];
  });
}

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function seccompCauses({ type = '', localhostProfile }: Profile, path: FieldPath): Causes {
  const file = child(path, 'localhostProfile');
  const own = child(path, 'type');
  if (type === '') return [requiredValue(own, 'type is required when seccompProfile is set')];
  if (!PROFILES.includes(type)) return [notSupported(own, type, PROFILES)];
  if (type === 'Localhost')
    return localhostProfile === undefined
      ? [requiredValue(file, 'must be set when seccomp type is Localhost')]
      : relativePath(localhostProfile, file);
  if (localhostProfile === undefined) return [];
  const shown = { Type: type, LocalhostProfile: localhostProfile };
  return [structureCause('FieldValueInvalid', file, shown, 'can only be set when seccomp type is Localhost')];
}

const relativePath = (value: string, path: FieldPath): Causes => [
  ...(value.startsWith('/') ? [invalidValue(path, value, 'must be a relative path')] : []),
  ...(value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : []),
];

function appArmorCauses({ type = '', localhostProfile }: Profile, path: FieldPath): Causes {
  const file = child(path, 'localhostProfile');
  if (type === '') return [requiredValue(child(path, 'type'), 'type is required when appArmorProfile is set')];
  if (!PROFILES.includes(type)) return [notSupported(child(path, 'type'), type, PROFILES)];
  if (type !== 'Localhost')
    return localhostProfile === undefined
      ? []
      : [invalidValue(file, localhostProfile, 'can only be set when AppArmor type is Localhost')];
  if (localhostProfile?.trim() !== localhostProfile)
    return [invalidValue(file, localhostProfile, 'must not be padded with whitespace')];
  return localhostProfile ? [] : [requiredValue(file, 'must be set when AppArmor type is Localhost')];
}

function windowsCauses(options: WindowsOptions, path: FieldPath): Causes {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  const spec = child(path, 'gmsaCredentialSpec');
  return [
    ...(gmsaCredentialSpecName === undefined
      ? []
      : dnsSubdomain(gmsaCredentialSpecName, child(path, 'gmsaCredentialSpecName'))),
    ...(gmsaCredentialSpec === '' ? [invalidValue(spec, '', 'gmsaCredentialSpec cannot be an empty string')] : []),
    ...(gmsaCredentialSpec !== undefined && gmsaCredentialSpec.length > 64 * 1024
      ? [invalidValue(spec, gmsaCredentialSpec, 'gmsaCredentialSpec size must be under 64 KiB')]
      : []),
    ...userNameFaults(runAsUserName).map((fault) => invalidValue(child(path, 'runAsUserName'), runAsUserName, fault)),
  ];
}

/** `DOMAIN\user`, the domain optional. */
function userNameFaults(name: string | undefined): string[] {
  if (name === undefined) return [];
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) as string;
  const domain = parts.length === 2 ? (parts[0] as string) : undefined;
  return [
    ...((domain?.length ?? 0) >= 256 ? ["runAsUserName's Domain length must be under 256 characters"] : []),
    ...(domain === undefined || NETBIOS.test(domain) || DNS_DOMAIN.test(domain)
      ? []
      : ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
    ...(user === '' ? ["runAsUserName's User cannot be empty"] : []),
    ...(user.length > 104 ? ["runAsUserName's User length must not be longer than 104 characters"] : []),
    ...(/^[. ]+$/.test(user) ? ["runAsUserName's User cannot contain only periods or spaces"] : []),
    ...(/["/\\:;|=,+*?<>@[\]]/.test(user)
      ? ['runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]']
      : []),
  ];
}
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_DOMAIN =
  /^(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])$/;

/** `hostUsers`: whether the pod shares the host's user namespace. */
export function containerSecurityCauses(security: ContainerSecurity, hostUsers: boolean, path: FieldPath): Causes {
  const { procMount, allowPrivilegeEscalation, privileged, capabilities } = security;
  const mount = child(path, 'procMount');
  const refused = (what: string): Causes => [
    structureCause(
      'FieldValueInvalid',
      path,
      internalSecurity(security),
      `cannot set \`allowPrivilegeEscalation\` to false and ${what}`,
    ),
  ];
  return [
    ...sharedCauses(security, path),
    ...supported(procMount, ['Default', 'Unmasked'], mount),
    ...(procMount === 'Unmasked' && hostUsers
      ? [invalidValue(mount, procMount, '`hostUsers` must be false to use `Unmasked`')]
      : []),
    ...(allowPrivilegeEscalation === false && privileged === true ? refused('`privileged` to true') : []),
    ...(allowPrivilegeEscalation === false && capabilities?.add?.includes('CAP_SYS_ADMIN')
      ? refused('`capabilities.Add` CAP_SYS_ADMIN')
      : []),
  ];
}

/** Upstream's messages print its internal structure. */
const internalSecurity = (security: ContainerSecurity): object => ({
  Capabilities: security.capabilities
    ? { Add: security.capabilities.add ?? null, Drop: security.capabilities.drop ?? null }
    : null,
  Privileged: security.privileged ?? null,
  SELinuxOptions: security.seLinuxOptions ?? null,
  WindowsOptions: security.windowsOptions ?? null,
  RunAsUser: security.runAsUser ?? null,
  RunAsGroup: security.runAsGroup ?? null,
  RunAsNonRoot: security.runAsNonRoot ?? null,
  ReadOnlyRootFilesystem: security.readOnlyRootFilesystem ?? null,
  AllowPrivilegeEscalation: security.allowPrivilegeEscalation ?? null,
  ProcMount: security.procMount ?? null,
  SeccompProfile: security.seccompProfile ?? null,
  AppArmorProfile: security.appArmorProfile ?? null,
});

export interface OsSpec {
  readonly os?: { readonly name?: string };
  readonly securityContext?: PodSecurity;
  readonly hostUsers?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly shareProcessNamespace?: boolean;
  readonly containers?: readonly { readonly securityContext?: ContainerSecurity }[];
  readonly initContainers?: readonly { readonly securityContext?: ContainerSecurity }[];
}

/** What a Windows pod has no use for. */
const LINUX_ONLY = {
  pod: [
    'appArmorProfile',
    'seLinuxOptions',
    'seccompProfile',
    'fsGroup',
    'fsGroupChangePolicy',
    'sysctls',
    'runAsUser',
    'runAsGroup',
    'supplementalGroups',
    'supplementalGroupsPolicy',
    'seLinuxChangePolicy',
  ],
  spec: ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'],
  container: [
    'appArmorProfile',
    'seLinuxOptions',
    'seccompProfile',
    'capabilities',
    'readOnlyRootFilesystem',
    'privileged',
    'allowPrivilegeEscalation',
    'procMount',
    'runAsUser',
    'runAsGroup',
  ],
} as const;

export function osCauses(spec: OsSpec, path: FieldPath): Causes {
  if (spec.os === undefined) return [];
  const own = child(path, 'os');
  const { name = '' } = spec.os;
  if (name === '') return [requiredValue(child(own, 'name'))];
  if (name === 'linux') return windowsOnly(spec, path);
  if (name === 'windows') return linuxOnly(spec, path);
  return [notSupported(own, name, ['linux', 'windows'])];
}

function windowsOnly(spec: OsSpec, path: FieldPath): Causes {
  const contexts = [[spec.securityContext, child(path, 'securityContext')] as const, ...containerContexts(spec, path)];
  return contexts.flatMap(([security, own]) =>
    security?.windowsOptions
      ? [forbiddenField(child(own, 'windowsOptions'), 'windows options cannot be set for a linux pod')]
      : [],
  );
}

function linuxOnly(spec: OsSpec, path: FieldPath): Causes {
  const forbid = (holder: object | undefined, fields: readonly string[], own: FieldPath): Causes =>
    fields
      .filter((field) => isSet((holder as Record<string, unknown> | undefined)?.[field]))
      .map((field) => forbiddenField(child(own, field), 'cannot be set for a windows pod'));
  return [
    ...forbid(spec.securityContext, LINUX_ONLY.pod, child(path, 'securityContext')),
    ...forbid(spec, LINUX_ONLY.spec, path),
    ...containerContexts(spec, path).flatMap(([security, own]) => forbid(security, LINUX_ONLY.container, own)),
  ];
}

const isSet = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

const containerContexts = (spec: OsSpec, path: FieldPath) =>
  (['initContainers', 'containers'] as const).flatMap((field) =>
    (spec[field] ?? []).map(
      ({ securityContext }, at) => [securityContext, child(index(child(path, field), at), 'securityContext')] as const,
    ),
  );
