/** May they: RBAC of the workspace in which the request stands. */
import type { Authorized, Impersonated } from '../src/http/context.ts';
import type { HubClient } from '../src/hub/client.ts';
import type { GroupResource } from '../src/kube/resource.ts';
import { createWorkspaceCache } from '../src/workspaces/workspace-cache.ts';
import { type Attributes, attributesOf, denial } from './attributes.ts';
import { compilePolicy, type Policy } from './rbac-policy.ts';
import { type Binding, RBAC_GROUP, type Role, ruleAllows } from './rbac-rules.ts';

export const MASTERS = 'system:masters';

export interface Decision {
  readonly allowed: boolean;
  /** Why, in upstream's words; '' for a plain denial. */
  readonly reason: string;
}

export interface Authorizer {
  authorize(workspace: string, attributes: Attributes): Promise<Decision>;
  /** For rules reviews and escalation checks. */
  policy(workspace: string): Promise<Policy>;
  /** Tells of each workspace whose policy may be another one from now on (undefined: all) until the function that it gives is called. */
  onChange(listener: (workspace: string | undefined) => void): () => void;
}

const RESOURCES = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'].map(
  (resource): GroupResource => ({ group: RBAC_GROUP, resource }),
);
/** All tenants share it: the workspaces in use stay warm, the others are read again when needed. */
const CACHE_BYTES = 64 * 1024 * 1024;

export interface RbacOptions {
  readonly hub: Pick<HubClient, 'list' | 'watch'>;
  /** Wildcard requests (`/clusters/*`) are judged by this workspace's policy. */
  readonly rootWorkspace: string;
  readonly signal: AbortSignal;
  readonly onError?: (error: unknown) => void;
}

export function createRbac(options: RbacOptions): Authorizer & { whenReady(): Promise<void> } {
  const { hub, rootWorkspace, signal } = options;
  const listeners = new Set<(workspace: string | undefined) => void>();
  const cache = createWorkspaceCache({
    hub,
    signal,
    resources: RESOURCES,
    load: async (workspace) => loadPolicy(hub, workspace),
    sizeOf: ({ bytes }) => bytes,
    maxBytes: CACHE_BYTES,
    onChange: (workspace) => {
      for (const listener of listeners) listener(workspace);
    },
    ...(options.onError === undefined ? {} : { onError: options.onError }),
  });
  const policy = async (workspace: string) => (await cache.get(workspace === '*' ? rootWorkspace : workspace)).policy;
  return {
    policy,
    whenReady: cache.whenWatching,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async authorize(workspace, attributes) {
      if (attributes.user.groups.includes(MASTERS)) return { allowed: true, reason: '' };
      return decide(await policy(workspace), attributes);
    },
  };
}

async function loadPolicy(hub: Pick<HubClient, 'list'>, workspace: string): Promise<{ policy: Policy; bytes: number }> {
  const [clusterRoles, clusterRoleBindings, roles, roleBindings] = await Promise.all(
    RESOURCES.map(async (resource) => (await hub.list(workspace, resource)).items.map(({ object }) => object)),
  );
  const source = {
    clusterRoles: (clusterRoles ?? []) as Role[],
    clusterRoleBindings: (clusterRoleBindings ?? []) as Binding[],
    roles: (roles ?? []) as Role[],
    roleBindings: (roleBindings ?? []) as Binding[],
  };
  return { policy: compilePolicy(source), bytes: 2_000 + JSON.stringify(source).length };
}

/** The first rule that allows, in upstream's order. Pure. */
export function decide(policy: Policy, attributes: Attributes): Decision {
  const errors: string[] = [];
  for (const { rule, source } of policy.rulesFor(attributes.user, attributes.namespace, (error) =>
    errors.push(error),
  )) {
    if (ruleAllows(rule, attributes)) return { allowed: true, reason: `RBAC: allowed by ${source}` };
  }
  const text = errors.length > 1 ? `[${[...new Set(errors)].join(', ')}]` : (errors[0] ?? '');
  return { allowed: false, reason: text === '' ? '' : `RBAC: ${text}` };
}

/** What an upgrade does needs `create`, whatever its method (WebSocket handshakes are GETs). */
const STREAMS = new Set(['exec', 'attach', 'portforward']);

/** The gate. Throws 403. */
export function authorizeWith(authorizer: Pick<Authorizer, 'authorize'>, rootWorkspace: string) {
  return async (request: Impersonated): Promise<Authorized> => {
    let reason = '';
    for (const attributes of required(request, rootWorkspace)) {
      const decision = await authorizer.authorize(request.workspace, attributes);
      if (!decision.allowed) throw denial(attributes, decision.reason);
      reason = decision.reason;
    }
    return { ...request, reason };
  };
}

function required(request: Impersonated, rootWorkspace: string): Attributes[] {
  const asked = attributesOf(request.user, request.info);
  const all = [asked];
  if (request.info.isResource && STREAMS.has(request.info.subresource) && asked.verb === 'get') {
    all.push({ ...asked, verb: 'create' });
  }
  // Seeing every workspace is a right of its own, given where the tree begins.
  if (request.workspace === '*' && rootWorkspace !== '*') {
    all.push({ ...asked, isResource: false, verb: 'access', path: '/clusters/*' });
  }
  return all;
}
