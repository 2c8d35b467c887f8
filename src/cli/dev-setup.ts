/** What `tmc dev` authors in its hub at start: a workspace, its clusters, a sample. Every step may be repeated. */
import type { ClusterRegistry } from '../clusters/downstream.ts';
import type { EmbeddedServer } from '../embedded-server.ts';
import type { HubClient, HubInformer } from '../hub/client.ts';
import type { ClusterRegistration, Workspace } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';

const WORKSPACES = { group: 'tenancy.kcp.io', resource: 'workspaces' };
const REGISTRATIONS = { group: 'tmc.kcp.io', resource: 'clusterregistrations' };
const SECRETS = { group: '', resource: 'secrets' };
const NAMESPACES = { group: '', resource: 'namespaces' };
const DEPLOYMENTS = { group: 'apps', resource: 'deployments' };
const SECRET_NAMESPACE = 'tmc-system';
const HEALTHY_MS = 10_000;

interface HubParts {
  readonly client: HubClient;
  informer<T extends KubeObject>(resource: GroupResource): HubInformer<T>;
}

/** Creates the workspace where it is missing and resolves when it is ready. */
export async function ensureWorkspace(hub: HubParts, parent: string, name: string): Promise<void> {
  const informer = hub.informer<Workspace>(WORKSPACES);
  const workspace = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name }, spec: {} };
  await createMissing(hub.client, parent, WORKSPACES, workspace);
  await new Promise<void>((resolve) => {
    const stop = informer.subscribe(({ workspace: path, object }) => {
      if (path !== parent || object?.metadata.name !== name || object.status?.phase !== 'Ready') return;
      // The first events come while subscribe runs, before `stop` is there.
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

/** Registration and Secret of a simulated cluster; its port and token are new at every start. */
export async function registerEmbedded(client: HubClient, workspace: string, cluster: EmbeddedServer): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const secretName = `cluster-${cluster.name}`;
  await createMissing(client, workspace, NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: SECRET_NAMESPACE },
  });
  const manager = { fieldManager: 'tmc-dev', force: true };
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: SECRET_NAMESPACE },
    type: 'Opaque',
    data: { token: base64(cluster.token) },
  };
  await client.apply(workspace, SECRETS, secret, manager);
  const registration: ClusterRegistration = {
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ClusterRegistration',
    metadata: { name: cluster.name },
    spec: {
      endpoint: { serverURL: cluster.url, caBundle: base64(cluster.caPem) },
      credentials: { secretRef: { namespace: SECRET_NAMESPACE, name: secretName } },
      location: { region: cluster.name, provider: 'embedded' },
    },
  };
  await client.apply(workspace, REGISTRATIONS, registration, manager);
}

/** Resolves when all are healthy and discovered, or after ten seconds; gives the names of those that are not. */
export function untilHealthy(
  registry: ClusterRegistry,
  workspace: string,
  names: readonly string[],
): Promise<string[]> {
  const missing = (): string[] =>
    names.filter((name) => {
      const cluster = registry.visibleTo(workspace).find(({ clusterName }) => clusterName === name);
      return cluster?.health().state !== 'Healthy' || cluster.discovery() === undefined;
    });
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      stop();
      resolve(missing());
    };
    const timer = setTimeout(finish, HEALTHY_MS);
    const stop = registry.onChange(() => {
      if (missing().length === 0) finish();
    });
    if (missing().length === 0) finish();
  });
}

/** One small Deployment, so that the first look shows something running. */
export const authorSample = (client: HubClient, workspace: string): Promise<void> =>
  createMissing(client, workspace, DEPLOYMENTS, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'hello', namespace: 'default', labels: { app: 'hello' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'hello' } },
      template: {
        metadata: { labels: { app: 'hello' } },
        spec: { containers: [{ name: 'hello', image: 'nginx', ports: [{ name: 'http', containerPort: 80 }] }] },
      },
    },
  });

async function createMissing(
  client: HubClient,
  workspace: string,
  resource: GroupResource,
  object: KubeObject,
): Promise<void> {
  try {
    await client.create(workspace, resource, object, { fieldManager: 'tmc-dev' });
  } catch (error) {
    if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
  }
}
