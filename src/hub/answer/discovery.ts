/** Discovery: legacy (one document per group version) and aggregated v2/v2beta1 (apiserver `endpoints/discovery`). */
import { createHash } from 'node:crypto';
import type { ApiRequest, ApiResponse } from '../../kube/api.ts';
import { apiVersionOf, type ResourceInfo, type SubresourceInfo } from '../../kube/resource.ts';
import { pathNotFound } from '../../kube/status.ts';
import type { WorkspaceCatalog } from '../catalog/catalog.ts';
import { parseAccept } from './negotiate.ts';
import { bytesResponse, valueResponse } from './respond.ts';

/** `/api`, `/apis`, `/api/v1`, `/apis/<group>`, `/apis/<group>/<version>`. Throws 404. */
export function discoveryAnswer(catalog: WorkspaceCatalog, request: ApiRequest): ApiResponse {
  const [root, ...rest] = request.info.path.split('/').filter((segment) => segment !== '');
  if (rest.length === 0) {
    const aggregated = aggregatedType(request.headers.accept ?? '');
    if (aggregated !== undefined) return aggregatedAnswer(catalog, root as 'api' | 'apis', aggregated, request);
    return valueResponse(200, root === 'api' ? coreVersions(catalog) : groupList(catalog));
  }
  const [group, version] = root === 'api' ? ['', rest[0]] : [rest[0] as string, rest[1]];
  if (version === undefined) {
    const found = groupsOf(catalog).find((one) => one.name === group);
    if (found === undefined) throw pathNotFound();
    return valueResponse(200, { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(found) });
  }
  const infos = infosOf(catalog, group as string, version);
  if (infos.length === 0 || rest.length > (root === 'api' ? 1 : 2)) throw pathNotFound();
  return valueResponse(200, resourceList(group as string, version, infos));
}

interface Group {
  readonly name: string;
  /** Preferred first. */
  readonly versions: readonly string[];
}

/** In the order in which definitions name them; the version that is preferred first. */
function groupsOf(catalog: WorkspaceCatalog): Group[] {
  const groups = new Map<string, string[]>();
  for (const { info } of catalog.definitions) {
    const versions = groups.get(info.group) ?? [];
    if (!versions.includes(info.version)) versions.push(info.version);
    groups.set(info.group, versions);
  }
  return [...groups].map(([name, versions]) => ({ name, versions: versions.sort(compareVersions) }));
}

/** GA before beta before alpha, then the higher number (apimachinery `version.CompareKubeAwareVersionStrings`). */
export function compareVersions(a: string, b: string): number {
  const parse = (text: string) => /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text);
  const [left, right] = [parse(a), parse(b)];
  if (left === null || right === null) return left === right ? (a < b ? -1 : 1) : left === null ? 1 : -1;
  const stage = (match: RegExpExecArray) => (match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0);
  return (
    stage(right) - stage(left) || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0)
  );
}

const infosOf = (catalog: WorkspaceCatalog, group: string, version: string): ResourceInfo[] =>
  catalog.definitions.map(({ info }) => info).filter((info) => info.group === group && info.version === version);

const coreVersions = (catalog: WorkspaceCatalog) => ({
  kind: 'APIVersions',
  apiVersion: 'v1',
  versions: groupsOf(catalog).find((one) => one.name === '')?.versions ?? [],
  serverAddressByClientCIDRs: [],
});

function groupDocument({ name, versions }: Group) {
  const entries = versions.map((version) => ({ groupVersion: apiVersionOf({ group: name, version }), version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

const groupList = (catalog: WorkspaceCatalog) => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groupsOf(catalog)
    .filter((one) => one.name !== '')
    .map(groupDocument),
});

function resourceList(group: string, version: string, infos: readonly ResourceInfo[]) {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: infos.flatMap((info) => [
      legacyResource(info),
      ...info.subresources.map((one) => legacySubresource(info, one)),
    ]),
  };
}

const legacyResource = (info: ResourceInfo) => ({
  name: info.resource,
  singularName: info.singular,
  namespaced: info.namespaced,
  kind: info.kind,
  verbs: info.verbs,
  ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
  ...(info.categories.length > 0 ? { categories: info.categories } : {}),
  storageVersionHash: createHash('sha256')
    .update(`${info.group}/${info.version}/${info.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64'),
});

const legacySubresource = (info: ResourceInfo, one: SubresourceInfo) => ({
  name: `${info.resource}/${one.name}`,
  singularName: '',
  namespaced: info.namespaced,
  ...(one.group === undefined && one.version === undefined
    ? {}
    : { group: one.group ?? info.group, version: one.version ?? info.version }),
  kind: one.kind,
  verbs: one.verbs,
});

type AggregatedVersion = 'v2' | 'v2beta1';

/** The first form that the client names decides; undefined: legacy. */
export function aggregatedType(accept: string): AggregatedVersion | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    if (type !== 'application/json' && type !== '*/*') continue;
    const { g, v, as } = parameters;
    if (as === undefined) return undefined;
    if (g === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList' && (v === 'v2' || v === 'v2beta1')) return v;
  }
  return undefined;
}

function aggregatedAnswer(
  catalog: WorkspaceCatalog,
  root: 'api' | 'apis',
  version: AggregatedVersion,
  request: ApiRequest,
): ApiResponse {
  const groups = groupsOf(catalog).filter((group) => (group.name === '') === (root === 'api'));
  const body = Buffer.from(
    JSON.stringify({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: groups.map((group) => aggregatedGroup(catalog, group)),
    }),
  );
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  const headers = { etag, 'cache-control': 'public', vary: 'Accept' };
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: new Uint8Array(0) };
  const media = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  const response = bytesResponse(200, body, [], media);
  return { ...response, headers: { ...response.headers, ...headers } };
}

const aggregatedGroup = (catalog: WorkspaceCatalog, { name, versions }: Group) => ({
  metadata: name === '' ? {} : { name },
  versions: versions.map((version) => ({
    version,
    freshness: 'Current',
    resources: infosOf(catalog, name, version).map(aggregatedResource),
  })),
});

export const aggregatedResource = (info: ResourceInfo) => ({
  resource: info.resource,
  responseKind: { group: info.group, version: info.version, kind: info.kind },
  scope: info.namespaced ? 'Namespaced' : 'Cluster',
  singularResource: info.singular,
  verbs: info.verbs,
  ...(info.shortNames.length > 0 ? { shortNames: info.shortNames } : {}),
  ...(info.categories.length > 0 ? { categories: info.categories } : {}),
  ...(info.subresources.length === 0
    ? {}
    : {
        subresources: info.subresources.map((one) => ({
          subresource: one.name,
          responseKind: { group: one.group ?? info.group, version: one.version ?? info.version, kind: one.kind },
          verbs: one.verbs,
        })),
      }),
});
