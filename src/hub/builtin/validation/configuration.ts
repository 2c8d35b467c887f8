/** ConfigMaps, Secrets and claims (pkg/apis/core/validation). */
import { isDeepStrictEqual } from 'node:util';
import {
  child,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
  tooLong,
} from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { nanosOf } from './resources.ts';
import { type Causes, configKey, dnsSubdomain } from './scalars.ts';
import { immutable, type Selector, selectorCauses } from './selectors.ts';

type Entries = Readonly<Record<string, string>>;

export type ConfigMap = KubeObject & {
  readonly data?: Entries;
  readonly binaryData?: Entries;
  readonly immutable?: boolean;
};
export type Secret = KubeObject & { readonly data?: Entries; readonly type?: string; readonly immutable?: boolean };

const MAX_BYTES = 1024 * 1024;
const base64Bytes = (text: string): number => Buffer.byteLength(text, 'base64');
const keyCauses = (entries: Entries | undefined, field: string): Causes =>
  Object.keys(entries ?? {}).flatMap((key) => configKey(key, index(field, key)));

export function configMapCauses(object: ConfigMap, old: ConfigMap | undefined): Causes {
  const { data = {}, binaryData = {} } = object;
  const size =
    Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
    Object.values(binaryData).reduce((sum, text) => sum + base64Bytes(text), 0);
  return [
    ...frozenCauses(object, old, ['data', 'binaryData']),
    ...Object.keys(data).flatMap((key) => [
      ...configKey(key, index('data', key)),
      ...(Object.hasOwn(binaryData, key)
        ? [invalidValue(index('data', key), key, 'duplicate of key present in binaryData')]
        : []),
    ]),
    ...keyCauses(binaryData, 'binaryData'),
    ...(size > MAX_BYTES ? [tooLong('', MAX_BYTES)] : []),
  ];
}

export function secretCauses(object: Secret, old: Secret | undefined): Causes {
  const { data = {} } = object;
  const size = Object.values(data).reduce((sum, text) => sum + base64Bytes(text), 0);
  return [
    ...(old ? immutable(object.type, old.type, 'type') : []),
    ...frozenCauses(object, old, ['data']),
    ...keyCauses(data, 'data'),
    ...(size > MAX_BYTES ? [tooLong('data', MAX_BYTES)] : []),
    ...typeCauses(object),
  ];
}

/** An object that was marked immutable keeps the mark and its data. */
function frozenCauses<T extends ConfigMap | Secret>(
  object: T,
  old: T | undefined,
  fields: readonly (keyof T & string)[],
): Causes {
  if (!old?.immutable) return [];
  const text = 'field is immutable when `immutable` is set';
  return [
    ...(object.immutable ? [] : [forbiddenField('immutable', text)]),
    ...fields
      .filter((field) => !isDeepStrictEqual(object[field] ?? {}, old[field] ?? {}))
      .map((field) => forbiddenField(field, text)),
  ];
}

/** Entries that a type of secret must have. */
function typeCauses({ type, data = {}, metadata }: Secret): Causes {
  const missing = (...keys: string[]): Causes =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => requiredValue(index('data', key)));
  const account = 'kubernetes.io/service-account.name';
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata.annotations?.[account] ? [] : [requiredValue(index(child('metadata', 'annotations'), account))];
    case 'kubernetes.io/dockercfg':
      return dockerCauses(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return dockerCauses(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const both = missing('username', 'password');
      return both.length === 2 ? both : [];
    }
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [requiredValue(index('data', 'ssh-privatekey'))];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

function dockerCauses(data: Entries, key: string): Causes {
  const path = index('data', key);
  const text = data[key];
  if (text === undefined) return [requiredValue(path)];
  try {
    const parsed = JSON.parse(Buffer.from(text, 'base64').toString()) as unknown;
    if (typeof parsed === 'object' && !Array.isArray(parsed)) return [];
  } catch {
    // Falls through to the one fault; the text must not be shown.
  }
  return [invalidValue(path, '<secret contents redacted>', 'must be a JSON object')];
}

interface ClaimSpec {
  readonly accessModes?: readonly string[];
  readonly resources?: { readonly requests?: { readonly storage?: string } };
  readonly volumeAttributesClassName?: string;
  readonly storageClassName?: string;
  readonly volumeMode?: string;
  readonly selector?: Selector;
  readonly dataSource?: object;
  readonly dataSourceRef?: object;
  readonly [field: string]: unknown;
}
export type Claim = KubeObject & {
  readonly spec?: ClaimSpec;
  readonly status?: { readonly phase?: string; readonly capacity?: { readonly storage?: string } };
};

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

function accessCauses(modes: readonly string[]): Causes {
  const path = 'spec.accessModes';
  return [
    ...modes.flatMap((mode) => (ACCESS_MODES.includes(mode) ? [] : [notSupported(path, mode, ACCESS_MODES)])),
    ...(modes.includes('ReadWriteOncePod') && modes.length > 1
      ? [forbiddenField(path, 'may not use ReadWriteOncePod with other access modes')]
      : []),
  ];
}

export function claimCauses(claim: Claim, old: Claim | undefined): Causes {
  const spec = claim.spec ?? {};
  const path = 'spec.resources';
  const storage = spec.resources?.requests?.storage;
  return [
    ...((spec.accessModes ?? []).length === 0
      ? [requiredValue('spec.accessModes', 'at least 1 access mode is required')]
      : []),
    ...selectorCauses(spec.selector, 'spec.selector'),
    ...accessCauses(spec.accessModes ?? []),
    ...(storage === undefined
      ? [requiredValue(index(path, 'storage'))]
      : nanosOf(storage) <= 0n
        ? [invalidValue(index(path, 'storage'), storage, 'must be greater than zero')]
        : []),
    ...(spec.storageClassName ? dnsSubdomain(spec.storageClassName, 'spec.storageClassName') : []),
    ...(spec.volumeMode === undefined || VOLUME_MODES.includes(spec.volumeMode)
      ? []
      : [notSupported('spec.volumeMode', spec.volumeMode, VOLUME_MODES)]),
    ...(old ? claimChange(claim, old) : []),
  ];
}

/** Once bound, a claim may grow, shrink again to no less than what it has, and change its class of attributes. */
function claimChange(claim: Claim, old: Claim): Causes {
  const [spec, before] = [claim.spec ?? {}, old.spec ?? {}];
  const bound = claim.status?.phase === 'Bound';
  if (!isDeepStrictEqual(fixedPart(spec, before, bound), fixedPart(before, before, bound)))
    return [
      forbiddenField(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    ];
  const [size, had, has] = [
    storageOf(spec.resources?.requests),
    storageOf(before.resources?.requests),
    storageOf(old.status?.capacity),
  ];
  return size < had && size <= has
    ? [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')]
    : [];
}

const storageOf = (list: { readonly storage?: string } | undefined): bigint =>
  list?.storage === undefined ? 0n : nanosOf(list.storage);

/** Binding fills in the volume; a class may be set where there was none. */
function fixedPart(spec: ClaimSpec, before: ClaimSpec, bound: boolean): object {
  const { resources, volumeAttributesClassName, volumeName: _volume, storageClassName, ...rest } = spec;
  return {
    ...rest,
    storageClassName: before.storageClassName === undefined ? undefined : storageClassName,
    ...(bound ? {} : { resources, volumeAttributesClassName }),
  };
}
