/**
 * Asks one cluster what it serves: aggregated discovery with ETags (two small 304s when nothing changed), on older
 * servers the legacy documents one by one. A part that fails keeps what was last known of it.
 */
import pLimit from 'p-limit';
import { parseApiVersion } from '../kube/resource.ts';
import { clusterError } from './classify-error.ts';
import {
  type AggregatedDocument,
  type DiscoveredGroup,
  type DiscoveredVersion,
  groupsOfAggregated,
  type LegacyResourceList,
  resourcesOfLegacy,
} from './discovery-parse.ts';

export interface FetchedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
export type DiscoveryFetch = (
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<FetchedAnswer>;

/** One of `/api` and `/apis`, with what lets the next round be answered 304. */
export interface DiscoveredRoot {
  readonly groups: readonly DiscoveredGroup[];
  readonly etag: string | undefined;
}

const AGGREGATED = ['v2', 'v2beta1'].map(
  (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
);
const ACCEPT = [...AGGREGATED, 'application/json'].join(',');
const PARALLEL = 8;

/** Throws ClusterError: also for a status other than 200 and 304, and for a body that is not discovery. */
export async function fetchRoot(
  clusterName: string,
  root: '/api' | '/apis',
  fetch: DiscoveryFetch,
  known: DiscoveredRoot | undefined,
  signal: AbortSignal,
): Promise<DiscoveredRoot> {
  const answer = await fetch(root, { accept: ACCEPT, ...(known?.etag ? { 'if-none-match': known.etag } : {}) }, signal);
  if (answer.status === 304 && known !== undefined) return known;
  const document = parseJson<AggregatedDocument & LegacyRoot>(clusterName, root, answer);
  if (document.kind === 'APIGroupDiscoveryList' && Array.isArray(document.items)) {
    return { groups: withLastKnown(groupsOfAggregated(document), known), etag: answer.headers.etag };
  }
  // Anything else, read as a list of nothing, would take every kind of the cluster away.
  const isLegacy =
    root === '/api'
      ? document.kind === 'APIVersions' && Array.isArray(document.versions)
      : document.kind === 'APIGroupList' && Array.isArray(document.groups);
  if (!isLegacy) throw clusterError(clusterName, 'garbage', `${root} did not answer with discovery`);
  return { groups: await fetchLegacy(clusterName, root, document, fetch, known, signal), etag: undefined };
}

interface LegacyRoot {
  /** APIVersions at /api. */
  versions?: string[];
  /** APIGroupList at /apis. */
  groups?: { name: string; versions?: { groupVersion: string; version: string }[] }[];
}

async function fetchLegacy(
  clusterName: string,
  root: string,
  document: LegacyRoot,
  fetch: DiscoveryFetch,
  known: DiscoveredRoot | undefined,
  signal: AbortSignal,
): Promise<DiscoveredGroup[]> {
  const limit = pLimit(PARALLEL);
  const listed =
    root === '/api'
      ? [{ name: '', apiVersions: document.versions ?? [] }]
      : (document.groups ?? []).map(({ name, versions }) => ({
          name,
          apiVersions: (versions ?? []).map(({ groupVersion }) => groupVersion),
        }));
  const one = async (apiVersion: string): Promise<DiscoveredVersion> => {
    const { version } = parseApiVersion(apiVersion);
    const answer = await fetch(`${root}/${apiVersion}`, { accept: 'application/json' }, signal);
    // The server behind an APIService is away: its version is still listed, with nothing below.
    if (answer.status >= 400) return { version, resources: [], stale: true };
    const list = parseJson<LegacyResourceList>(clusterName, `${root}/${apiVersion}`, answer);
    if (list.kind !== 'APIResourceList') return { version, resources: [], stale: true };
    return { version, resources: resourcesOfLegacy({ ...list, groupVersion: apiVersion }), stale: false };
  };
  const groups = await Promise.all(
    listed.map(async ({ name, apiVersions }) => ({
      name,
      versions: await Promise.all(apiVersions.map((apiVersion) => limit(() => one(apiVersion)))),
    })),
  );
  return withLastKnown(groups, known);
}

/** A stale version keeps the resources it had: a hiccup of one aggregated API must not take kinds away. */
function withLastKnown(groups: readonly DiscoveredGroup[], known: DiscoveredRoot | undefined): DiscoveredGroup[] {
  return groups.map((group) => ({
    name: group.name,
    versions: group.versions.map((entry) => {
      if (!entry.stale || entry.resources.length > 0) return entry;
      const before = known?.groups
        .find(({ name }) => name === group.name)
        ?.versions.find(({ version }) => version === entry.version);
      return before === undefined ? entry : { ...entry, resources: before.resources };
    }),
  }));
}

export function parseJson<T>(clusterName: string, path: string, { status, body }: FetchedAnswer): T {
  if (status === 401) throw clusterError(clusterName, 'authentication', `${path} answered 401`);
  if (status !== 200) throw clusterError(clusterName, 'garbage', `${path} answered ${status}`);
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  } catch {
    // Said below: the parser's message would quote the body.
  }
  throw clusterError(clusterName, 'garbage', `${path} did not answer with a JSON object`);
}
