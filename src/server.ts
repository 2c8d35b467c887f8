/**
 * The gateway, put together: store → hub → workspaces → clusters → view → gates and routes → listener.
 * Started in this order, stopped in the reverse one. The life of a request is in `http/serve.ts`.
 */
import { once, setMaxListeners } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { type AuditPolicy, DEFAULT_AUDIT_POLICY } from '../auth/audit-policy.ts';
import type { TokenAuthenticator } from '../auth/authenticator.ts';
import { createRbac } from '../auth/authorize.ts';
import { rbacEscalation } from '../auth/escalation.ts';
import { oidcTokens } from '../auth/oidc.ts';
import { createReviews } from '../auth/reviews.ts';
import { openSigningKey } from '../auth/service-account-keys.ts';
import { createServiceAccountTokens } from '../auth/service-account-token.ts';
import { parseTokenFile, type StaticToken, staticTokens } from '../auth/static-token.ts';
import { createMergedDiscovery } from './aggregate/discovery.ts';
import { createHubPort } from './aggregate/hub-access.ts';
import { startProjectionStatus } from './aggregate/projection-status.ts';
import { createProjections } from './aggregate/projections.ts';
import { createView } from './aggregate/view.ts';
import { createViewReflectors } from './aggregate/view-reflectors.ts';
import { startApiServer } from './api-server.ts';
import { clusterValidation } from './clusters/cluster-validation.ts';
import { type CustomKinds, createCustomKinds } from './clusters/custom-kinds.ts';
import type { ClusterRegistry } from './clusters/downstream.ts';
import { createClusterRegistry } from './clusters/registry.ts';
import { webhookServices } from './clusters/webhook-services.ts';
import type { ServerConfig } from './config.ts';
import { type Controllers, startControllers } from './controllers.ts';
import { openEncryptionKeys } from './encryption-key.ts';
import type { Certificates } from './http/certificates.ts';
import { versionInfo } from './hub/answer/non-resource.ts';
import { awaitedClient } from './hub/awaited-client.ts';
import type { HubClient } from './hub/client.ts';
import { createHub, type Hub } from './hub/hub.ts';
import { RESOURCE_PROJECTIONS, type ResourceProjection } from './hub/kinds/resource-projection.ts';
import { openSqliteStore } from './hub/store/sqlite.ts';
import type { ApiHandler } from './kube/api.ts';
import { unavailable } from './kube/status.ts';
import { createMetrics, type MetricsRegistry } from './metrics/metrics.ts';
import { observeClusters, viewMetricsOf } from './observe.ts';
import { placementReviews } from './placement/placement-review.ts';
import { systemClock } from './reconcile/clock.ts';
import type { Logger } from './reconcile/logger.ts';
import { workspaceAdmission } from './workspaces/admission.ts';
import { ROOT_WORKSPACE } from './workspaces/path.ts';
import { createWorkspaceResolver } from './workspaces/resolver.ts';
import { startWorkspaceController } from './workspaces/workspace-controller.ts';

export interface ServerDependencies {
  readonly log: Logger;
  /** Beside the token file: tokens made at start, for `tmc dev`. */
  readonly tokens?: readonly StaticToken[];
  /** Hears that the store has stopped for good, because the disk failed to sync: the process should end. */
  readonly onStoreFailure?: (failure: Error) => void;
}

export interface RunningServer {
  /** `https://host:port`, as clients should use it. */
  readonly url: string;
  readonly port: number;
  /** The gateway's authority; also issues client certificates for kubeconfigs. */
  readonly certificates: Certificates;
  readonly hub: Hub;
  readonly registry: ClusterRegistry;
  /** Explains placements. */
  readonly controllers: Controllers;
  readonly metrics: MetricsRegistry;
  close(): Promise<void>;
}

/** Of service-account tokens where no external URL is given: must not change with the port. */
const DEFAULT_ISSUER = 'https://tmc';

/** Resolves when the gateway serves. Throws what keeps it from starting: port, files, store. */
export async function startServer(config: ServerConfig, dependencies: ServerDependencies): Promise<RunningServer> {
  const { log } = dependencies;
  const stop = new AbortController();
  const { signal } = stop;
  setMaxListeners(0, signal);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const metrics = createMetrics({ process: true });
  const store = openSqliteStore(join(config.dataDir, 'hub.sqlite'), {
    onFailure(failure) {
      log.error({ err: failure }, 'the store has stopped');
      dependencies.onStoreFailure?.(failure);
    },
  });

  /** Known for certain once we listen. */
  const address = { port: config.port };
  const made: { bind?: (client: HubClient) => void } = {};
  const hubReads = awaitedClient(new Promise((resolve) => (made.bind = resolve)));
  const rbac = createRbac({ hub: hubReads, rootWorkspace: ROOT_WORKSPACE, signal });
  const accounts = createServiceAccountTokens({
    key: await openSigningKey(join(config.dataDir, 'pki', 'sa.key')),
    hub: hubReads,
    issuerPrefix: `${config.externalUrl ?? DEFAULT_ISSUER}/clusters/`,
  });
  const tokens = [...(await configuredTokens(config, dependencies)), accounts.authenticate];

  const authored: { kinds?: CustomKinds; refresh?: () => void } = {};
  const running: { controllers?: Controllers; view?: ApiHandler; registry?: ClusterRegistry } = {};
  const hub = await createHub({
    store,
    extraResources: (workspace) => authored.kinds?.of(workspace) ?? [],
    profile: 'hub',
    log,
    authorize: (workspace, { path, ...question }) =>
      rbac.authorize(workspace, { ...question, path, isResource: path === '' }),
    webhooks: { ...config.admissionWebhooks, callService: webhookServices(() => running.registry) },
    encryptionKeys: await openEncryptionKeys(join(config.dataDir, 'encryption.key')),
    virtual: {
      ...createReviews({ authorizer: rbac, tokens }),
      // The view answers for the hub's door too: what it counts are the view's sources.
      'tmc.kcp.io/aggregatedviews': async (request) => {
        if (running.view === undefined) throw unavailable('the view is starting');
        return running.view(request);
      },
      ...placementReviews(() => running.controllers?.placement, systemClock),
      '-/serviceaccounts/token': accounts.request,
    },
    admission: [
      workspaceAdmission((path) => `${externalUrl(config, address.port)}/clusters/${path}`),
      rbacEscalation(rbac),
      ...(config.clusterValidation.enabled
        ? [
            clusterValidation({
              registry: () => running.registry,
              deadlineMs: config.clusterValidation.deadlineMs,
              now: () => systemClock.now(),
            }),
          ]
        : []),
    ],
  });
  made.bind?.(hub.client);

  const resolver = createWorkspaceResolver({ hub: hub.client, signal });
  startWorkspaceController({ client: hub.client, store, signal, log });
  const registry = createClusterRegistry({ hub, clock: systemClock, log, trustKubeconfig: config.trustKubeconfig });
  const projectionStatus = startProjectionStatus({
    hub: hub.client,
    informer: hub.informer<ResourceProjection>(RESOURCE_PROJECTIONS),
    signal,
    log,
    clock: systemClock,
  });
  const projections = createProjections({
    informer: hub.informer,
    onFailure: projectionStatus.failed,
    onResult: (result) => metrics.metrics.tmc_resource_projections_total.inc({ result }),
    signal,
  });
  // A view that did not know them yet would show what they hide.
  running.registry = registry;
  await Promise.all([resolver.whenReady(), rbac.whenReady(), registry.whenLoaded(), projections.whenSynced()]);
  observeClusters(registry, metrics.metrics);
  authored.kinds = createCustomKinds({
    registry,
    log,
    onChange: () => {
      hub.catalog.invalidate('*');
      authored.refresh?.();
    },
  });
  const reflectors = createViewReflectors({ log, registry });
  const view = createView({
    hub: createHubPort(hub),
    registry,
    reflectors,
    discovery: createMergedDiscovery({
      hub: { definitions: async (workspace) => (await hub.catalog.of(workspace)).definitions },
      registry,
    }),
    projections,
    metrics: viewMetricsOf(metrics.metrics),
    log,
  });
  running.view = view.handle;
  const controllers = await startControllers({
    hub,
    registry,
    reflectors: reflectors.pool,
    signal,
    log,
    metrics: metrics.metrics,
  });
  running.controllers = controllers;
  authored.refresh = controllers.refreshKinds;

  const audit = await openAudit(config, log);
  const server = await startApiServer({
    host: config.host,
    port: config.port,
    pkiDirectory: join(config.dataDir, 'pki'),
    names: namesOf(config),
    clientCAs: await Promise.all(config.authentication.clientCAFiles.map((file) => readFile(file, 'utf8'))),
    doors: { hub: hub.handle, view: view.handle },
    rootWorkspace: ROOT_WORKSPACE,
    aliasDomain: config.aliasDomain,
    tokens,
    resolver,
    authorizer: rbac,
    audit,
    limits: config.limits,
    live: [{ name: 'store', check: async () => void (await store.revision()) }],
    version: versionInfo,
    metrics,
    requestTimeoutMs: config.requestTimeoutSeconds * 1000,
    log,
  });
  address.port = server.port;
  return {
    url: externalUrl(config, server.port),
    port: server.port,
    certificates: server.certificates,
    hub,
    registry,
    controllers,
    metrics,
    async close() {
      await server.close(config.shutdownGraceSeconds * 1000);
      stop.abort();
      view.close();
      await reflectors.pool.close();
      authored.kinds?.close();
      await registry.close();
      await hub.close();
      await store.close();
      await audit.close();
      metrics.close();
    },
  };
}

const externalUrl = ({ externalUrl: given, host }: ServerConfig, port: number): string => {
  if (given !== undefined) return given.replace(/\/$/, '');
  const anywhere = host === '0.0.0.0' || host === '::';
  const name = anywhere ? 'localhost' : isIPv6(host) ? `[${host}]` : host;
  return `https://${name}:${port}`;
};

/** What the certificate must cover for clients to believe it. */
function namesOf(config: ServerConfig): string[] {
  const url = config.externalUrl === undefined ? [] : [new URL(config.externalUrl).hostname.replace(/^\[|\]$/g, '')];
  const host = config.host === '0.0.0.0' || config.host === '::' ? [] : [config.host];
  return [...config.names, ...url, ...host];
}

async function configuredTokens(
  config: ServerConfig,
  { tokens = [] }: ServerDependencies,
): Promise<TokenAuthenticator[]> {
  const { tokenFile, oidc } = config.authentication;
  const filed = tokenFile === undefined ? [] : parseTokenFile(await readFile(tokenFile, 'utf8'));
  return [staticTokens([...tokens, ...filed]), ...oidc.map(oidcTokens)];
}

const AUDIT_FLUSH_MS = 10;

interface AuditOutput {
  readonly policy: AuditPolicy;
  readonly write: (line: string) => void;
  close(): Promise<void>;
}

/** Appends to the file; default `audit.log` in the data directory. */
async function openAudit({ audit, dataDir }: ServerConfig, log: Logger): Promise<AuditOutput> {
  const policy =
    audit.policyFile === undefined ? DEFAULT_AUDIT_POLICY : readPolicy(await readFile(audit.policyFile, 'utf8'));
  const stream = createWriteStream(audit.logFile ?? join(dataDir, 'audit.log'), { flags: 'a', mode: 0o600 });
  await once(stream, 'open');
  // A full disk must not end the gateway.
  stream.on('error', (error) => log.error({ err: error }, 'the audit log cannot be written'));
  let lines = '';
  const flush = (): void => {
    if (lines !== '') stream.write(lines);
    lines = '';
  };
  return {
    policy,
    // A write costs more than many lines: those of a few milliseconds go together.
    write(line) {
      if (lines === '') setTimeout(flush, AUDIT_FLUSH_MS);
      lines += `${line}\n`;
    },
    close() {
      flush();
      return new Promise((resolve) => stream.end(() => resolve()));
    },
  };
}

function readPolicy(text: string): AuditPolicy {
  const policy = parseYaml(text) as AuditPolicy | null;
  if (!Array.isArray(policy?.rules)) throw new Error('the audit policy must have a list of rules');
  return policy;
}
