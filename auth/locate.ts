/** The workspace gate: malformed 400, unknown 403, deleting or not yet ready 503 with Retry-After. */
import type { Authenticated, Located } from '../src/http/context.ts';
import { badRequest, methodNotAllowed, unavailable } from '../src/kube/status.ts';
import { ALL_WORKSPACES } from '../src/workspaces/path.ts';
import type { WorkspaceResolver } from '../src/workspaces/resolver.ts';
import { attributesOf, denial } from './attributes.ts';
import { type Authorizer, MASTERS } from './authorize.ts';

const READS = new Set(['get', 'list', 'watch', 'head']);

export function locateWith(
  resolver: Pick<WorkspaceResolver, 'state'>,
  authorizer: Pick<Authorizer, 'authorize'>,
): (request: Authenticated) => Promise<Located> {
  return async (request) => {
    const { workspace, info, user } = request;
    if (workspace === ALL_WORKSPACES) {
      if (!READS.has(info.verb)) throw methodNotAllowed(info, info.verb);
      return { ...request, located: true };
    }
    const state = await resolver.state(workspace);
    if (state === 'malformed') throw badRequest(`the workspace path ${JSON.stringify(workspace)} is malformed`);
    if (state === 'ready') return { ...request, located: true };
    const attributes = attributesOf(user, info);
    // The very words of a denial: whether a workspace exists is for those to know who may use it.
    if (state === 'unknown') {
      throw denial(attributes, user.groups.includes(MASTERS) ? `workspace "${workspace}" does not exist` : '');
    }
    const { allowed, reason } = await authorizer.authorize(workspace, attributes);
    throw allowed ? unavailable(`workspace "${workspace}" is ${state}`) : denial(attributes, reason);
  };
}
