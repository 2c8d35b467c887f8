/** What each source of a volume must have, as data (pkg/apis/core/validation validateVolumeSource). */
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import { parseQuantity } from '../../../kube/quantity.ts';
import { type Causes, dnsLabel, dnsSubdomain } from './scalars.ts';

export type Fields = Readonly<Record<string, unknown>>;
/** What a file of a volume may show of its pod. */
const VOLUME_FIELD_PATHS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

type Rule = (source: Fields, path: FieldPath) => Causes;

const text = (source: Fields, field: string): string =>
  typeof source[field] === 'string' ? (source[field] as string) : '';
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

const required =
  (...fields: string[]): Rule =>
  (source, path) =>
    fields.filter((field) => isEmpty(source[field])).map((field) => requiredValue(child(path, field)));

const supported =
  (field: string, values: readonly string[]): Rule =>
  (source, path) =>
    source[field] === undefined || values.includes(text(source, field))
      ? []
      : [notSupported(child(path, field), source[field], values)];

const upTo255 =
  (field: string, text = 'must be between 0 and 255, inclusive'): Rule =>
  (source, path) => {
    const value = source[field] as number | undefined;
    return value === undefined || (value >= 0 && value <= 255) ? [] : [invalidValue(child(path, field), value, text)];
  };
const partition = upTo255('partition', 'must be between 1 and 255, inclusive');

const checked =
  (field: string, check: (value: string, path: FieldPath) => Causes): Rule =>
  (source, path) =>
    text(source, field) === '' ? [] : check(text(source, field), child(path, field));

/** One of two fields, not both. */
const either =
  (one: string, other: string): Rule =>
  (source, path) => {
    if (isEmpty(source[one]) === !isEmpty(source[other])) return [];
    return isEmpty(source[one])
      ? [requiredValue(path, `one of ${one} and ${other} is required`)]
      : [invalidValue(path, 'resource', `${one} and ${other} can not be specified simultaneously`)];
  };

const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
const mode =
  (field: string): Rule =>
  (source, path) => {
    const value = source[field] as number | undefined;
    return value === undefined || (value >= 0 && value <= 0o777)
      ? []
      : [invalidValue(child(path, field), value, MODE_TEXT)];
  };

const noBacksteps = (value: string, path: FieldPath): Causes =>
  value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];

export const localPath = (value: string, path: FieldPath): Causes => [
  ...(value.startsWith('/') ? [invalidValue(path, value, 'must be a relative path')] : []),
  ...noBacksteps(value, path),
];

/** Kubelet keeps names that begin with two dots for itself. */
const ownPath = (value: string, path: FieldPath): Causes => [
  ...localPath(value, path),
  ...(value.startsWith('..') && !value.startsWith('../')
    ? [invalidValue(path, value, "must not start with '..'")]
    : []),
];

const keyToPath: Rule = (item, path) => [
  ...required('key', 'path')(item, path),
  ...ownPath(text(item, 'path'), child(path, 'path')),
  ...mode('mode')(item, path),
];

const items: Rule = (source, path) =>
  list(source.items).flatMap((item, at) => keyToPath(item, index(child(path, 'items'), at)));

/** Upstream says of a file what is wrong as if it were the volume's. */
const downwardFile: Rule = (file, path) => [
  ...required('path')(file, path),
  ...ownPath(text(file, 'path'), child(path, 'path')),
  ...downwardReference(file, path),
  ...mode('mode')(file, path),
];

const downwardReference: Rule = ({ fieldRef, resourceFieldRef }, path) => {
  if (fieldRef === undefined && resourceFieldRef === undefined)
    return [requiredValue(path, 'one of fieldRef and resourceFieldRef is required')];
  if (fieldRef === undefined) {
    const reference = resourceFieldRef as Fields;
    return required('containerName', 'resource')(reference, child(path, 'resourceFieldRef'));
  }
  return [
    ...fieldCauses(text(fieldRef as Fields, 'fieldPath'), child(child(path, 'fieldRef'), 'fieldPath')),
    ...(resourceFieldRef === undefined
      ? []
      : [invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')]),
  ];
};

function fieldCauses(field: string, path: FieldPath): Causes {
  if (field === '') return [requiredValue(path)];
  if (/^metadata\.(annotations|labels)\['[^']+'\]$/.test(field) || VOLUME_FIELD_PATHS.includes(field)) return [];
  return [notSupported(path, field, VOLUME_FIELD_PATHS)];
}

const PROJECTED = ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle', 'podCertificate'];
const MAX_TOKEN_SECONDS = 2 ** 32;

const projected: Rule = (volume, path) => {
  const paths = new Set<string>();
  const clash = (files: readonly Fields[], shown: (file: Fields) => string): Causes =>
    files.flatMap((file) => {
      const own = text(file, 'path');
      const taken = paths.has(own);
      if (own !== '') paths.add(own);
      return taken ? [invalidValue(path, shown(file), 'conflicting duplicate paths')] : [];
    });
  return list(volume.sources).flatMap((source, at) => {
    const own = index(child(path, 'sources'), at);
    const given = PROJECTED.filter((name) => source[name] !== undefined);
    const named = (['secret', 'configMap'] as const).flatMap((name) => {
      const part = source[name] as Fields | undefined;
      if (part === undefined) return [];
      return [
        ...required('name')(part, child(own, name)),
        ...items(part, child(own, name)),
        ...clash(list(part.items), () => text(part, 'name')),
      ];
    });
    const files = list((source.downwardAPI as Fields | undefined)?.items);
    return [
      ...named,
      ...files.flatMap((file) => downwardFile(file, child(own, 'downwardAPI'))),
      ...clash(files, (file) => text(file, 'path')),
      ...tokenCauses(source.serviceAccountToken as Fields | undefined, child(own, 'serviceAccountToken'), path),
      ...(given.length > 1 ? [forbiddenField(own, 'may not specify more than 1 volume type per source')] : []),
    ];
  });
};

function tokenCauses(token: Fields | undefined, path: FieldPath, volume: FieldPath): Causes {
  if (token === undefined) return [];
  const seconds = Number(token.expirationSeconds);
  const lifetime = child(path, 'expirationSeconds');
  return [
    ...(seconds < 600
      ? [invalidValue(lifetime, token.expirationSeconds, 'may not specify a duration less than 10 minutes')]
      : []),
    ...(seconds > MAX_TOKEN_SECONDS
      ? [invalidValue(lifetime, token.expirationSeconds, 'may not specify a duration larger than 2^32 seconds')]
      : []),
    ...required('path')(token, volume),
    ...ownPath(text(token, 'path'), child(volume, 'path')),
  ];
}

/** Tokens belong to an account, which is the pod's. */
export function tokensNeedAccount(volumes: readonly Fields[], account: string | undefined, path: FieldPath): Causes {
  if (account) return [];
  return volumes.flatMap((volume, at) =>
    list((volume.projected as Fields | undefined)?.sources).flatMap((source, sourceAt) =>
      source.serviceAccountToken === undefined
        ? []
        : [
            forbiddenField(
              child(index(child(child(index(path, at), 'projected'), 'sources'), sourceAt), 'serviceAccountToken'),
              'must not be specified when serviceAccountName is not set',
            ),
          ],
    ),
  );
}

const ISCSI_NAMES = {
  iqn: /^iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui\.[a-zA-Z0-9]{16}$/,
  naa: /^naa\.[a-zA-Z0-9]{32}$/,
} as const;

function iscsiName(value: string, path: FieldPath): Causes {
  const kind = (['iqn', 'eui', 'naa'] as const).find((prefix) => value.startsWith(prefix));
  if (kind === undefined) return [invalidValue(path, value, 'must be valid format starting with iqn, eui, or naa')];
  return ISCSI_NAMES[kind].test(value) ? [] : [invalidValue(path, value, 'must be valid format')];
}

const iscsi: Rule = (source, path) => [
  ...((source.chapAuthDiscovery === true || source.chapAuthSession === true) && source.secretRef === undefined
    ? [requiredValue(child(path, 'secretRef'))]
    : []),
  ...(typeof source.initiatorName === 'string' ? iscsiName(source.initiatorName, child(path, 'initiatorname')) : []),
];

const fibreChannel: Rule = (source, path) => {
  const own = child(path, 'targetWWNs');
  const [targets, worldWide] = [isEmpty(source.targetWWNs), isEmpty(source.wwids)];
  if (targets && worldWide) return [requiredValue(own, 'must specify either targetWWNs or wwids, but not both')];
  if (!targets && !worldWide)
    return [invalidValue(own, source.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously')];
  if (targets) return [];
  return source.lun === undefined
    ? [requiredValue(child(path, 'lun'), 'lun is required if targetWWNs is specified')]
    : [];
};

const DISK_ADDRESSES = {
  Managed: [
    '/subscriptions/',
    '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
  ],
  other: ['https://', 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'],
} as const;

const azureDiskAddress: Rule = (source, path) => {
  if (source.kind === undefined) return [];
  const [start, pattern] = source.kind === 'Managed' ? DISK_ADDRESSES.Managed : DISK_ADDRESSES.other;
  return text(source, 'diskURI').startsWith(start)
    ? []
    : [notSupported(child(path, 'diskURI'), source.diskURI ?? '', [pattern])];
};

const HOST_PORTS = 'must be a host:port pair or multiple pairs separated by commas';
const quobyteRegistry: Rule = (source, path) => {
  const own = child(path, 'registry');
  const registry = text(source, 'registry');
  if (registry === '') return [requiredValue(own, HOST_PORTS)];
  const pairs = registry.split(',').filter((pair) => !/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair));
  return pairs.map(() => invalidValue(own, registry, HOST_PORTS));
};

const sizeLimit: Rule = (source, path) => {
  const { sizeLimit: limit } = source;
  if (limit === undefined || parseQuantity(String(limit)).nanos >= 0n) return [];
  return [forbiddenField(child(path, 'sizeLimit'), 'SizeLimit field must be a valid resource quantity')];
};

const absolute = (value: string, path: FieldPath): Causes =>
  value.startsWith('/') ? [] : [invalidValue(path, value, 'must be an absolute path')];

const secretName =
  (field: string): Rule =>
  (source, path) =>
    source[field] === undefined ? [] : required('name')(source[field] as Fields, child(path, field));

const HOST_PATHS = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** Upstream names the field so. */
const gceDisk = (path: FieldPath): FieldPath => path.replace(/gcePersistentDisk$/, 'persistentDisk');

export const SOURCE_RULES: Readonly<Record<string, readonly Rule[]>> = {
  hostPath: [required('path'), checked('path', noBacksteps), supported('type', HOST_PATHS)],
  emptyDir: [sizeLimit],
  gitRepo: [required('repository'), checked('directory', localPath)],
  secret: [required('secretName'), mode('defaultMode'), items],
  configMap: [required('name'), mode('defaultMode'), items],
  downwardAPI: [mode('defaultMode'), (source, path) => list(source.items).flatMap((file) => downwardFile(file, path))],
  projected: [mode('defaultMode'), projected],
  nfs: [required('server', 'path'), checked('path', absolute)],
  iscsi: [required('targetPortal', 'iqn'), checked('iqn', iscsiName), upTo255('lun'), iscsi],
  glusterfs: [required('endpoints', 'path')],
  flocker: [either('datasetName', 'datasetUUID')],
  persistentVolumeClaim: [required('claimName')],
  rbd: [required('monitors', 'image')],
  cinder: [required('volumeID'), secretName('secretRef')],
  cephfs: [required('monitors')],
  azureFile: [required('secretName', 'shareName')],
  azureDisk: [
    required('diskName', 'diskURI'),
    supported('cachingMode', ['None', 'ReadOnly', 'ReadWrite']),
    supported('kind', ['Dedicated', 'Managed', 'Shared']),
    azureDiskAddress,
  ],
  fc: [fibreChannel, upTo255('lun')],
  flexVolume: [required('driver')],
  vsphereVolume: [required('volumePath')],
  quobyte: [quobyteRegistry, required('volume')],
  portworxVolume: [required('volumeID')],
  scaleIO: [required('gateway', 'system', 'volumeName')],
  storageos: [required('volumeName'), checked('volumeName', dnsLabel), secretName('secretRef')],
  gcePersistentDisk: [(source, path) => [required('pdName'), partition].flatMap((rule) => rule(source, gceDisk(path)))],
  awsElasticBlockStore: [required('volumeID'), partition],
  csi: [required('driver'), checked('driver', dnsSubdomain), secretName('nodePublishSecretRef')],
  image: [required('reference'), supported('pullPolicy', ['Always', 'IfNotPresent', 'Never'])],
  ephemeral: [required('volumeClaimTemplate')],
};
