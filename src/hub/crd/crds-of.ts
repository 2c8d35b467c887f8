/** What a workspace defines for itself: its CRDs, and the APIs that it has bound. */
import type { KubeObject } from '../../kube/object.ts';
import type { GroupResource } from '../../kube/resource.ts';
import { collectionPrefix, kindKey, placeKey } from '../keys.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { Store } from '../store/store.ts';
import { decodeStored } from '../stored-object.ts';
import { CRD_GROUP, CRD_RESOURCE, type CrdNames, type CustomResourceDefinition } from './custom-resource-definition.ts';
import { type CustomKind, definitionsOf, definitionsOfCrd } from './definitions-of-crd.ts';

const CRDS: GroupResource = { group: CRD_GROUP, resource: CRD_RESOURCE };
const BINDINGS: GroupResource = { group: 'apis.kcp.io', resource: 'apibindings' };
const NO_NAMES = { apiVersion: '', kind: '' };

async function listOf<T extends KubeObject>(store: Store, workspace: string, kind: GroupResource): Promise<T[]> {
  const page =
    workspace === '*' ? await store.listKind(kindKey(kind)) : await store.list(collectionPrefix(workspace, kind));
  return page.entries.map(({ value, revision }) => decodeStored(NO_NAMES, value, revision) as T);
}

export const crdsOf = ({ store }: { store: Store }, workspace: string): Promise<CustomResourceDefinition[]> =>
  listOf(store, workspace, CRDS);

interface ApiBinding extends KubeObject {
  spec: { reference: { export: { path?: string; name: string } } };
}
interface ApiExport extends KubeObject {
  spec?: { resources?: { group?: string; name: string; schema: string }[] };
}
interface ApiResourceSchema extends KubeObject {
  spec: Omit<CustomKind, 'names' | 'versions'> & {
    names: CrdNames;
    versions: (Omit<CustomKind['versions'][number], 'schema'> & { schema?: object })[];
  };
}

/** Definitions beyond the fixed ones; for `*` those of all workspaces: of each name one that converts, where one does. */
export async function ownDefinitions(store: Store, workspace: string): Promise<ResourceDefinition[]> {
  const crds = (await crdsOf({ store }, workspace)).flatMap(definitionsOfCrd).sort(convertedLast);
  const bindings = await listOf<ApiBinding>(store, workspace, BINDINGS);
  if (bindings.length === 0) return crds;
  const bound = await Promise.all(bindings.map((binding) => boundDefinitions(store, workspace, binding)));
  return [...crds, ...bound.flat()];
}

/** The last of a name is the one that is found. */
const convertedLast = (a: ResourceDefinition, b: ResourceDefinition): number =>
  Number(a.conversion !== undefined) - Number(b.conversion !== undefined);

async function boundDefinitions(store: Store, workspace: string, binding: ApiBinding): Promise<ResourceDefinition[]> {
  const { path = workspace, name } = binding.spec.reference.export;
  const read = async <T extends KubeObject>(resource: string, object: string): Promise<T | undefined> => {
    const entry = await store.get(
      placeKey({ workspace: path, group: 'apis.kcp.io', resource, namespace: '', name: object }),
    );
    return entry && (decodeStored(NO_NAMES, entry.value, entry.revision) as T);
  };
  const exported = await read<ApiExport>('apiexports', name);
  const schemas = await Promise.all(
    (exported?.spec?.resources ?? []).map(({ schema }) => read<ApiResourceSchema>('apiresourceschemas', schema)),
  );
  return schemas.flatMap((schema) => (schema === undefined ? [] : definitionsOf(toCustomKind(schema))));
}

/** An APIResourceSchema's versions hold the schema itself where a CRD's hold `openAPIV3Schema`. */
const toCustomKind = ({ spec }: ApiResourceSchema): CustomKind => ({
  ...spec,
  versions: spec.versions.map(({ schema, ...version }) => ({
    ...version,
    ...(schema === undefined ? {} : { schema: { openAPIV3Schema: schema } }),
  })),
});
