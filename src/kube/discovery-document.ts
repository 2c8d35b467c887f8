/**
 * Discovery as kube-apiserver writes it: the aggregated document (apidiscovery.k8s.io v2 and v2beta1) and the legacy ones
 * (APIVersions, APIGroupList, APIGroup, APIResourceList). Pure; for the hub alone, for merged views, for embedded clusters.
 */
import { createHash } from 'node:crypto';
import { apiVersionOf, groupResourceName, type ResourceInfo, type SubresourceInfo } from './resource.ts';

export interface ServedVersion {
  readonly version: string;
  readonly resources: readonly ResourceInfo[];
  /** Nobody who serves it can be asked now; what is listed is the last known. */
  readonly stale?: boolean;
}

/** A group with its versions in order of preference. */
export interface ServedGroup {
  /** '' for the core group. */
  readonly name: string;
  readonly versions: readonly ServedVersion[];
}

export type AggregatedVersion = 'v2' | 'v2beta1';

/** The core group at /api, all others at /apis. */
export const groupsBelow = (root: 'api' | 'apis', groups: readonly ServedGroup[]): ServedGroup[] =>
  groups.filter(({ name }) => (name === '') === (root === 'api'));

export const aggregatedDocument = (groups: readonly ServedGroup[], version: AggregatedVersion): object => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: `apidiscovery.k8s.io/${version}`,
  metadata: {},
  items: groups.map(({ name, versions }) => ({
    metadata: name === '' ? {} : { name },
    versions: versions.map((served) => ({
      version: served.version,
      resources: served.resources.map(aggregatedResource),
      freshness: served.stale ? 'Stale' : 'Current',
    })),
  })),
});

const aggregatedResource = (info: ResourceInfo): object => ({
  resource: info.resource,
  // Upstream leaves group and version empty where they are the list's own.
  responseKind: { group: '', version: '', kind: info.kind },
  scope: info.namespaced ? 'Namespaced' : 'Cluster',
  singularResource: info.singular,
  verbs: info.verbs,
  ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
  ...(info.categories.length > 0 ? { categories: info.categories } : {}),
  ...(info.subresources.length > 0 ? { subresources: info.subresources.map(aggregatedSubresource) } : {}),
});

const aggregatedSubresource = ({ name, kind, group, version, verbs }: SubresourceInfo): object => ({
  subresource: name,
  responseKind: { group: group ?? '', version: version ?? '', kind },
  verbs,
});

/** `host` is where the client found us. */
export const apiVersionsDocument = (groups: readonly ServedGroup[], host: string): object => ({
  kind: 'APIVersions',
  versions: groups.filter(({ name }) => name === '').flatMap(({ versions }) => versions.map(({ version }) => version)),
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
});

export const groupListDocument = (groups: readonly ServedGroup[]): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groupsBelow('apis', groups).map(groupFields),
});

export const groupDocument = (group: ServedGroup): object => ({
  kind: 'APIGroup',
  apiVersion: 'v1',
  ...groupFields(group),
});

function groupFields({ name, versions }: ServedGroup): object {
  const listed = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }));
  return { name, versions: listed, preferredVersion: listed[0] };
}

/** Upstream sorts by resource, each followed by its subresources. `preferred`: the group's first version. */
export const resourceListDocument = (
  group: string,
  { version, resources }: ServedVersion,
  preferred: string,
): object => ({
  kind: 'APIResourceList',
  ...(group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: apiVersionOf({ group, version }),
  resources: resources.flatMap((info) => [
    {
      name: info.resource,
      singularName: info.singular,
      namespaced: info.namespaced,
      kind: info.kind,
      verbs: info.verbs,
      ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
      ...(info.categories.length > 0 ? { categories: info.categories } : {}),
      ...storageVersionHash(info, preferred),
    },
    ...info.subresources.map((subresource) => ({
      name: `${info.resource}/${subresource.name}`,
      singularName: '',
      namespaced: info.namespaced,
      ...(subresource.version ? { group: subresource.group ?? '', version: subresource.version } : {}),
      kind: subresource.kind,
      verbs: subresource.verbs,
    })),
  ]),
});

/** Built-in kinds that are not stored in their group's preferred version, and where they are. */
const STORED_ELSEWHERE: Readonly<Record<string, string>> = {
  'clustertrustbundles.certificates.k8s.io': 'certificates.k8s.io/v1beta1',
  'customresourcedefinitions.apiextensions.k8s.io': 'apiextensions.k8s.io/v1beta1',
  'devicetaintrules.resource.k8s.io': 'resource.k8s.io/v1beta2',
  'events.events.k8s.io': '/v1',
  'podcertificaterequests.certificates.k8s.io': 'certificates.k8s.io/v1beta1',
  'storageversionmigrations.storagemigration.k8s.io': 'storagemigration.k8s.io/v1beta1',
};

/** apiserver `discovery.StorageVersionHash`; nothing for kinds that are not stored, or stored nobody has said where. */
function storageVersionHash(info: ResourceInfo, preferred: string): { storageVersionHash?: string } {
  if (!info.verbs.includes('watch')) return {};
  const builtin = !info.group.includes('.') || info.group.endsWith('.k8s.io');
  const version = info.storageVersion ?? (builtin ? preferred : undefined);
  if (version === undefined) return {};
  const stored = STORED_ELSEWHERE[groupResourceName(info)] ?? `${info.group}/${version}`;
  const hash = createHash('sha256').update(`${stored}/${info.kind}`).digest();
  return { storageVersionHash: hash.subarray(0, 8).toString('base64') };
}

export type DiscoveryForm = { readonly aggregated: AggregatedVersion; readonly contentType: string } | 'legacy';

/** What the Accept header asks of /api and /apis; undefined where none of it can be given (406). */
export function discoveryForm(accept: string | undefined): DiscoveryForm | undefined {
  for (const clause of clausesByQuality(accept || '*/*')) {
    const [type, ...parameters] = clause.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') continue;
    const values = new Map(parameters.map((parameter) => parameter.split('=') as [string, string]));
    const as = values.get('as');
    if (as === undefined) return 'legacy';
    const version = values.get('v');
    if (as !== 'APIGroupDiscoveryList' || values.get('g') !== 'apidiscovery.k8s.io') continue;
    if (version !== 'v2' && version !== 'v2beta1') continue;
    return {
      aggregated: version,
      contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    };
  }
  return undefined;
}

function clausesByQuality(accept: string): string[] {
  const quality = (clause: string): number => Number(/;\s*q=([0-9.]+)/.exec(clause)?.[1] ?? 1);
  return accept
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '' && quality(clause) > 0)
    .sort((a, b) => quality(b) - quality(a));
}
