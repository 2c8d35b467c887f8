/** What several API servers serve together. Pure. */
import type { ServedGroup, ServedVersion } from '../kube/discovery-document.ts';
import type { ResourceInfo, SubresourceInfo } from '../kube/resource.ts';
import { newestVersionFirst } from '../kube/version-priority.ts';

export interface DiscoverySource {
  readonly resources: readonly ResourceInfo[];
  /** In the server's order, versions in its order of preference; empty groups too. */
  readonly groups: readonly { readonly name: string; readonly versions: readonly string[] }[];
  /** False: what it serves is what it last said. */
  readonly live: boolean;
  /** Its kinds and verbs are what clients see: the hub, where objects are written. */
  readonly authoritative: boolean;
}

export interface MergedResource {
  readonly info: ResourceInfo;
  /** Indices of the sources that serve it as the same kind in the same scope. */
  readonly servedBy: readonly number[];
}

export interface MergedDiscovery {
  /** Clusters' order first, then what only others have. */
  readonly groups: readonly ServedGroup[];
  find(group: string, version: string, resource: string): MergedResource | undefined;
  /** In the group's preferred version that has it. */
  findKind(group: string, kind: string): MergedResource | undefined;
}

export function mergeDiscovery(sources: readonly DiscoverySource[]): MergedDiscovery {
  const resources = mergeResources(sources);
  const byVersion = new Map<string, ResourceInfo[]>();
  for (const { info } of resources.values()) {
    const key = `${info.group}/${info.version}`;
    byVersion.set(key, [...(byVersion.get(key) ?? []), info]);
  }
  const toVersion = (group: string, version: string): ServedVersion => {
    const served = (byVersion.get(`${group}/${version}`) ?? []).sort((a, b) => (a.resource < b.resource ? -1 : 1));
    const stale = !sources.some((source) => source.live && serves(source, group, version));
    return { version, resources: served, ...(stale ? { stale } : {}) };
  };
  const groups = groupOrder(sources).map((name) => ({
    name,
    versions: versionOrder(sources, name).map((version) => toVersion(name, version)),
  }));
  return {
    groups,
    find: (group, version, resource) => resources.get(keyOf({ group, version, resource })),
    findKind: (name, kind) => {
      const versions = groups.find((group) => group.name === name)?.versions ?? [];
      const info = versions.flatMap((version) => version.resources).find((one) => one.kind === kind);
      return info && resources.get(keyOf(info));
    },
  };
}

const keyOf = ({ group, version, resource }: { group: string; version: string; resource: string }): string =>
  `${group}/${version}/${resource}`;

const serves = (source: DiscoverySource, group: string, version: string): boolean =>
  source.groups.some(({ name, versions }) => name === group && versions.includes(version));

/** Real servers know the order that clients resolve short names by; kinds of ours come after. */
function groupOrder(sources: readonly DiscoverySource[]): string[] {
  const servers = [...sources].sort((a, b) => Number(a.authoritative) - Number(b.authoritative));
  return [...new Set(servers.flatMap(({ groups }) => groups.map(({ name }) => name)))].sort(
    (a, b) => Number(a !== '') - Number(b !== ''),
  );
}

/**
 * The newest version that all serve is preferred; the others follow in the servers' own order, where servers differ the
 * newest first.
 */
function versionOrder(sources: readonly DiscoverySource[], group: string): string[] {
  const lists = sources
    .flatMap(({ groups }) => groups.filter(({ name }) => name === group))
    .map(({ versions }) => versions);
  const longest = lists.reduce((best, list) => (list.length > best.length ? list : best), []);
  const all = [...new Set(lists.flat())];
  const ordered = all.every((version) => longest.includes(version)) ? [...longest] : all.sort(newestVersionFirst);
  const preferred = ordered.find((version) => lists.every((list) => list.includes(version)));
  return preferred === undefined ? ordered : [preferred, ...ordered.filter((version) => version !== preferred)];
}

function mergeResources(sources: readonly DiscoverySource[]): Map<string, MergedResource> {
  const merged = new Map<string, MergedResource>();
  const order = sources.map((_, index) => index).sort((a, b) => rankOf(sources[b]) - rankOf(sources[a]));
  for (const index of order) {
    const source = sources[index] as DiscoverySource;
    for (const info of source.resources) {
      const key = keyOf(info);
      const known = merged.get(key);
      if (known === undefined) merged.set(key, { info, servedBy: [index] });
      // One URL cannot be two kinds: who comes first keeps the name, the other cluster's objects are not shown.
      else if (known.info.kind === info.kind && known.info.namespaced === info.namespaced) {
        const owned = known.servedBy.some((each) => sources[each]?.authoritative);
        merged.set(key, { info: unite(known.info, info, owned), servedBy: [...known.servedBy, index] });
      }
    }
  }
  return merged;
}

/** The hub first, then clusters that answer. */
const rankOf = (source: DiscoverySource | undefined): number => (source?.authoritative ? 2 : source?.live ? 1 : 0);

/** `owned`: the first is the hub's; a cluster only adds subresources to it. */
function unite(first: ResourceInfo, second: ResourceInfo, owned: boolean): ResourceInfo {
  const subresources = uniteSubresources(first.subresources, second.subresources);
  if (owned) return { ...first, subresources };
  return {
    ...first,
    verbs: union(first.verbs, second.verbs),
    shortNames: union(first.shortNames, second.shortNames),
    categories: union(first.categories, second.categories),
    subresources,
  };
}

function uniteSubresources(
  first: readonly SubresourceInfo[],
  second: readonly SubresourceInfo[],
): readonly SubresourceInfo[] {
  const added = second.filter(({ name }) => !first.some((known) => known.name === name));
  return added.length === 0 ? first : [...first, ...added].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const union = (first: readonly string[], second: readonly string[]): readonly string[] =>
  second.every((item) => first.includes(item)) ? first : [...new Set([...first, ...second])];
