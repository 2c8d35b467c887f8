/** Where a kubeconfig points and how it authenticates, for commands whose operator gave it. */
import { type CredentialSource, credentialsFromKubeconfig } from './credentials.ts';
import { type ClusterEndpoint, parseEndpoint } from './endpoint.ts';
import { loadKubeconfig } from './kubeconfig.ts';

export interface KubeconfigAccess {
  readonly endpoint: ClusterEndpoint;
  readonly credentials: CredentialSource;
}

/**
 * @param baseDirectory where relative paths in it begin
 * @param toRoot takes the server's URL to the API root that is meant; default: as it stands
 * Throws Error with a message for people.
 */
export async function accessByKubeconfig(
  text: string,
  baseDirectory: string,
  toRoot: (server: string) => string = (server) => server,
): Promise<KubeconfigAccess> {
  const options = { trustKubeconfig: true, baseDirectory, now: Date.now };
  const cluster = (await loadKubeconfig(text, options)).getCurrentCluster();
  const credentials = await credentialsFromKubeconfig(text, options);
  const endpoint = parseEndpoint({
    serverURL: toRoot(cluster?.server ?? ''),
    ...(credentials.ca === undefined ? {} : { caBundle: credentials.ca }),
    ...(cluster?.tlsServerName ? { serverName: cluster.tlsServerName } : {}),
    ...(cluster?.skipTLSVerify ? { insecureSkipTLSVerify: true } : {}),
  });
  return { endpoint, credentials };
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A kubeconfig for the cluster in which this process is a pod; undefined elsewhere. */
export function inClusterKubeconfig(env: NodeJS.ProcessEnv): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (!host) return undefined;
  const address = host.includes(':') ? `[${host}]` : host;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'pod',
    contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod' } }],
    clusters: [
      { name: 'pod', cluster: { server: `https://${address}:${port}`, 'certificate-authority': `${ACCOUNT}/ca.crt` } },
    ],
    users: [{ name: 'pod', user: { tokenFile: `${ACCOUNT}/token` } }],
  });
}
