/**
 * Which resources a workspace serves: the fixed ones, shared by all, and its own (CRDs, bound APIs), which are loaded
 * on first use and kept for the workspaces used last. An idle workspace costs nothing here.
 */
import { LRUCache } from 'lru-cache';
import type { GroupResource } from '../../kube/resource.ts';
import { kindKey } from '../keys.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

export interface WorkspaceCatalog {
  readonly definitions: readonly ResourceDefinition[];
  find(group: string, version: string, resource: string): ResourceDefinition | undefined;
  /** The version that clients should use first. */
  preferred(gr: GroupResource): ResourceDefinition | undefined;
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
}

export interface Catalog {
  of(workspace: string): Promise<WorkspaceCatalog>;
  /** A workspace's own definitions changed; `*` all of them. */
  invalidate(workspace: string): void;
  /** May objects of the kind (`apps/deployments`) be converted by a webhook, in any workspace? */
  converts(kind: string): boolean;
  /** They may from now on. */
  noteConverted(kind: string): void;
}

const MAX_WORKSPACES = 1_000;

/** `loadOwn` answers a workspace's own definitions, for `*` those of all workspaces. */
export function createCatalog(
  fixed: readonly ResourceDefinition[],
  loadOwn: (workspace: string) => Promise<readonly ResourceDefinition[]>,
): Catalog {
  const shared = buildCatalog(fixed, undefined);
  let generation = 0;
  const converted = new Set<string>();
  const byList = new WeakMap<readonly ResourceDefinition[], WorkspaceCatalog>();
  const built = (own: readonly ResourceDefinition[]): WorkspaceCatalog => {
    const catalog = byList.get(own) ?? buildCatalog(own, shared);
    byList.set(own, catalog);
    return catalog;
  };
  const cache = new LRUCache<string, WorkspaceCatalog>({ max: MAX_WORKSPACES });
  /** Not the cache's own fetches: those fail when their key is deleted meanwhile, and a change is no reason to fail. */
  const loading = new Map<string, Promise<WorkspaceCatalog>>();
  const load = async (workspace: string): Promise<WorkspaceCatalog> => {
    try {
      for (;;) {
        const before = generation;
        const own = await loadOwn(workspace);
        // A change that arrived while loading may or may not be in what was loaded.
        if (before !== generation) continue;
        for (const { info, conversion } of own) if (conversion !== undefined) converted.add(kindKey(info));
        const catalog = own.length === 0 ? shared : built(own);
        cache.set(workspace, catalog);
        return catalog;
      }
    } finally {
      loading.delete(workspace);
    }
  };
  return {
    async of(workspace) {
      const known = cache.get(workspace) ?? loading.get(workspace);
      if (known !== undefined) return known;
      const started = load(workspace);
      loading.set(workspace, started);
      return started;
    },
    invalidate(workspace) {
      generation++;
      if (workspace === '*') cache.clear();
      else cache.delete(workspace);
      cache.delete('*');
    },
    converts: (kind) => converted.has(kind),
    noteConverted: (kind) => void converted.add(kind),
  };
}

/** The fixed definitions win: a CRD cannot take over a built-in name. */
function buildCatalog(own: readonly ResourceDefinition[], base: WorkspaceCatalog | undefined): WorkspaceCatalog {
  const byVersion = new Map<string, ResourceDefinition>();
  const byResource = new Map<string, ResourceDefinition>();
  const byKind = new Map<string, ResourceDefinition>();
  for (const definition of own) {
    const { group, version, resource, kind } = definition.info;
    byVersion.set(`${group}/${version}/${resource}`, definition);
    if (!byKind.has(`${group}/${version}/${kind}`)) byKind.set(`${group}/${version}/${kind}`, definition);
    const key = `${group}/${resource}`;
    if (!byResource.has(key) || (definition.preferred && !byResource.get(key)?.preferred))
      byResource.set(key, definition);
  }
  return {
    definitions: [...(base?.definitions ?? []), ...own],
    find: (group, version, resource) =>
      base?.find(group, version, resource) ?? byVersion.get(`${group}/${version}/${resource}`),
    preferred: (gr) => base?.preferred(gr) ?? byResource.get(`${gr.group}/${gr.resource}`),
    findKind: (group, version, kind) =>
      base?.findKind(group, version, kind) ?? byKind.get(`${group}/${version}/${kind}`),
  };
}
