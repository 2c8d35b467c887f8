/** Volumes, claims, classes and CSI drivers. */
import type { KubeObject } from '../../kube/object.ts';
import { ageOf, nameOf } from './cells.ts';
import { AGE, column, NAME, wide } from './columns.ts';
import { type Printers, printer } from './printer.ts';

interface VolumeShape {
  readonly spec?: {
    readonly capacity?: { readonly storage?: string };
    readonly accessModes?: readonly string[];
    readonly persistentVolumeReclaimPolicy?: string;
    readonly claimRef?: { readonly namespace?: string; readonly name?: string };
    readonly storageClassName?: string;
    readonly volumeAttributesClassName?: string;
    readonly volumeMode?: string;
  };
  readonly status?: { readonly phase?: string; readonly reason?: string };
}

interface ClaimShape {
  readonly spec?: {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly volumeAttributesClassName?: string;
    readonly volumeMode?: string;
  };
  readonly status?: {
    readonly phase?: string;
    readonly capacity?: { readonly storage?: string };
    readonly accessModes?: readonly string[];
  };
}

interface DriverShape {
  readonly spec?: {
    readonly attachRequired?: boolean;
    readonly podInfoOnMount?: boolean;
    readonly storageCapacity?: boolean;
    readonly requiresRepublish?: boolean;
    readonly tokenRequests?: readonly { readonly audience: string }[];
    readonly volumeLifecycleModes?: readonly string[];
  };
}

const MODES: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];
const modesText = (modes: readonly string[] | undefined): string =>
  MODES.flatMap(([mode, short]) => (modes?.includes(mode) ? [short] : [])).join(',');

const phaseOf = (object: KubeObject & { status?: { phase?: string } }): string =>
  object.metadata.deletionTimestamp === undefined ? (object.status?.phase ?? '') : 'Terminating';

/** The annotation is older than the field and wins. */
const classOf = (object: KubeObject & { spec?: { storageClassName?: string } }): string =>
  object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? object.spec?.storageClassName ?? '';

export const storagePrinters: Printers = {
  '/PersistentVolume': printer<VolumeShape>(
    [
      NAME,
      column('Capacity', 'Size of the volume.'),
      column('Access Modes', 'How the volume may be mounted.'),
      column('Reclaim Policy', 'What becomes of the volume when it is released.'),
      column('Status', 'Phase of the volume.'),
      column('Claim', 'Claim that the volume is bound to.'),
      column('StorageClass', 'Class of the volume.'),
      column('VolumeAttributesClass', 'Class of the attributes.'),
      column('Reason', 'Why the volume is in this phase.'),
      AGE,
      wide('VolumeMode', 'File system or block device.'),
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.capacity?.storage ?? '0',
      modesText(object.spec?.accessModes),
      object.spec?.persistentVolumeReclaimPolicy ?? '',
      phaseOf(object),
      claimText(object.spec?.claimRef),
      classOf(object),
      object.spec?.volumeAttributesClassName ?? '<unset>',
      object.status?.reason ?? '',
      ageOf(object, now),
      object.spec?.volumeMode ?? '<unset>',
    ],
  ),
  '/PersistentVolumeClaim': printer<ClaimShape>(
    [
      NAME,
      column('Status', 'Phase of the claim.'),
      column('Volume', 'Volume that the claim is bound to.'),
      column('Capacity', 'Size of that volume.'),
      column('Access Modes', 'How that volume may be mounted.'),
      column('StorageClass', 'Class of the claim.'),
      column('VolumeAttributesClass', 'Class of the attributes.'),
      AGE,
      wide('VolumeMode', 'File system or block device.'),
    ],
    (object, now) => [
      nameOf(object),
      phaseOf(object),
      object.spec?.volumeName ?? '',
      object.spec?.volumeName ? (object.status?.capacity?.storage ?? '0') : '',
      object.spec?.volumeName ? modesText(object.status?.accessModes) : '',
      classOf(object),
      object.spec?.volumeAttributesClassName ?? '<unset>',
      ageOf(object, now),
      object.spec?.volumeMode ?? '<unset>',
    ],
  ),
  'storage.k8s.io/StorageClass': printer<{
    provisioner?: string;
    reclaimPolicy?: string;
    volumeBindingMode?: string;
    allowVolumeExpansion?: boolean;
  }>(
    [
      NAME,
      column('Provisioner', 'Driver that makes the volumes.'),
      column('ReclaimPolicy', 'What becomes of a volume when it is released.'),
      column('VolumeBindingMode', 'When volumes are bound.'),
      column('AllowVolumeExpansion', 'Whether volumes can grow.'),
      AGE,
    ],
    (object, now, list) => [
      nameOf(object) + (list && nameOf(object) === defaultClass(list) ? ' (default)' : ''),
      object.provisioner ?? '',
      object.reclaimPolicy ?? 'Delete',
      object.volumeBindingMode ?? 'Immediate',
      object.allowVolumeExpansion ?? false,
      ageOf(object, now),
    ],
  ),
  'storage.k8s.io/VolumeAttributesClass': printer<{ driverName?: string }>(
    [NAME, column('DriverName', 'Driver that knows the attributes.'), AGE],
    (object, now) => [nameOf(object), object.driverName ?? '', ageOf(object, now)],
  ),
  'storage.k8s.io/VolumeAttachment': printer<{
    spec?: { attacher?: string; nodeName?: string; source?: { persistentVolumeName?: string } };
    status?: { attached?: boolean };
  }>(
    [
      NAME,
      { ...column('Attacher', 'Driver that attaches the volume.'), format: 'name' },
      column('PV', 'Volume that is attached.'),
      column('Node', 'Node that it is attached to.'),
      column('Attached', 'Whether it is attached.', 'boolean'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.attacher ?? '',
      object.spec?.source?.persistentVolumeName ?? '',
      object.spec?.nodeName ?? '',
      object.status?.attached ?? false,
      ageOf(object, now),
    ],
  ),
  'storage.k8s.io/CSINode': printer<{ spec?: { drivers?: unknown[] } }>(
    [NAME, column('Drivers', 'Drivers on the node.', 'integer'), AGE],
    (object, now) => [nameOf(object), object.spec?.drivers?.length ?? 0, ageOf(object, now)],
  ),
  'storage.k8s.io/CSIDriver': printer<DriverShape>(
    [
      NAME,
      column('AttachRequired', 'Whether volumes are attached before they are mounted.', 'boolean'),
      column('PodInfoOnMount', 'Whether the driver is told of the pod.', 'boolean'),
      column('StorageCapacity', 'Whether scheduling considers capacity.', 'boolean'),
      column('TokenRequests', 'Audiences of the tokens that the driver gets.'),
      column('RequiresRepublish', 'Whether volumes are published again and again.', 'boolean'),
      column('Modes', 'Kinds of volume that the driver serves.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.attachRequired ?? true,
      object.spec?.podInfoOnMount ?? false,
      object.spec?.storageCapacity ?? false,
      object.spec?.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
      object.spec?.requiresRepublish ?? false,
      (object.spec?.volumeLifecycleModes ?? []).join(',') || '<none>',
      ageOf(object, now),
    ],
  ),
};

const claimText = (claim: { namespace?: string; name?: string } | undefined): string =>
  claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '';

/** Of several marked as default, the newest holds; of equally old ones, the first by name. */
function defaultClass(list: readonly KubeObject[]): string | undefined {
  const marked = list.filter(({ metadata: { annotations = {} } }) =>
    ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'].some(
      (key) => annotations[key] === 'true',
    ),
  );
  const created = (object: KubeObject): string => object.metadata.creationTimestamp ?? '';
  const [first] = marked.sort((left, right) =>
    created(left) === created(right)
      ? nameOf(left) < nameOf(right)
        ? -1
        : 1
      : created(left) > created(right)
        ? -1
        : 1,
  );
  return first && nameOf(first);
}
