/** Nodes, namespaces, configuration, quotas, leases, classes, and what extends the API. */
import type { KubeObject } from '../../kube/object.ts';
import { groupResourceName } from '../../kube/resource.ts';
import { ageOf, type ConditionShape, createdAt, nameOf, sortedUnique } from './cells.ts';
import { AGE, CREATED_AT, column, NAME, wide } from './columns.ts';
import { type Printers, printer } from './printer.ts';

interface NodeShape {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly ConditionShape[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: {
      readonly kubeletVersion?: string;
      readonly osImage?: string;
      readonly kernelVersion?: string;
      readonly architecture?: string;
      readonly containerRuntimeVersion?: string;
    };
  };
}

interface QuotaShape {
  readonly status?: { readonly hard?: Record<string, string>; readonly used?: Record<string, string> };
}

interface DefinitionShape {
  readonly spec?: {
    readonly group?: string;
    readonly scope?: string;
    readonly names?: { readonly kind?: string; readonly shortNames?: readonly string[] };
    readonly versions?: readonly { readonly name: string; readonly served?: boolean; readonly storage?: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly ConditionShape[] };
}

interface ServiceReference {
  readonly spec?: { readonly service?: { readonly namespace?: string; readonly name?: string } };
  readonly status?: { readonly conditions?: readonly ConditionShape[] };
}

const sizeOf = (map: object | undefined): number => Object.keys(map ?? {}).length;

export const clusterPrinters: Printers = {
  '/Node': printer<NodeShape>(
    [
      NAME,
      column('Status', 'Whether the node is ready and takes pods.'),
      column('Roles', 'Roles of the node.'),
      AGE,
      column('Version', 'Version of its kubelet.'),
      wide('Internal-IP', 'Address inside the cluster.'),
      wide('External-IP', 'Address outside the cluster.'),
      wide('OS-Image', 'Operating system.'),
      wide('Kernel-Version', 'Kernel and architecture.'),
      wide('Container-Runtime', 'Container runtime and its version.'),
    ],
    (object, now) => {
      const info = object.status?.nodeInfo ?? {};
      const architecture = info.architecture ? ` (${info.architecture})` : '';
      return [
        nameOf(object),
        nodeStatus(object),
        nodeRoles(object),
        ageOf(object, now),
        info.kubeletVersion ?? '',
        nodeAddress(object, 'InternalIP'),
        nodeAddress(object, 'ExternalIP'),
        info.osImage || '<unknown>',
        (info.kernelVersion || '<unknown>') + architecture,
        info.containerRuntimeVersion || '<unknown>',
      ];
    },
  ),
  '/Namespace': printer<{ status?: { phase?: string } }>(
    [NAME, column('Status', 'Phase of the namespace.'), AGE],
    (object, now) => [nameOf(object), object.status?.phase ?? '', ageOf(object, now)],
  ),
  '/ConfigMap': printer<{ data?: object; binaryData?: object }>(
    [NAME, column('Data', 'Number of entries.'), AGE],
    (object, now) => [nameOf(object), sizeOf(object.data) + sizeOf(object.binaryData), ageOf(object, now)],
  ),
  '/Secret': printer<{ type?: string; data?: object }>(
    [NAME, column('Type', 'What the secret is for.'), column('Data', 'Number of entries.'), AGE],
    (object, now) => [nameOf(object), object.type ?? '', sizeOf(object.data), ageOf(object, now)],
  ),
  '/ServiceAccount': printer([NAME, AGE], (object, now) => [nameOf(object), ageOf(object, now)]),
  '/ResourceQuota': printer<QuotaShape>(
    [NAME, column('Request', 'Used and allowed requests.'), column('Limit', 'Used and allowed limits.'), AGE],
    (object, now) => [nameOf(object), ...quotaCells(object), ageOf(object, now)],
  ),
  '/ComponentStatus': printer<{ conditions?: (ConditionShape & { error?: string })[] }>(
    [
      NAME,
      column('Status', 'Whether the component is healthy.'),
      column('Message', 'What it says.'),
      column('Error', 'What is wrong.'),
    ],
    (object) => {
      const healthy = object.conditions?.find(({ type }) => type === 'Healthy');
      const status = healthy ? (healthy.status === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown';
      return [nameOf(object), status, healthy?.message ?? '', healthy?.error ?? ''];
    },
  ),
  'coordination.k8s.io/Lease': printer<{ spec?: { holderIdentity?: string } }>(
    [NAME, column('Holder', 'Who holds the lease.'), AGE],
    (object, now) => [nameOf(object), object.spec?.holderIdentity ?? '', ageOf(object, now)],
  ),
  'coordination.k8s.io/LeaseCandidate': printer<{
    spec?: { leaseName?: string; binaryVersion?: string; emulationVersion?: string };
  }>(
    [
      NAME,
      column('LeaseName', 'Lease that is sought.'),
      column('BinaryVersion', 'Version of the candidate.'),
      column('EmulationVersion', 'Version that it emulates.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.leaseName ?? '',
      object.spec?.binaryVersion ?? '',
      object.spec?.emulationVersion ?? '',
      ageOf(object, now),
    ],
  ),
  'scheduling.k8s.io/PriorityClass': printer<{ value?: number; globalDefault?: boolean; preemptionPolicy?: string }>(
    [
      NAME,
      column('Value', 'Priority of its pods.', 'integer'),
      column('Global-Default', 'Whether pods without class get it.', 'boolean'),
      AGE,
      column('PreemptionPolicy', 'Whether its pods push out others.'),
    ],
    (object, now) => [
      nameOf(object),
      object.value ?? 0,
      object.globalDefault ?? false,
      ageOf(object, now),
      object.preemptionPolicy ?? '',
    ],
  ),
  'node.k8s.io/RuntimeClass': printer<{ handler?: string }>(
    [NAME, column('Handler', 'Runtime that the nodes use.'), AGE],
    (object, now) => [nameOf(object), object.handler ?? '', ageOf(object, now)],
  ),
  'apiextensions.k8s.io/CustomResourceDefinition': printer<DefinitionShape>(
    [
      NAME,
      column('Scope', 'Cluster or Namespaced.'),
      column('Versions', 'Versions that are served.'),
      CREATED_AT,
      wide('Group', 'API group.'),
      wide('Kind', 'Kind of the resources.'),
      wide('ShortNames', 'Short names for commands.'),
      wide('Established', 'Whether it is served.', 'boolean'),
    ],
    (object) => [
      nameOf(object),
      object.spec?.scope ?? '',
      servedVersions(object),
      createdAt(object),
      object.spec?.group ?? '',
      object.spec?.names?.kind ?? '',
      (object.spec?.names?.shortNames ?? []).join(','),
      object.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false,
    ],
  ),
  'apiregistration.k8s.io/APIService': printer<ServiceReference>(
    [NAME, column('Service', 'Who serves the version.'), column('Available', 'Whether it answers.'), AGE],
    (object, now) => [nameOf(object), serviceText(object), availableText(object), ageOf(object, now)],
  ),
  'storagemigration.k8s.io/StorageVersionMigration': printer<{
    spec?: { resource?: { group?: string; resource?: string } };
    status?: { conditions?: ConditionShape[] };
  }>(
    [
      { ...NAME, format: '' },
      column('Resource', 'Resource that is migrated.'),
      column('Status', 'How far the migration has come.'),
    ],
    (object) => {
      const { group = '', resource = '' } = object.spec?.resource ?? {};
      const states = (object.status?.conditions ?? []).filter(
        ({ type, status }) => status === 'True' && ['Running', 'Failed', 'Succeeded'].includes(type),
      );
      return [nameOf(object), groupResourceName({ group, resource }), states.at(-1)?.type ?? 'Unknown'];
    },
  ),
};

function nodeStatus({ spec, status }: NodeShape): string {
  const ready = status?.conditions?.findLast(({ type }) => type === 'Ready');
  const text = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function nodeRoles(object: KubeObject): string {
  const roles = Object.entries(object.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX)) return key.length > ROLE_PREFIX.length ? [key.slice(ROLE_PREFIX.length)] : [];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return sortedUnique(roles).join(',') || '<none>';
}

const nodeAddress = ({ status }: NodeShape, type: string): string =>
  status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';

/** Requests and limits, each `name: used/hard` by name. */
function quotaCells({ status }: QuotaShape): [requests: string, limits: string] {
  const names = Object.keys(status?.hard ?? {}).sort();
  const text = (list: string[]): string =>
    list.map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`).join(', ');
  const isLimit = (name: string): boolean => name.startsWith('limits.');
  return [text(names.filter((name) => !isLimit(name))), text(names.filter(isLimit))];
}

const servedVersions = ({ spec }: DefinitionShape): string =>
  (spec?.versions ?? [])
    .filter(({ served }) => served)
    .map(({ name, storage }) => (storage ? `${name}(storage)` : name))
    .sort()
    .join(',');

const serviceText = ({ spec }: ServiceReference): string =>
  spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local';

function availableText({ status }: ServiceReference): string {
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (!available) return 'Unknown';
  const text = available.status ?? '';
  return text !== 'True' && available.reason ? `${text} (${available.reason})` : text;
}
