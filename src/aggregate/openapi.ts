/**
 * Merged OpenAPI of a workspace. v3: an index whose URLs keep the workspace's prefix, and a document per group version,
 * united from the sources that serve it. v2: one document for everything, as JSON or protobuf. With no cluster to be asked
 * the hub's own kinds are still there.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import { builtinVersion } from '../hub/builtin/tables.ts';
import { documentPath, type ServedType, typesHash } from '../hub/openapi/served-type.ts';
import { openApiV2Document } from '../hub/openapi/v2.ts';
import { encodeOpenApiV2 } from '../hub/openapi/v2-protobuf.ts';
import { openApiV3Document } from '../hub/openapi/v3.ts';
import type { ApiRequest, ApiResponse, ApiResult } from '../kube/api.ts';
import { methodNotAllowed, notAcceptable, pathNotFound, unavailable } from '../kube/status.ts';
import { atLeast, coveringClusters, newestFirst, servesAll } from './openapi-cover.ts';
import { mergeOpenApiV3, type OpenApiV3 } from './openapi-merge.ts';
import { type ClusterOpenApiIndex, createOpenApiSources, type Patience, type V2Form } from './openapi-sources.ts';
import { isV2Protobuf, mergeV2Json, mergeV2Protobuf } from './openapi-v2-merge.ts';
import { BySources, connectionId, type HubKinds, sourcesOf, type WorkspaceSources } from './sources.ts';
import { warningHeaders } from './warnings.ts';

export interface MergedOpenApi {
  /** Undefined for paths that are not OpenAPI. */
  handle(request: ApiRequest): Promise<ApiResult> | undefined;
}

/** Where one v3 document comes from. */
interface Entry {
  readonly hash: string;
  /** One cluster per distinct document, the newest first. */
  readonly clusters: readonly Downstream[];
  readonly hubTypes: readonly ServedType[];
}

/** With nobody missing the bytes are what the hash stands for. */
interface Made {
  readonly bytes: Buffer;
  readonly missing: readonly Downstream[];
}

interface Index {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Clusters that have not told yet what they have. */
  readonly missing: readonly Downstream[];
}

const INDICES_PER_HUB = 100;
const MAX_BYTES = 64 * 1024 * 1024;
const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Documents that describe what a view does not have. */
const NOT_OURS = /^(?:logs|openid|\.well-known|healthz|livez|readyz|metrics)/;

export function createMergedOpenApi(options: { hub: HubKinds; registry: ClusterRegistry }): MergedOpenApi {
  const fromClusters = createOpenApiSources();
  const indices = new BySources<Index>(INDICES_PER_HUB);
  const made = new LRUCache<string, Buffer>({ maxSize: MAX_BYTES, sizeCalculation: (bytes) => bytes.length + 1 });
  const making = new Map<string, Promise<Made>>();

  const sourcesFor = ({ workspace, onlyCluster }: ApiRequest): Promise<WorkspaceSources> =>
    sourcesOf(options.hub, options.registry, workspace, onlyCluster);

  async function indexOf({ hub, clusters }: WorkspaceSources): Promise<Index> {
    const ordered = newestFirst(clusters);
    const patience = patienceFor(ordered.length + (hub === undefined ? 0 : 1));
    const found = await Promise.all(ordered.map((downstream) => fromClusters.index(downstream, patience)));
    const key = ordered.map((downstream, at) => `${connectionId(downstream)}:${found[at]?.hash ?? ''}`).join(' ');
    return indices.get(hub, key, () => mergeIndices(hub ?? [], ordered, found));
  }

  // Who joins is asked before anybody needs the answer.
  options.registry.onChange(({ type, downstream }) => {
    if (type === 'discovery') void fromClusters.index(downstream, 'amongOthers');
    if (type === 'left') indices.clear();
  });

  async function v3Index(request: ApiRequest): Promise<ApiResponse> {
    const { entries, missing } = await indexOf(await sourcesFor(request));
    const prefix = request.urlPrefix ?? '';
    const paths = [...entries].map(([path, { hash }]) => [
      path,
      { serverRelativeURL: `${prefix}/openapi/v3/${path}?hash=${hash}` },
    ]);
    const bytes = Buffer.from(JSON.stringify({ paths: Object.fromEntries(paths) }));
    return conditional(request, bytes, `"${sha(bytes)}"`, {
      'content-type': 'application/json',
      ...missingWarnings(missing),
    });
  }

  async function v3Document(request: ApiRequest, path: string): Promise<ApiResponse> {
    if (!accepts(request, ['application/json'])) throw notAcceptable(['application/json']);
    const entry = (await indexOf(await sourcesFor(request))).entries.get(path);
    if (entry === undefined) throw pathNotFound();
    const asked = request.query.get('hash');
    if (asked && asked !== entry.hash) {
      const location = `${request.urlPrefix ?? ''}/openapi/v3/${path}?hash=${entry.hash}`;
      return { status: 301, headers: { location, vary: 'Accept' }, body: Buffer.alloc(0) };
    }
    const { bytes, missing } = await once(`${path} ${entry.hash}`, () => makeV3(path, entry));
    const headers = { 'content-type': 'application/json', vary: 'Accept', ...missingWarnings(missing) };
    // A client may keep what it got under this hash for a year.
    if (missing.length > 0) return { status: 200, headers: { ...headers, 'cache-control': 'no-store' }, body: bytes };
    const expires = new Date(Date.now() + YEAR_MS).toUTCString();
    return conditional(request, bytes, `"${entry.hash}"`, {
      ...headers,
      ...(asked ? { 'cache-control': 'public, immutable', expires } : {}),
    });
  }

  async function makeV3(path: string, { clusters, hubTypes }: Entry): Promise<Made> {
    const patience = patienceFor(clusters.length + (hubTypes.length > 0 ? 1 : 0));
    const found = await Promise.all(clusters.map((downstream) => fromClusters.document(downstream, path, patience)));
    const infos = hubTypes.map(({ info }) => info);
    const [newest] = clusters;
    // The usual case: one document that says all there is to say goes out as it came.
    if (clusters.length === 1 && found[0] !== undefined && newest && coversHub(newest, infos)) {
      return { bytes: found[0], missing: [] };
    }
    const read = found.map((bytes) => bytes && parseJson<OpenApiV3>(bytes));
    const parsed = read.filter((document) => document !== undefined);
    const missing = clusters.filter((_downstream, at) => read[at] === undefined);
    const own = openApiV3Document(path, hubTypes) as OpenApiV3 | undefined;
    if (own !== undefined) {
      const version = newest?.discovery()?.serverVersion.gitVersion;
      if (atLeast(version, builtinVersion())) parsed.push(own);
      else parsed.unshift(own);
    }
    if (parsed.length === 0)
      throw unavailable(`no cluster that serves ${path} can be asked for its OpenAPI document now`);
    return { bytes: Buffer.from(JSON.stringify(mergeOpenApiV3(parsed))), missing };
  }

  async function v2(request: ApiRequest): Promise<ApiResponse> {
    const form = v2Form(request);
    if (form === undefined) throw notAcceptable(['application/json', PROTOBUF_TYPES[0] as string]);
    const { hub = [], clusters } = await sourcesFor(request);
    const needed = coveringClusters(clusters);
    const patience = patienceFor(needed.length + (hub.length > 0 ? 1 : 0));
    const found = await Promise.all(needed.map((downstream) => fromClusters.v2(downstream, form, patience)));
    const parts = found.filter((part) => part !== undefined);
    const missing = needed.filter((_downstream, at) => found[at] === undefined);
    const own = hub.filter(({ info }) => !needed.some((downstream, at) => found[at] && servesAll(downstream, [info])));
    const etags = needed.map(({ key }, at) => `${key}${found[at]?.etag ?? ''}`);
    const hash = sha([form, typesHash(own), ...etags].join(' '));
    const { bytes } = await once(`v2 ${hash}`, async () =>
      makeV2(
        form,
        parts.map((part) => part.bytes),
        own,
      ),
    );
    const contentType = form === 'json' ? 'application/json' : (PROTOBUF_TYPES[0] as string);
    const headers = { 'content-type': contentType, vary: 'Accept', ...missingWarnings(missing) };
    return conditional(request, bytes, `"${hash}"`, headers);
  }

  /** Coalesced: the documents are large, and every new client asks for them at the same time. */
  async function once(key: string, make: () => Promise<Made>): Promise<Made> {
    const known = made.get(key);
    if (known !== undefined) return { bytes: known, missing: [] };
    let running = making.get(key);
    if (running === undefined) {
      running = make().finally(() => making.delete(key));
      making.set(key, running);
      running.then(({ bytes, missing }) => missing.length === 0 && made.set(key, bytes)).catch(() => undefined);
    }
    return running;
  }

  return {
    handle(request) {
      const path = request.info.path.replace(/\/+$/, '');
      if (path !== '/openapi/v2' && !/^\/openapi\/v3(?:\/|$)/.test(path)) return undefined;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return Promise.reject(methodNotAllowed({ group: '', resource: '' }, request.info.verb));
      }
      if (path === '/openapi/v2') return v2(request);
      return path === '/openapi/v3' ? v3Index(request) : v3Document(request, path.slice('/openapi/v3/'.length));
    },
  };
}

function mergeIndices(
  hub: readonly ServedType[],
  clusters: readonly Downstream[],
  found: readonly (ClusterOpenApiIndex | undefined)[],
): Index {
  const hubTypes = groupByPath(hub);
  const paths = new Set([...hubTypes.keys(), ...found.flatMap((index) => [...(index?.hashes.keys() ?? [])])]);
  const entries = new Map<string, Entry>();
  for (const path of [...paths].filter((each) => !NOT_OURS.test(each)).sort()) {
    const types = hubTypes.get(path) ?? [];
    const hashes = new Map<string, Downstream>();
    for (const [at, downstream] of clusters.entries()) {
      const hash = found[at]?.hashes.get(path);
      // Without a hash nothing tells whether two are equal.
      if (hash !== undefined && !hashes.has(hash || downstream.key)) hashes.set(hash || downstream.key, downstream);
    }
    // Named with the cluster: what one cluster calls its hash says nothing about another's document.
    const parts = [...hashes].map(([hash, { key }]) => `${key} ${hash}`);
    const hash = sha([types.length === 0 ? '' : typesHash(types), ...parts].join('\n'));
    entries.set(path, { hash, clusters: [...hashes.values()], hubTypes: types });
  }
  return { entries, missing: clusters.filter((_downstream, at) => found[at] === undefined) };
}

function groupByPath(types: readonly ServedType[]): Map<string, ServedType[]> {
  const groups = new Map<string, ServedType[]>();
  for (const type of types) {
    const path = documentPath(type.info);
    groups.set(path, [...(groups.get(path) ?? []), type]);
  }
  return groups;
}

const coversHub = (downstream: Downstream, infos: readonly ServedType['info'][]): boolean =>
  infos.length === 0 ||
  (servesAll(downstream, infos) && atLeast(downstream.discovery()?.serverVersion.gitVersion, builtinVersion()));

/** A cluster's document that is not JSON counts as missing. */
function parseJson<T>(bytes: Buffer): T | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as T;
  } catch {
    return undefined;
  }
}

function makeV2(form: V2Form, clusters: readonly Buffer[], own: readonly ServedType[]): Made {
  const hub = own.length > 0 || clusters.length === 0 ? openApiV2Document(own) : undefined;
  if (form === 'protobuf') {
    const readable = clusters.filter(isV2Protobuf);
    return { bytes: mergeV2Protobuf([...readable, ...(hub ? [encodeOpenApiV2(hub)] : [])]), missing: [] };
  }
  if (hub === undefined && clusters.length === 1) return { bytes: clusters[0] as Buffer, missing: [] };
  const parsed = clusters.map(parseJson<Record<string, unknown>>).filter((document) => document !== undefined);
  return { bytes: Buffer.from(JSON.stringify(mergeV2Json([...parsed, ...(hub ? [{ ...hub }] : [])]))), missing: [] };
}

/** The first is what upstream answers with; the other spelling is older. */
const PROTOBUF_TYPES: readonly string[] = [
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
];

const acceptedTypes = ({ headers }: ApiRequest): string[] =>
  (headers.accept || '*/*').split(',').map((clause) => (clause.split(';')[0] as string).trim());

const accepts = (request: ApiRequest, types: readonly string[]): boolean =>
  acceptedTypes(request).some((type) => types.includes(type) || type === '*/*' || type === 'application/*');

/** In the client's order, as upstream. */
function v2Form(request: ApiRequest): V2Form | undefined {
  for (const type of acceptedTypes(request)) {
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
    if (PROTOBUF_TYPES.includes(type)) return 'protobuf';
  }
  return undefined;
}

const patienceFor = (sources: number): Patience => (sources > 1 ? 'amongOthers' : 'alone');

const missingWarnings = (missing: readonly Downstream[]): ReturnType<typeof warningHeaders> =>
  warningHeaders(missing.map(({ clusterName }) => ({ clusterName, ageMs: undefined, reason: NOT_TOLD })));

const NOT_TOLD = 'it has not sent its OpenAPI documents yet';

function conditional(request: ApiRequest, bytes: Buffer, etag: string, headers: ApiResponse['headers']): ApiResponse {
  const sent = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (sent.includes(etag) || sent.includes('*'))
    return { status: 304, headers: { ...headers, etag }, body: Buffer.alloc(0) };
  return { status: 200, headers: { ...headers, etag }, body: bytes };
}

const sha = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex').toUpperCase();
