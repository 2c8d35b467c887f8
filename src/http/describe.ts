/** URL → what is asked for (DESIGN §2). Pure. */
import { parseRequestInfo } from '../kube/request-info.ts';
import { badRequest, pathNotFound } from '../kube/status.ts';
import type { Described, Door, Incoming } from './context.ts';
import { nextHop } from './hops.ts';

export interface Grammar {
  /** The workspace that owns the process's own paths (`/metrics`). */
  readonly rootWorkspace: string;
  /** `<ws>.<domain>` as Host is a view at the root path, `:` written as `.`; undefined: no aliases. */
  readonly aliasDomain?: string | undefined;
  /** What stands at the root path itself; undefined: nothing but the process's own paths. */
  readonly rootDoor?: Exclude<Door, 'process'> | undefined;
}

interface Prefix {
  readonly door: Door;
  readonly workspace: string;
  readonly onlyCluster?: string;
  readonly urlPrefix: string;
}

const PREFIXES: readonly { start: string; pattern: RegExp; door: Door }[] = [
  { start: '/services/tmc/clusters/', pattern: /^\/services\/tmc\/clusters\/(?<workspace>[^/]+)/, door: 'view' },
  {
    start: '/services/tmc/synctargets/',
    pattern: /^\/services\/tmc\/synctargets\/(?<cluster>[^/]+)\/clusters\/(?<workspace>[^/]+)/,
    door: 'view',
  },
  { start: '/clusters/', pattern: /^\/clusters\/(?<workspace>[^/]+)/, door: 'hub' },
];

/** Answered by this process, whatever the Host says. */
const PROCESS_PATH = /^\/(livez|readyz|healthz|metrics|version)(\/|$)/;

/** Throws ApiError 400 for a malformed URL, 404 for one that no door stands at, 508 for a request going in circles. */
export function describe(incoming: Incoming, grammar: Grammar, auditId: string): Described {
  const question = incoming.url.indexOf('?');
  const path = question < 0 ? incoming.url : incoming.url.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : incoming.url.slice(question + 1));
  refuseUnsafe(path);
  nextHop(incoming.rawHeaders);
  const prefix = choosePrefix(path, incoming.host, grammar);
  const info = parseRequestInfo(incoming.method, path.slice(prefix.urlPrefix.length) || '/', query);
  return { incoming, onlyCluster: undefined, ...prefix, info, query, auditId };
}

/** Nearly all: nothing is escaped, and no segment begins with a dot. */
const PLAIN_PATH = /^(?:\/[\w:*@~-][\w.:*@~-]*)+$/;

/** Bad escapes, and dot segments: a cluster behind us would resolve them to a path that nobody authorized. */
function refuseUnsafe(path: string): void {
  if (PLAIN_PATH.test(path)) return;
  if (!path.startsWith('/')) throw badRequest(`the request path ${JSON.stringify(path)} must begin with "/"`);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw badRequest('the request path has a malformed percent-encoding');
  }
  if (decoded.includes('\0')) throw badRequest('the request path must not contain NUL');
  if (decoded.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')) {
    throw badRequest('the request path must not contain "." or ".." segments');
  }
}

function choosePrefix(path: string, host: string, grammar: Grammar): Prefix {
  for (const { start, pattern, door } of PREFIXES) {
    if (!path.startsWith(start)) continue;
    const match = pattern.exec(path);
    if (match?.groups === undefined) continue;
    const { workspace, cluster } = match.groups;
    return {
      door,
      workspace: decodeURIComponent(workspace as string),
      ...(cluster === undefined ? {} : { onlyCluster: decodeURIComponent(cluster) }),
      urlPrefix: match[0],
    };
  }
  const alias = workspaceOfHost(host, grammar.aliasDomain);
  if (alias !== undefined) return { door: 'view', workspace: alias, urlPrefix: '' };
  if (PROCESS_PATH.test(path)) return { door: 'process', workspace: grammar.rootWorkspace, urlPrefix: '' };
  if (grammar.rootDoor !== undefined) {
    return { door: grammar.rootDoor, workspace: grammar.rootWorkspace, urlPrefix: '' };
  }
  throw pathNotFound();
}

/** `root.team-a.tmc.example:6443` with domain `tmc.example` → `root:team-a`. */
export function workspaceOfHost(host: string, domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1).replaceAll('.', ':') : undefined;
}
