/** Which workspaces exist: the root always; any other exists while its Workspace object and all its ancestors do. */
import type { HubClient } from '../hub/client.ts';
import type { Workspace } from '../hub/kinds/workload.ts';
import type { GroupResource } from '../kube/resource.ts';
import { isWorkspacePath, MAX_DEPTH, ROOT_WORKSPACE, splitWorkspacePath } from './path.ts';
import { createWorkspaceCache } from './workspace-cache.ts';

export type WorkspaceState = 'ready' | 'deleting' | 'initializing' | 'unknown' | 'malformed';

export interface WorkspaceResolver {
  state(path: string): Promise<WorkspaceState>;
  /** Resolves when changes are followed. */
  whenReady(): Promise<void>;
}

export const WORKSPACES: GroupResource = { group: 'tenancy.kcp.io', resource: 'workspaces' };

const CACHE_BYTES = 16 * 1024 * 1024;
const ENTRY_BYTES = 200;

export interface ResolverOptions {
  readonly hub: Pick<HubClient, 'get' | 'list' | 'watch'>;
  readonly signal: AbortSignal;
  readonly onError?: (error: unknown) => void;
}

export function createWorkspaceResolver(options: ResolverOptions): WorkspaceResolver {
  const { hub } = options;
  const cache = createWorkspaceCache<{ readonly state: WorkspaceState }>({
    ...options,
    resources: [WORKSPACES],
    load: async (path) => ({ state: await ownState(hub, path) }),
    keyOf: (parent, name) => `${parent}:${name}`,
    sizeOf: () => ENTRY_BYTES,
    maxBytes: CACHE_BYTES,
  });
  /** Ancestors first: what stands in a workspace that is gone is not asked for. */
  async function state(path: string): Promise<WorkspaceState> {
    const segments = path.split(':');
    let known: WorkspaceState = segments[0] === ROOT_WORKSPACE ? 'ready' : 'unknown';
    for (let depth = 2; depth <= segments.length && known === 'ready'; depth++) {
      known = (await cache.get(segments.slice(0, depth).join(':'))).state;
    }
    return known;
  }
  return {
    whenReady: cache.whenWatching,
    state: async (path) => (isWorkspacePath(path) && path.split(':').length <= MAX_DEPTH ? state(path) : 'malformed'),
  };
}

async function ownState(hub: Pick<HubClient, 'get'>, path: string): Promise<WorkspaceState> {
  const { parent, name } = splitWorkspacePath(path) ?? { parent: '', name: path };
  const object = await hub.get<Workspace>({ workspace: parent, ...WORKSPACES, name });
  if (object === undefined) return 'unknown';
  if (object.metadata.deletionTimestamp !== undefined) return 'deleting';
  return object.status?.phase === 'Ready' ? 'ready' : 'initializing';
}
