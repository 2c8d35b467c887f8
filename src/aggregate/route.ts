/** Who answers a request to a view. Pure: by the shape of the URL and by what serves the resource. */
import type { RequestInfo } from '../kube/request-info.ts';
import type { ResolvedResource } from './view-discovery.ts';

export type Route =
  /** Discovery, OpenAPI, version, probes. */
  | 'discovery'
  /** Reads over all workspaces. */
  | 'wildcard'
  /** The hub alone: creates and reviews. */
  | 'hub'
  /** Reads over all sources. */
  | 'list'
  | 'watch'
  | 'get'
  /** Writes and requests that go where the object lives. */
  | 'object'
  | 'deletecollection'
  /** A create of a kind that the hub does not serve. */
  | 'create-in-cluster'
  /** Raw streams to the cluster of the object. */
  | 'stream'
  | 'unknown';

/** Subresources whose bytes pass through: logs, upgrades, the node and service proxies. */
const STREAMS: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

export function chooseRoute(info: RequestInfo, workspace: string, resolved: ResolvedResource | undefined): Route {
  if (!info.isResource) return 'discovery';
  if (workspace === '*') return 'wildcard';
  if (resolved === undefined) return 'unknown';
  if (STREAMS.has(info.subresource)) return 'stream';
  if (info.subresource !== '') return 'object';
  switch (info.verb) {
    case 'list':
    case 'watch':
    case 'get':
    case 'deletecollection':
      return info.verb;
    case 'create':
      return resolved.hub ? 'hub' : 'create-in-cluster';
    default:
      return 'object';
  }
}
