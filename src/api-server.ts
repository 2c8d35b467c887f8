/**
 * One served Kubernetes API: gates, routes and listener put together around whoever answers. The gateway is one
 * (`server.ts`); so is every embedded cluster, at the root path of its own port.
 */
import { randomUUID } from 'node:crypto';
import { createAuditLog } from '../auth/audit.ts';
import { type AuditPolicy, DEFAULT_AUDIT_POLICY } from '../auth/audit-policy.ts';
import { authenticateWith, type TokenAuthenticator, tokens } from '../auth/authenticator.ts';
import { type Authorizer, authorizeWith } from '../auth/authorize.ts';
import { clientCertificates } from '../auth/client-certificate.ts';
import { impersonateWith } from '../auth/impersonate.ts';
import { locateWith } from '../auth/locate.ts';
import { createWatchAccess } from '../auth/watch-access.ts';
import { chooseRoute, type Doors } from '../routes/index.ts';
import type { HealthCheck } from '../routes/probes.ts';
import { createProcessHandler } from '../routes/process.ts';
import { type Certificates, openCertificates } from './http/certificates.ts';
import type { Described, Door, Gates } from './http/context.ts';
import { isLongRunning } from './http/lifetime.ts';
import { type Listener, listen } from './http/listen.ts';
import { createProxyClient } from './http/proxy.ts';
import { createRateLimit, DEFAULT_LIMITS, type Limits } from './http/rate-limit.ts';
import { serve } from './http/serve.ts';
import { boundedLabel } from './metrics/bounded-label.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Logger } from './reconcile/logger.ts';
import type { WorkspaceResolver } from './workspaces/resolver.ts';

export interface ApiServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where certificate authority and leaf are kept. */
  readonly pkiDirectory: string;
  readonly names?: readonly string[];
  /** PEM; beside our own authority. */
  readonly clientCAs?: readonly string[];
  readonly doors: Pick<Doors, 'hub' | 'view'>;
  /** What stands at the root path; undefined: only the process's own paths. */
  readonly rootDoor?: Exclude<Door, 'process'>;
  readonly rootWorkspace: string;
  readonly aliasDomain?: string | undefined;
  readonly tokens: readonly TokenAuthenticator[];
  readonly resolver: Pick<WorkspaceResolver, 'state'>;
  readonly authorizer: Authorizer;
  readonly audit?: { readonly policy?: AuditPolicy; readonly write: (line: string) => void };
  readonly limits?: Limits | undefined;
  readonly live?: readonly HealthCheck[];
  readonly ready?: readonly HealthCheck[];
  readonly version: () => object;
  readonly metrics?: { readonly metrics: Metrics; expose(): Promise<{ contentType: string; text: string }> };
  readonly requestTimeoutMs?: number;
  readonly log: Logger;
}

export interface ApiServer {
  readonly port: number;
  readonly certificates: Certificates;
  /** See Listener.close. */
  close(graceMs?: number): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const CERTIFICATE_CHECK_MS = 12 * 3_600_000;

/** Resolves when it listens. Throws when the port is taken or the certificates cannot be read. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const certificates = await openCertificates({
    directory: options.pkiDirectory,
    ...(options.names ? { names: options.names } : {}),
  });
  const proxy = createProxyClient();
  const state = { stopping: false };
  const doors = { ...options.doors, process: processHandler(options, state) };
  const listener = await listen(
    {
      host: options.host,
      port: options.port,
      certificate: await certificates.server(),
      clientCAs: [certificates.ca, ...(options.clientCAs ?? [])],
    },
    serve({
      grammar: { rootWorkspace: options.rootWorkspace, aliasDomain: options.aliasDomain, rootDoor: options.rootDoor },
      gates: createGates(options),
      route: chooseRoute(doors),
      proxy,
      newAuditId: randomUUID,
      observe: observer(options.metrics?.metrics),
      opened: openCounter(options.metrics?.metrics),
      logFailure: (error, auditId) => options.log.error({ err: error.cause ?? error, auditId }, 'request failed'),
      requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    }),
  );
  const renewal = keepCertificateFresh(listener, certificates, options.log);
  return {
    port: listener.port,
    certificates,
    async close(graceMs) {
      state.stopping = true;
      clearInterval(renewal);
      await listener.close(graceMs);
      proxy.close();
    },
  };
}

/** The ladder, in its order. */
function createGates(options: ApiServerOptions): Gates {
  const { authorizer, resolver, rootWorkspace } = options;
  const audit = createAuditLog(
    options.audit?.policy ?? DEFAULT_AUDIT_POLICY,
    options.audit?.write ?? (() => undefined),
  );
  const gates = {
    authenticate: authenticateWith([clientCertificates, tokens(options.tokens)]),
    locate: locateWith(resolver, authorizer),
    impersonate: impersonateWith(authorizer),
    authorize: authorizeWith(authorizer, rootWorkspace),
  };
  return {
    audit: audit.open,
    ...gates,
    limit: createRateLimit(options.limits ?? DEFAULT_LIMITS),
    access: createWatchAccess({ authorizer, rootWorkspace, gates }),
  };
}

function processHandler(options: ApiServerOptions, state: { readonly stopping: boolean }): Doors['process'] {
  const ping: HealthCheck = { name: 'ping', check: () => undefined };
  const shutdown: HealthCheck = {
    name: 'shutdown',
    check: () => {
      if (state.stopping) throw new Error('the server is stopping');
    },
  };
  return createProcessHandler({
    live: [ping, ...(options.live ?? [])],
    ready: [ping, ...(options.live ?? []), ...(options.ready ?? []), shutdown],
    version: options.version,
    metrics: async () => (await options.metrics?.expose()) ?? { contentType: 'text/plain', text: '' },
  });
}

/** More resources than this are counted together. */
const MAX_RESOURCES = 300;

function observer(
  metrics: Metrics | undefined,
): (request: Described | undefined, code: number, seconds: number) => void {
  const label = boundedLabel(MAX_RESOURCES);
  // Found by one key: prom-client sorts and joins the labels of every call.
  const counters = new Map<string, { inc(): void }>();
  const durations = new Map<string, { observe(seconds: number): void }>();
  return (request, code, seconds) => {
    if (metrics === undefined) return;
    const door = request?.door ?? 'none';
    // A resource that nobody serves is a client's invention.
    const resource = request === undefined || code === 404 || code === 401 ? '' : label(request.info.resource);
    const verb = VERBS.has(request?.info.verb ?? '') ? (request?.info.verb ?? '') : 'other';
    const key = `${door} ${verb} ${code} ${resource}`;
    let counter = counters.get(key);
    if (counter === undefined) {
      counter = metrics.tmc_api_requests_total.labels({ door, verb, resource, code: String(code) });
      counters.set(key, counter);
    }
    counter.inc();
    if (request !== undefined && !isLongRunning(request.info, request.query)) {
      let duration = durations.get(`${door} ${verb}`);
      if (duration === undefined) {
        duration = metrics.tmc_api_request_duration_seconds.labels({ door, verb });
        durations.set(`${door} ${verb}`, duration);
      }
      duration.observe(seconds);
    }
  };
}

const openCounter =
  (metrics: Metrics | undefined) =>
  ({ door, info }: Described): (() => void) => {
    const labels = { door, verb: VERBS.has(info.verb) ? info.verb : 'other' };
    metrics?.tmc_api_long_running_requests.inc(labels);
    return () => metrics?.tmc_api_long_running_requests.dec(labels);
  };

const VERBS = new Set([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'post',
  'head',
]);

function keepCertificateFresh(listener: Listener, certificates: Certificates, log: Logger): NodeJS.Timeout {
  const renew = async () => {
    try {
      listener.useCertificate(await certificates.server());
    } catch (error) {
      log.error({ err: error }, 'the server certificate could not be renewed');
    }
  };
  return setInterval(() => void renew(), CERTIFICATE_CHECK_MS).unref();
}
