/**
 * Merged discovery of a workspace: the hub and every cluster the workspace may use. Documents are made once per set of
 * sources and shared by all workspaces that have the same.
 */
import { createHash } from 'node:crypto';
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import type { ServedType } from '../hub/openapi/served-type.ts';
import type { ApiRequest, ApiResponse, ApiResult } from '../kube/api.ts';
import {
  aggregatedDocument,
  apiVersionsDocument,
  discoveryForm,
  groupDocument,
  groupListDocument,
  groupsBelow,
  resourceListDocument,
} from '../kube/discovery-document.ts';
import { methodNotAllowed, notAcceptable, pathNotFound } from '../kube/status.ts';
import { within } from '../kube/within.ts';
import { type DiscoverySource, type MergedDiscovery, type MergedResource, mergeDiscovery } from './discovery-merge.ts';
import { createMergedOpenApi } from './openapi.ts';
import { sightOf } from './sight.ts';
import { BySources, type HubKinds, isLive, sourcesOf, type WorkspaceSources } from './sources.ts';
import type { ResolvedResource, ViewDiscovery } from './view-discovery.ts';

export interface MergedDiscoveryOptions {
  readonly hub: HubKinds;
  readonly registry: ClusterRegistry;
  /** How long a request waits for the first word of a cluster that has just joined, milliseconds. */
  readonly firstDiscoveryMs?: number;
}

interface Merged {
  readonly api: MergedDiscovery;
  /** Cluster behind each index of `servedBy` (undefined: the hub). */
  readonly behind: readonly (Downstream | undefined)[];
  readonly unknown: readonly Downstream[];
  readonly documents: Map<string, { bytes: Buffer; etag: string }>;
  readonly resolved: Map<MergedResource, ResolvedResource>;
}

const SETS_PER_HUB = 200;
const FIRST_DISCOVERY_MS = 1_000;
const DISCOVERY_PATH = /^\/(?:api|apis)(?:\/|$)/;

export function createMergedDiscovery(options: MergedDiscoveryOptions): ViewDiscovery {
  const { hub, registry, firstDiscoveryMs = FIRST_DISCOVERY_MS } = options;
  const cache = new BySources<Merged>(SETS_PER_HUB);
  const openApi = createMergedOpenApi({ hub, registry });
  registry.onChange(({ type }) => {
    if (type === 'left') cache.clear();
  });

  async function merged(workspace: string, onlyCluster: string | undefined, signal?: AbortSignal): Promise<Merged> {
    const sources = await sourcesOf(hub, registry, workspace, onlyCluster);
    if (!sightOf(sources.clusters).complete) await firstWords(sources.clusters, firstDiscoveryMs, signal);
    return cache.get(sources.hub, sightOf(sources.clusters).key, () => merge(sources));
  }

  async function answer(request: ApiRequest, segments: readonly string[]): Promise<ApiResult> {
    const { api, documents } = await merged(request.workspace, request.onlyCluster, request.signal);
    const form = discoveryForm(request.headers.accept);
    if (form === undefined) throw notAcceptable(['application/json']);
    const [root, ...rest] = segments as ['api' | 'apis', ...string[]];
    const aggregated = rest.length === 0 && form !== 'legacy' ? form : undefined;
    const make = (): object | undefined =>
      aggregated
        ? aggregatedDocument(groupsBelow(root, api.groups), aggregated.aggregated)
        : legacy(api, root, rest, request);
    // The one document that names the host is small; all others are the same for every client.
    const key =
      root === 'api' && rest.length === 0 && !aggregated
        ? undefined
        : `${aggregated?.aggregated}/${segments.join('/')}`;
    const document = key === undefined ? encode(make()) : remember(documents, key, make);
    if (document === undefined) throw pathNotFound();
    const contentType = aggregated?.contentType ?? 'application/json';
    return respond(request, document, contentType, aggregated !== undefined);
  }

  return {
    handle(request) {
      const byOpenApi = openApi.handle(request);
      if (byOpenApi !== undefined) return byOpenApi;
      const { path, isResource } = request.info;
      if (isResource || !DISCOVERY_PATH.test(path)) return undefined;
      const segments = path.split('/').filter((segment) => segment !== '');
      const deepest = segments[0] === 'api' ? 2 : 3;
      if (segments.length > deepest) return undefined;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return Promise.reject(methodNotAllowed({ group: '', resource: '' }, request.info.verb));
      }
      return answer(request, segments);
    },
    async resolveResource(workspace, group, version, resource, onlyCluster) {
      const known = await merged(workspace, onlyCluster);
      return resolve(known, known.api.find(group, version, resource));
    },
    async resolveKind(workspace, group, kind) {
      const known = await merged(workspace, undefined);
      return resolve(known, known.api.findKind(group, kind));
    },
  };
}

/** Kept, for what exists: every request asks. */
function resolve(
  { behind, unknown, resolved }: Merged,
  found: MergedResource | undefined,
): ResolvedResource | undefined {
  if (found === undefined) return undefined;
  const known = resolved.get(found);
  if (known !== undefined) return known;
  const sources = found.servedBy.map((index) => behind[index]);
  const made: ResolvedResource = {
    info: found.info,
    hub: sources.includes(undefined),
    clusters: sources.filter((downstream) => downstream !== undefined),
    unknown,
  };
  resolved.set(found, made);
  return made;
}

function merge({ hub, clusters }: WorkspaceSources): Merged {
  const known = clusters.filter((downstream) => downstream.discovery() !== undefined);
  const fromHub: DiscoverySource[] =
    hub === undefined
      ? []
      : [
          {
            resources: hub.map(({ info }) => info),
            groups: groupsOf(hub),
            live: true,
            authoritative: true,
          },
        ];
  const fromClusters = known.map((downstream) => {
    const { resources, groups } = downstream.discovery()!;
    return { resources, groups, live: isLive(downstream), authoritative: false };
  });
  return {
    api: mergeDiscovery([...fromHub, ...fromClusters]),
    behind: [...(hub === undefined ? [] : [undefined]), ...known],
    unknown: clusters.filter((downstream) => !known.includes(downstream)),
    documents: new Map(),
    resolved: new Map(),
  };
}

/** Built-in groups as they stand; custom ones by name, as kube-apiserver orders groups of equal priority. */
function groupsOf(types: readonly ServedType[]): DiscoverySource['groups'] {
  const versions = new Map<string, Set<string>>();
  const sorted = [
    ...types.filter(({ custom }) => !custom),
    ...types.filter(({ custom }) => custom).sort((a, b) => (a.info.group < b.info.group ? -1 : 1)),
  ];
  for (const { info } of sorted) versions.set(info.group, (versions.get(info.group) ?? new Set()).add(info.version));
  return [...versions].map(([name, served]) => ({ name, versions: [...served] }));
}

/**
 * A cluster that joined a moment ago, or a gateway that has just started: better a moment late than without it. Only once:
 * one that never says anything must not hold up every request.
 */
async function firstWords(clusters: readonly Downstream[], withinMs: number, signal?: AbortSignal): Promise<void> {
  const now = Date.now();
  const silent = clusters.filter(
    (downstream) => downstream.discovery() === undefined && patienceEnd(downstream, now, withinMs) > now,
  );
  if (silent.length === 0) return;
  const left = Math.max(...silent.map((each) => patienceEnd(each, now, withinMs))) - now;
  await within(left, signal, (end) => Promise.allSettled(silent.map((downstream) => downstream.whenDiscovered(end))));
}

const patience = new WeakMap<Downstream, number>();
function patienceEnd(downstream: Downstream, now: number, withinMs: number): number {
  if (downstream.health().state === 'Unhealthy') return 0;
  const end = patience.get(downstream) ?? now + withinMs;
  patience.set(downstream, end);
  return end;
}

function legacy(
  api: MergedDiscovery,
  root: 'api' | 'apis',
  rest: readonly string[],
  request: ApiRequest,
): object | undefined {
  if (root === 'api') {
    if (rest.length === 0) return apiVersionsDocument(api.groups, request.headers.host ?? '');
    return versionDocument(api, '', rest[0] as string);
  }
  const [groupName, version] = rest;
  if (groupName === undefined) return groupListDocument(api.groups);
  if (version !== undefined) return versionDocument(api, groupName, version);
  const group = groupsBelow('apis', api.groups).find(({ name }) => name === groupName);
  return group && groupDocument(group);
}

function versionDocument(api: MergedDiscovery, groupName: string, version: string): object | undefined {
  const group = api.groups.find(({ name }) => name === groupName);
  const served = group?.versions.find((each) => each.version === version);
  return group && served && resourceListDocument(groupName, served, group.versions[0]?.version ?? served.version);
}

function remember(
  documents: Merged['documents'],
  key: string,
  make: () => object | undefined,
): { bytes: Buffer; etag: string } | undefined {
  const known = documents.get(key);
  if (known !== undefined) return known;
  const document = encode(make());
  // Only what exists is kept: made-up group names would fill the memory.
  if (document !== undefined) documents.set(key, document);
  return document;
}

function encode(document: object | undefined): { bytes: Buffer; etag: string } | undefined {
  if (document === undefined) return undefined;
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('hex').toUpperCase()}"` };
}

/** As upstream: only the aggregated documents carry an ETag. */
function respond(
  request: ApiRequest,
  { bytes, etag }: { bytes: Buffer; etag: string },
  contentType: string,
  cacheable: boolean,
): ApiResponse {
  const headers = cacheable ? { etag, vary: 'Accept', 'cache-control': 'public' } : { vary: 'Accept' };
  if (cacheable && request.headers['if-none-match'] === etag) return { status: 304, headers, body: Buffer.alloc(0) };
  return { status: 200, headers: { ...headers, 'content-type': contentType }, body: bytes };
}
