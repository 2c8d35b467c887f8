/** The running gateway as the commands for people reach it: by the kubeconfig that `tmc dev` or `tmc kubeconfig` wrote. */
import { existsSync, readFileSync } from 'node:fs';
import { credentialsFromKubeconfig } from '../clusters/credentials.ts';
import { parseEndpoint } from '../clusters/endpoint.ts';
import { loadKubeconfig } from '../clusters/kubeconfig.ts';
import { createTransport, type Transport } from '../clusters/transport.ts';
import type { HubClient } from '../hub/client.ts';
import { createRemoteHubClient } from '../hub/remote-client.ts';
import { isWorkspacePath } from '../workspaces/path.ts';
import { currentUser, type KubeconfigUser } from './kubeconfig.ts';
import { UsageError } from './usage-error.ts';

export interface Gateway {
  readonly origin: string;
  /** The workspace of the kubeconfig's context, or the one asked for. */
  readonly workspace: string;
  readonly hub: HubClient;
  /** Parsed JSON of a GET, any status. */
  getJson(path: string): Promise<{ status: number; body: unknown }>;
  readonly caPem: string | undefined;
  /** The `user` entry of the kubeconfig's context, as it stands there. */
  readonly user: KubeconfigUser;
  close(): Promise<void>;
}

const VIEW_PATH = /^\/(?:services\/tmc\/)?clusters\/([^/]+)$/;

export interface GatewayOptions {
  /** Kubeconfig of the gateway; default $TMC_KUBECONFIG, ./.tmc/kubeconfig, then $KUBECONFIG. */
  readonly gateway?: string;
  readonly workspace?: string;
}

/** Throws UsageError where no kubeconfig of a gateway is found, and for a workspace that cannot be one. */
export async function connectGateway(options: GatewayOptions): Promise<Gateway> {
  if (options.workspace !== undefined && !isWorkspacePath(options.workspace)) {
    throw new UsageError(`"${options.workspace}" is no workspace`, 'for example: --workspace root:dev:team-a');
  }
  const file = findKubeconfig(options.gateway);
  const text = readFileSync(file, 'utf8');
  const config = await loadKubeconfig(text, { trustKubeconfig: true });
  const cluster = config.getCurrentCluster();
  const url = new URL(cluster?.server ?? '');
  const found = VIEW_PATH.exec(decodeURIComponent(url.pathname).replace(/\/$/, ''));
  if (!found) {
    throw new UsageError(
      `${file} does not point at a TMC gateway: its server ${cluster?.server} has no /services/tmc/clusters/<workspace>`,
      'give the gateway’s kubeconfig with --gateway FILE, or start one with: tmc dev',
    );
  }
  const caBundle = cluster?.caData ?? (cluster?.caFile ? readFileSync(cluster.caFile).toString('base64') : undefined);
  const transport = createTransport({
    clusterName: 'gateway',
    endpoint: parseEndpoint({ serverURL: url.origin, ...(caBundle ? { caBundle } : {}) }),
    credentials: await credentialsFromKubeconfig(text, { trustKubeconfig: true, now: Date.now }),
    impersonateUsers: false,
    deadlineMs: 30_000,
    connectTimeoutMs: 5_000,
    maxSockets: 8,
  });
  return {
    origin: url.origin,
    workspace: options.workspace ?? (found[1] as string),
    hub: createRemoteHubClient((request) => transport.send(request)),
    getJson: (path) => getJson(transport, path),
    caPem: caBundle ? Buffer.from(caBundle, 'base64').toString() : undefined,
    user: currentUser(text),
    close: () => transport.retire(),
  };
}

function findKubeconfig(given: string | undefined): string {
  const candidates = given ? [given] : [process.env.TMC_KUBECONFIG, '.tmc/kubeconfig', process.env.KUBECONFIG];
  const file = candidates.find((candidate) => candidate && existsSync(candidate));
  if (file) return file;
  throw new UsageError(
    given
      ? `${given} does not exist`
      : 'no gateway is known here: there is no .tmc/kubeconfig, and TMC_KUBECONFIG is not set',
    'start one with: tmc dev',
  );
}

async function getJson(transport: Transport, path: string): Promise<{ status: number; body: unknown }> {
  const response = await transport.send({ method: 'GET', path });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}
