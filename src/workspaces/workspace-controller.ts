/**
 * A Workspace's life: a new one gets its owner's binding and becomes Ready; a deleted one is emptied, then let go.
 * Follows one wildcard watch and keeps no objects.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { HubClient } from '../hub/client.ts';
import type { Workspace } from '../hub/kinds/workload.ts';
import { listPages } from '../hub/list-pages.ts';
import type { Store } from '../hub/store/store.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type ReconcileResult, WorkQueue } from '../reconcile/queue.ts';
import { CONTENT_FINALIZER, OWNER_ANNOTATION } from './admission.ts';
import { emptyWorkspace } from './empty-workspace.ts';
import { childWorkspace } from './path.ts';
import { WORKSPACES } from './resolver.ts';

export interface WorkspaceControllerOptions {
  readonly client: HubClient;
  readonly store: Pick<Store, 'list' | 'commit'>;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

const BINDINGS = { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' };
export const OWNER_BINDING = 'workspace-admin';
const RETRY_MS = 1_000;
const CONCURRENCY = 8;

export function startWorkspaceController(options: WorkspaceControllerOptions): WorkQueue {
  const { signal, log } = options;
  const queue = new WorkQueue({
    signal,
    concurrency: CONCURRENCY,
    process: (path) => reconcile(options, path),
    onError: (key, error, retry) =>
      log.warn({ controller: 'workspaces', key, err: error, ...retry }, 'reconcile failed'),
  });
  void follow(options, (path) => queue.add(path));
  return queue;
}

async function follow({ client, signal, log }: WorkspaceControllerOptions, add: (path: string) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const { pages, resourceVersion } = await listPages<Workspace>(client, '*', WORKSPACES);
      for await (const page of pages)
        for (const { workspace, object } of page) if (needsWork(object)) add(pathOf(workspace, object));
      for await (const { type, workspace, object } of client.watch<Workspace>(
        '*',
        WORKSPACES,
        { resourceVersion },
        signal,
      )) {
        if (type !== 'DELETED' && needsWork(object)) add(pathOf(workspace, object));
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ controller: 'workspaces', err: error }, 'the watch broke off');
    }
    await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

const pathOf = (parent: string, { metadata }: KubeObject): string => childWorkspace(parent, metadata.name ?? '');

const needsWork = ({ metadata, status }: Workspace): boolean =>
  metadata.deletionTimestamp !== undefined || status?.phase !== 'Ready';

async function reconcile(
  { client, store }: WorkspaceControllerOptions,
  path: string,
): Promise<ReconcileResult | undefined> {
  const colon = path.lastIndexOf(':');
  const ref = { ...WORKSPACES, workspace: path.slice(0, colon), name: path.slice(colon + 1) };
  const workspace = await client.get<Workspace>(ref);
  if (workspace === undefined || !needsWork(workspace)) return undefined;
  if (workspace.metadata.deletionTimestamp === undefined) {
    await bindOwner(client, path, workspace);
    await client.patch(ref, { type: 'merge', body: { status: { phase: 'Ready' } } }, { subresource: 'status' });
    return undefined;
  }
  if (!workspace.metadata.finalizers?.includes(CONTENT_FINALIZER)) return undefined;
  const left = await emptyWorkspace({ client, store }, path);
  if (left > 0) return { requeueAfterMs: RETRY_MS };
  const finalizers = workspace.metadata.finalizers.filter((one) => one !== CONTENT_FINALIZER);
  await client.update(ref.workspace, WORKSPACES, { ...workspace, metadata: { ...workspace.metadata, finalizers } });
  return undefined;
}

/** Whoever created the workspace is its administrator; later changes of the binding are theirs to make. */
async function bindOwner(client: Pick<HubClient, 'create'>, path: string, workspace: Workspace): Promise<void> {
  const owner = ownerOf(workspace);
  if (owner === undefined || isOfParentOnly(owner)) return;
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: OWNER_BINDING },
    roleRef: { apiGroup: BINDINGS.group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', apiGroup: BINDINGS.group, name: owner }],
  };
  await client.create(path, BINDINGS, binding).catch((error) => {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
  });
}

/** A service account is of its own workspace: in another one its name would be another's. */
const isOfParentOnly = (username: string): boolean => username.startsWith('system:serviceaccount:');

function ownerOf({ metadata }: Workspace): string | undefined {
  try {
    const { username } = JSON.parse(metadata.annotations?.[OWNER_ANNOTATION] ?? '{}') as { username?: unknown };
    return typeof username === 'string' && username !== '' ? username : undefined;
  } catch {
    return undefined;
  }
}
