/** Discovery documents of a cluster as ResourceInfos: apidiscovery.k8s.io v2 and v2beta1, and the legacy lists. Pure. */
import { parseApiVersion, type ResourceInfo, type SubresourceInfo } from '../kube/resource.ts';

export interface DiscoveredVersion {
  readonly version: string;
  readonly resources: readonly ResourceInfo[];
  /** The cluster could not ask the server behind it (an aggregated API): what is listed is old or empty. */
  readonly stale: boolean;
}

export interface DiscoveredGroup {
  /** '' for the core group. */
  readonly name: string;
  readonly versions: readonly DiscoveredVersion[];
}

interface V2Kind {
  group?: string;
  version?: string;
  kind?: string;
}
interface V2Subresource {
  subresource: string;
  responseKind?: V2Kind;
  verbs?: string[];
}
interface V2Resource {
  resource: string;
  responseKind?: V2Kind;
  scope?: string;
  singularResource?: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: V2Subresource[];
}
/** apidiscovery.k8s.io APIGroupDiscoveryList; v2 and v2beta1 have the same fields. */
export interface AggregatedDocument {
  kind?: string;
  items?: {
    metadata?: { name?: string };
    versions?: { version: string; freshness?: string; resources?: V2Resource[] }[];
  }[];
}

export interface LegacyResource {
  name: string;
  singularName?: string;
  namespaced?: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
}
export interface LegacyResourceList {
  kind?: string;
  groupVersion?: string;
  resources?: LegacyResource[];
}

export function groupsOfAggregated(document: AggregatedDocument): DiscoveredGroup[] {
  return (document.items ?? []).map((item) => {
    const group = item.metadata?.name ?? '';
    return {
      name: group,
      versions: (item.versions ?? []).map(({ version, freshness, resources }) => ({
        version,
        stale: freshness === 'Stale',
        resources: (resources ?? []).flatMap((resource) => fromAggregated(group, version, resource)),
      })),
    };
  });
}

/** A parent without responseKind has only subresources (upstream's conversion does the same); it is not a resource. */
function fromAggregated(group: string, version: string, resource: V2Resource): ResourceInfo[] {
  if (!resource.responseKind?.kind) return [];
  return [
    {
      group,
      version,
      resource: resource.resource,
      kind: resource.responseKind.kind,
      singular: resource.singularResource ?? '',
      namespaced: resource.scope === 'Namespaced',
      verbs: resource.verbs ?? [],
      shortNames: resource.shortNames ?? [],
      categories: resource.categories ?? [],
      subresources: (resource.subresources ?? []).map(({ subresource, responseKind, verbs }) =>
        toSubresource({ group, version }, subresource, responseKind, verbs),
      ),
    },
  ];
}

export function resourcesOfLegacy(list: LegacyResourceList): ResourceInfo[] {
  const { group, version } = parseApiVersion(list.groupVersion ?? 'v1');
  const entries = list.resources ?? [];
  return entries
    .filter(({ name }) => !name.includes('/'))
    .map((entry) => ({
      group,
      version,
      resource: entry.name,
      kind: entry.kind,
      singular: entry.singularName ?? '',
      namespaced: entry.namespaced === true,
      verbs: entry.verbs ?? [],
      shortNames: entry.shortNames ?? [],
      categories: entry.categories ?? [],
      subresources: entries
        .filter(({ name }) => name.startsWith(`${entry.name}/`))
        .map((sub) => toSubresource({ group, version }, sub.name.slice(entry.name.length + 1), sub, sub.verbs)),
    }));
}

function toSubresource(
  parent: { group: string; version: string },
  name: string,
  kind: V2Kind | undefined,
  verbs: string[] | undefined,
): SubresourceInfo {
  const elsewhere = kind?.version && (kind.version !== parent.version || (kind.group ?? '') !== parent.group);
  return {
    name,
    kind: kind?.kind ?? '',
    ...(elsewhere ? { group: kind.group ?? '', version: kind.version as string } : {}),
    verbs: verbs ?? [],
  };
}
