/** Composition root of one simulated cluster: its API on a loopback port of its own, with its own authority, token and RBAC. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRbac } from '../auth/authorize.ts';
import { staticTokens } from '../auth/static-token.ts';
import { startApiServer } from './api-server.ts';
import { startEmbeddedCluster } from './embedded/cluster.ts';
import { CLUSTER_WORKSPACE } from './embedded/types.ts';
import { versionInfo } from './hub/answer/non-resource.ts';
import type { Logger } from './reconcile/logger.ts';

export interface EmbeddedServerOptions {
  readonly name: string;
  /** Its state is kept here. */
  readonly directory: string;
  readonly nodes: number;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly log: Logger;
}

export interface EmbeddedServer {
  readonly name: string;
  readonly url: string;
  readonly caPem: string;
  /** Of its administrator; new at every start and never stored by the cluster. */
  readonly token: string;
  close(): Promise<void>;
}

export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { name, directory, log } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stop = new AbortController();
  const cluster = await startEmbeddedCluster({ ...options, file: join(directory, 'cluster.sqlite') });
  const rbac = createRbac({ hub: cluster.client, rootWorkspace: CLUSTER_WORKSPACE, signal: stop.signal });
  await rbac.whenReady();
  const token = randomBytes(32).toString('base64url');
  const admin = { name: 'admin', groups: ['system:masters'], extra: {} };
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    pkiDirectory: join(directory, 'pki'),
    doors: { hub: cluster.handle },
    rootDoor: 'hub',
    rootWorkspace: CLUSTER_WORKSPACE,
    tokens: [staticTokens([{ token, user: admin }])],
    resolver: { state: async () => 'ready' },
    authorizer: rbac,
    limits: UNLIMITED,
    version: versionInfo,
    log,
  });
  return {
    name,
    url: `https://127.0.0.1:${server.port}`,
    caPem: server.certificates.ca,
    token,
    async close() {
      await server.close(1_000);
      stop.abort();
      await cluster.close();
    },
  };
}

/** Its one client is the gateway, which has limits of its own. */
const UNLIMITED = { user: { qps: 1e6, burst: 1e6 }, workspace: { qps: 1e6, burst: 1e6 } };
