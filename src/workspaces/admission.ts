/** What a Workspace object must be, and who owns it: written down by the hub at creation, not by the client. */
import type { AdmissionRequest, AdmissionStep } from '../hub/core.ts';
import type { Workspace } from '../hub/kinds/workload.ts';
import { invalid } from '../kube/status.ts';
import { childWorkspace, isWorkspacePath, MAX_DEPTH } from './path.ts';
import { WORKSPACES } from './resolver.ts';

/** kcp's annotation: who created it, as JSON of a UserInfo. */
export const OWNER_ANNOTATION = 'experimental.tenancy.kcp.io/owner';
/** Keeps a deleted Workspace until it is empty. */
export const CONTENT_FINALIZER = 'core.kcp.io/logicalcluster';

/** `urlOf` gives where the workspace is served, from its path. */
export const workspaceAdmission = (urlOf: (path: string) => string): AdmissionStep => ({
  name: 'Workspaces',
  // After all mutation: no webhook chooses a workspace's owner.
  permit(request) {
    const { info } = request.target.definition;
    if (info.group !== WORKSPACES.group || info.resource !== WORKSPACES.resource) return;
    if (request.operation === 'create') prepare(request, urlOf);
    else if (request.operation === 'update') keepOwner(request);
  },
});

function prepare({ target, object, options }: AdmissionRequest, urlOf: (path: string) => string): void {
  const workspace = object as Workspace;
  const name = workspace.metadata.name ?? '';
  const path = childWorkspace(target.workspace, name);
  refuseBadName(name, path);
  workspace.spec = { type: { name: 'universal', path: 'root' }, ...workspace.spec, cluster: path, URL: urlOf(path) };
  workspace.metadata.finalizers = [...new Set([...(workspace.metadata.finalizers ?? []), CONTENT_FINALIZER])];
  const { [OWNER_ANNOTATION]: _claimed, ...annotations } = workspace.metadata.annotations ?? {};
  const { user } = options;
  workspace.metadata.annotations =
    user === undefined
      ? annotations
      : {
          ...annotations,
          [OWNER_ANNOTATION]: JSON.stringify({ username: user.name, uid: user.uid, groups: user.groups }),
        };
}

function refuseBadName(name: string, path: string): void {
  const kind = { group: WORKSPACES.group, kind: 'Workspace' };
  if (!isWorkspacePath(name)) {
    const message = `Invalid value: ${JSON.stringify(name)}: must be a lower-case DNS label of at most 63 characters`;
    throw invalid(kind, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }]);
  }
  if (path.split(':').length > MAX_DEPTH) {
    const message = `Invalid value: ${JSON.stringify(path)}: workspaces may be nested ${MAX_DEPTH} deep`;
    throw invalid(kind, name, [{ reason: 'FieldValueInvalid', message, field: 'metadata.name' }]);
  }
}

/** The owner becomes administrator of the workspace: who may edit the object must not choose them. */
function keepOwner({ object, old }: AdmissionRequest): void {
  const before = old?.metadata.annotations?.[OWNER_ANNOTATION];
  const { [OWNER_ANNOTATION]: _now, ...annotations } = object.metadata.annotations ?? {};
  object.metadata.annotations = before === undefined ? annotations : { ...annotations, [OWNER_ANNOTATION]: before };
}
