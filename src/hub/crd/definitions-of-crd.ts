/** The resource definitions that a CRD, or a bound APIResourceSchema, serves: one per served version. */
import type { SubresourceInfo } from '../../kube/resource.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import { newestVersionFirst } from '../../kube/version-priority.ts';
import type { WebhookConversion } from '../conversion/conversion.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import {
  type CrdConversion,
  type CrdNames,
  type CrdVersion,
  type CustomResourceDefinition,
  conditionOf,
} from './custom-resource-definition.ts';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** While it goes, what is there can be read and deleted, but nothing made. */
const TERMINATING_VERBS = VERBS.filter((verb) => verb !== 'create');
const STATUS_VERBS = ['get', 'patch', 'update'];

/** None until the names are accepted and the resource is established. */
export function definitionsOfCrd(crd: CustomResourceDefinition): ResourceDefinition[] {
  if (conditionOf(crd, 'Established')?.status !== 'True') return [];
  const terminating = crd.metadata.deletionTimestamp !== undefined;
  const names = { ...crd.spec.names, ...crd.status?.acceptedNames };
  return definitionsOf({ ...crd.spec, names, ...firstStored(crd) }, terminating ? TERMINATING_VERBS : VERBS);
}

/** What is stored without a mark is in the first of the versions that still are. */
export function firstStored({ status }: CustomResourceDefinition): Pick<CustomKind, 'firstStored'> {
  const [first] = status?.storedVersions ?? [];
  return first === undefined ? {} : { firstStored: first };
}

/** What a CRD's spec and an APIResourceSchema's have in common. */
export interface CustomKind {
  readonly group: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly names: CrdNames;
  readonly versions: readonly CrdVersion[];
  readonly conversion?: CrdConversion;
  /** Default: the storage version. */
  readonly firstStored?: string;
}

export function definitionsOf(custom: CustomKind, verbs = VERBS): ResourceDefinition[] {
  const { group, scope, names, versions } = custom;
  const storage = versions.find((one) => one.storage)?.name ?? versions[0]?.name ?? '';
  const { kind = '', plural = '' } = names;
  const { firstStored: unmarked = storage } = custom;
  const conversion = webhookConversion(custom, storage, unmarked);
  const schemas = new Map(
    versions.filter(({ served }) => served).map((one) => [one.name, schemaOf(one.schema?.openAPIV3Schema)]),
  );
  const scaleOfVersion = Object.fromEntries(versions.map((one) => [one.name, one.subresources?.scale]));
  return versions
    .filter((version) => version.served)
    .map((version): ResourceDefinition => {
      const { subresources, additionalPrinterColumns, selectableFields } = version;
      const scale = subresources?.scale;
      return {
        info: {
          group,
          version: version.name,
          resource: plural,
          kind,
          singular: names.singular ?? kind.toLowerCase(),
          namespaced: scope === 'Namespaced',
          verbs,
          shortNames: names.shortNames ?? [],
          categories: names.categories ?? [],
          subresources: subresourcesOf(kind, version),
          listKind: names.listKind ?? `${kind}List`,
          storageVersion: storage,
        },
        storageVersion: storage,
        ...(conversion === undefined ? {} : { conversion }),
        ...(storage === unmarked ? {} : { storageMark: storage }),
        schema: schemas.get(version.name),
        schemaOfVersion: (name) => schemas.get(name),
        custom: true,
        statusKeeps: 'metadata',
        status: subresources?.status !== undefined,
        ...(scale === undefined ? {} : { scale }),
        scaleOfVersion,
        printerColumns: additionalPrinterColumns ?? [AGE],
        selectableFields: (selectableFields ?? []).map((field) => field.jsonPath.replace(/^\./, '')),
        generation: true,
        unconditionalUpdate: false,
        ...deprecation(group, kind, version, versions),
      };
    });
}

/** What is said with every answer of a deprecated version: the author's words, or upstream's (customresource_handler.go). */
function deprecation(
  group: string,
  kind: string,
  { name, deprecated, deprecationWarning }: CrdVersion,
  versions: readonly CrdVersion[],
): { deprecated?: string } {
  if (deprecated !== true) return {};
  if (deprecationWarning !== undefined) return { deprecated: deprecationWarning };
  const [successor] = versions
    .filter((other) => other.served && other.deprecated !== true && newestVersionFirst(other.name, name) < 0)
    .map((other) => other.name)
    .sort(newestVersionFirst);
  const instead = successor === undefined ? '' : `; use ${group}/${successor} ${kind}`;
  return { deprecated: `${group}/${name} ${kind} is deprecated${instead}` };
}

function webhookConversion(
  { group, names: { kind = '' }, versions, conversion }: CustomKind,
  storage: string,
  unmarked: string,
): WebhookConversion | undefined {
  const { clientConfig, conversionReviewVersions = [] } = conversion?.webhook ?? {};
  if (conversion?.strategy !== 'Webhook' || clientConfig === undefined) return undefined;
  const schemas = new Map(versions.map(({ name, schema }) => [name, schemaOf(schema?.openAPIV3Schema)]));
  return { group, kind, clientConfig, reviewVersions: conversionReviewVersions, schemas, storage, unmarked };
}

const AGE = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};

const schemaOf = (root: Schema | undefined): TypeSchema | undefined => root && { root, resolve: () => undefined };

function subresourcesOf(kind: string, { subresources }: CrdVersion): SubresourceInfo[] {
  return [
    ...(subresources?.status === undefined ? [] : [{ name: 'status', kind, verbs: STATUS_VERBS }]),
    ...(subresources?.scale === undefined
      ? []
      : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: STATUS_VERBS }]),
  ];
}
