/**
 * Registers a cluster: makes an identity with documented rights there, then writes its credentials and registration into
 * the hub. Every step may be repeated. The administrator's own credentials are used once and never stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HubClient } from '../hub/client.ts';
import type { ClusterRegistration } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { type CredentialSource, credentialsFromKubeconfig } from './credentials.ts';
import { parseEndpoint } from './endpoint.ts';
import { type ClusterCalls, clusterCalls, type EndpointSpec, JoinError } from './join-calls.ts';
import { JOIN_NAMESPACE, JOIN_TOKEN_SECRET, joinManifests } from './join-manifests.ts';
import { CLUSTER_REGISTRATIONS, NAMESPACES, SECRETS } from './kinds.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { issuedToken, TOKEN_ANNOTATION, TOKEN_PATH, tokenRequest, validityOf } from './token-request.ts';

export interface JoinOptions {
  readonly hub: Pick<HubClient, 'get' | 'create' | 'update' | 'delete'>;
  readonly workspace: string;
  /** Name of the registration and its SyncTarget. */
  readonly name: string;
  /** Text of a kubeconfig of the person who joins it: exec plug-ins and files are theirs to use. */
  readonly kubeconfig: string;
  readonly context?: string;
  /** Where the kubeconfig stood: relative paths in it begin there. */
  readonly baseDirectory?: string;
  /** Pull: the token is given back for the syncer and not stored in the hub. */
  readonly mode?: 'Push' | 'Pull';
  /** Further fields of the registration's spec: location, labels, taints, namespaceMapping … */
  readonly spec?: Partial<ClusterRegistration['spec']>;
  readonly signal?: AbortSignal;
  /** Told each step as it is done, for people. */
  readonly onStep?: (text: string) => void;
}

export interface JoinResult {
  readonly registration: ClusterRegistration;
  readonly token: string;
  /** Undefined: it does not expire. */
  readonly tokenExpires: string | undefined;
}

/** Secrets of clusters stand here in their workspace. */
export const HUB_NAMESPACE = 'tmc-system';
const TOKEN_WAIT_MS = 10_000;

/** Throws JoinError; ApiError where the hub refuses. */
export async function joinCluster(options: JoinOptions): Promise<JoinResult> {
  const { name, mode = 'Push', onStep = () => undefined } = options;
  const endpoint = await endpointFrom(options);
  const cluster = await connect(options, endpoint);
  try {
    const version = (await cluster.call('GET', '/version', 'ask for the version')) as { gitVersion?: string };
    onStep(`reached ${endpoint.serverURL}, Kubernetes ${version.gitVersion ?? 'of unknown version'}`);
    for (const manifest of joinManifests({ impersonateUsers: options.spec?.impersonateUsers === true })) {
      await cluster.apply(manifest);
      onStep(`applied ${manifest.what}`);
    }
    const { token, expires } = await tokenOf(cluster, options.signal);
    await proveToken(options, endpoint, token);
    onStep(expires === undefined ? 'got a token' : `got a token that expires at ${expires}`);
    const registration = await writeToHub(options, endpoint, { token, expires }, mode);
    onStep(`registered ${name} in ${options.workspace}`);
    return { registration, token, tokenExpires: expires };
  } finally {
    cluster.close();
  }
}

export const secretName = (name: string): string => `cluster-${name}`;

export interface Source extends Pick<JoinOptions, 'name' | 'kubeconfig' | 'context' | 'baseDirectory' | 'signal'> {
  /** For messages. */
  readonly intent?: 'join' | 'leave';
}

export async function endpointFrom(source: Source): Promise<EndpointSpec> {
  const { name, kubeconfig, intent = 'join' } = source;
  try {
    const cluster = (await loadKubeconfig(kubeconfig, trusted(source))).getCurrentCluster();
    const credentials = await credentialsFromKubeconfig(kubeconfig, trusted(source));
    const endpoint: ClusterRegistration['spec']['endpoint'] = {
      serverURL: cluster?.server ?? '',
      ...(credentials.ca === undefined ? {} : { caBundle: Buffer.from(credentials.ca).toString('base64') }),
      ...(cluster?.tlsServerName ? { serverName: cluster.tlsServerName } : {}),
      ...(cluster?.skipTLSVerify ? { insecureSkipTLSVerify: true } : {}),
    };
    parseEndpoint(endpoint);
    return endpoint;
  } catch (error) {
    throw new JoinError(`Cannot ${intent} "${name}": ${(error as Error).message}`, error);
  }
}

const trusted = ({ context, baseDirectory }: Source) => ({
  trustKubeconfig: true,
  now: Date.now,
  ...(context === undefined ? {} : { context }),
  ...(baseDirectory === undefined ? {} : { baseDirectory }),
});

export const connect = async (source: Source, endpoint: EndpointSpec): Promise<ClusterCalls> =>
  clusterCalls(source, endpoint, await credentialsFromKubeconfig(source.kubeconfig, trusted(source)));

/** The token of the Secret; where no controller fills it in, one that is asked for and expires. */
async function tokenOf(
  cluster: ClusterCalls,
  signal?: AbortSignal,
): Promise<{ token: string; expires: string | undefined }> {
  const secretPath = `/api/v1/namespaces/${JOIN_NAMESPACE}/secrets/${JOIN_TOKEN_SECRET}`;
  for (const deadline = Date.now() + TOKEN_WAIT_MS; Date.now() < deadline; await sleep(200, undefined, { signal })) {
    const secret = (await cluster.call('GET', secretPath, 'read the token')) as
      | { data?: { token?: string } }
      | undefined;
    if (secret?.data?.token)
      return { token: Buffer.from(secret.data.token, 'base64').toString('utf8'), expires: undefined };
  }
  const issued = issuedToken(await cluster.call('POST', TOKEN_PATH, 'request a token', tokenRequest()));
  if (issued === undefined) throw new JoinError('the cluster gave no token for its service account');
  return issued;
}

/** That it works is known before it is stored; the rights of a new binding take a moment to be seen. */
async function proveToken(options: JoinOptions, endpoint: EndpointSpec, token: string): Promise<void> {
  const credentials: CredentialSource = {
    current: async () => ({ authorization: `Bearer ${token}` }),
    invalidate: () => false,
  };
  const cluster = clusterCalls(options, endpoint, credentials);
  try {
    for (const deadline = Date.now() + TOKEN_WAIT_MS; ; await sleep(200, undefined, { signal: options.signal })) {
      const failure = await cluster.call('GET', '/api/v1/namespaces?limit=1', 'use the new token').then(
        () => undefined,
        (error: Error) => error,
      );
      if (failure === undefined) return;
      if (Date.now() >= deadline) throw failure;
    }
  } finally {
    cluster.close();
  }
}

async function writeToHub(
  { hub, workspace, name, spec }: JoinOptions,
  endpoint: EndpointSpec,
  { token, expires }: { token: string; expires: string | undefined },
  mode: 'Push' | 'Pull',
): Promise<ClusterRegistration> {
  const secretRef = { namespace: HUB_NAMESPACE, name: secretName(name) };
  if (mode === 'Push') {
    await createOrUpdate(
      hub,
      workspace,
      NAMESPACES,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: HUB_NAMESPACE } },
      (found) => found,
    );
    const data = { token: Buffer.from(token).toString('base64') };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: secretRef, type: 'Opaque', data };
    await createOrUpdate<KubeObject>(hub, workspace, SECRETS, secret, (found) => ({ ...found, data }));
  }
  const annotations: Record<string, string> =
    expires === undefined ? {} : { [TOKEN_ANNOTATION]: validityOf(Date.now(), expires) };
  const wanted: ClusterRegistration = {
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ClusterRegistration',
    metadata: { name, annotations },
    spec: { ...spec, endpoint, credentials: { secretRef }, mode },
  };
  return createOrUpdate(hub, workspace, CLUSTER_REGISTRATIONS, wanted, (found) => ({
    ...found,
    metadata: { ...found.metadata, annotations: { ...withoutValidity(found), ...annotations } },
    spec: { ...found.spec, ...wanted.spec },
  }));
}

/** A token that does not expire may replace one that does. */
function withoutValidity({ metadata }: KubeObject): Record<string, string> {
  const { [TOKEN_ANNOTATION]: _validity, ...rest } = metadata.annotations ?? {};
  return rest;
}

async function createOrUpdate<T extends KubeObject>(
  hub: JoinOptions['hub'],
  workspace: string,
  resource: GroupResource,
  object: T,
  change: (found: T) => T,
): Promise<T> {
  const { namespace = '', name = '' } = object.metadata;
  const found = await hub.get<T>({ ...resource, workspace, namespace, name });
  if (found === undefined) {
    try {
      return await hub.create(workspace, resource, object);
    } catch (error) {
      // Clusters that join side by side share what they need: another one was first.
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
      return createOrUpdate(hub, workspace, resource, object, change);
    }
  }
  const changed = change(found);
  return changed === found ? found : hub.update(workspace, resource, changed);
}
