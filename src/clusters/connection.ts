/**
 * The live connection to one cluster: transport, breaker, health and discovery behind the Downstream contract.
 * Credentials are replaced in place; a new endpoint is a new connection.
 */
import type { TlsMaterial, UserInfo } from '../kube/api.ts';
import { within } from '../kube/within.ts';
import { createBreaker } from './breaker.ts';
import { clusterError } from './classify-error.ts';
import type { CredentialSource } from './credentials.ts';
import { createDiscoveryCache, type DiscoveryCache } from './discovery.ts';
import { ClusterError, type Downstream, type DownstreamRequest } from './downstream.ts';
import type { ClusterEndpoint } from './endpoint.ts';
import { startHealthProbe } from './health-probe.ts';
import { readWhole } from './response-body.ts';
import { createTransport, type Transport, type TransportResponse } from './transport.ts';

export interface ClusterIdentity {
  readonly clusterName: string;
  readonly workspace: string;
  readonly uid: string;
  readonly key: string;
  readonly slot: number;
  readonly namespaceMapping: 'Hashed' | 'Identity';
}

export interface ConnectionTimings {
  /** Milliseconds until response headers, where the caller does not say. */
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly probeDownIntervalMs: number;
  readonly probeDeadlineMs: number;
  readonly breakerFailures: number;
  readonly breakerWindowMs: number;
  readonly discoveryIntervalMs: number;
}

export const DEFAULT_TIMINGS: ConnectionTimings = {
  deadlineMs: 30_000,
  connectTimeoutMs: 5_000,
  probeIntervalMs: 3_000,
  probeDownIntervalMs: 1_000,
  probeDeadlineMs: 1_000,
  breakerFailures: 5,
  breakerWindowMs: 60_000,
  discoveryIntervalMs: 30_000,
};

export interface ConnectionOptions {
  readonly identity: ClusterIdentity;
  readonly endpoint: ClusterEndpoint;
  readonly impersonateUsers: boolean;
  readonly timings: ConnectionTimings;
  readonly now: () => number;
  readonly onHealth: () => void;
  readonly onDiscovery: () => void;
  readonly onDefinitions: () => void;
}

export interface ClusterConnection extends Downstream {
  /** Replaces the credentials; calls in progress end with the old ones. A string says why there are none. */
  setCredentials(credentials: CredentialSource | string): void;
  close(): void;
}

const DEFAULT_LIMIT_BYTES = 128 * 1024 * 1024;
const MAX_SOCKETS = 64;
/** Lost probes after which open watches are held to be dead too. */
const CUT_STREAMS_AFTER = 3;

export function createConnection(options: ConnectionOptions): ClusterConnection {
  const { identity, timings, now } = options;
  const { clusterName } = identity;
  const closed = new AbortController();
  const breaker = createBreaker(clusterName, {
    failures: timings.breakerFailures,
    windowMs: timings.breakerWindowMs,
    openMs: timings.breakerWindowMs,
    now,
  });
  let transport: Transport | undefined;
  /** Transports with former credentials, on which watches still run. */
  const retiring = new Set<Transport>();
  let missing = 'the registration is not complete';
  let lastContact: number | undefined;

  async function send(request: DownstreamRequest): Promise<TransportResponse> {
    if (transport === undefined) throw clusterError(clusterName, 'authentication', missing);
    const response = await transport.send(request);
    lastContact = now();
    return response;
  }

  async function request(downstreamRequest: DownstreamRequest): Promise<TransportResponse> {
    try {
      return await breaker.run(() => send(downstreamRequest));
    } catch (error) {
      if (error instanceof ClusterError && error.kind !== 'circuit-open') health.hurry();
      throw error;
    }
  }

  const fetch: Downstream['fetch'] = async (downstreamRequest, limitBytes = DEFAULT_LIMIT_BYTES) => {
    const { status, headers, body } = await request(downstreamRequest);
    const idleMs = downstreamRequest.deadlineMs ?? timings.deadlineMs;
    return { status, headers, body: await readWhole(clusterName, body, limitBytes, idleMs) };
  };

  const health = startHealthProbe({
    intervalMs: timings.probeIntervalMs,
    downIntervalMs: timings.probeDownIntervalMs,
    probe: (stopped) =>
      within(
        timings.probeDeadlineMs,
        stopped,
        // The body included: one that drips must not keep a probe from ending.
        async (signal) => {
          const { status, body } = await send({ method: 'GET', path: '/readyz', signal });
          await readWhole(clusterName, body, 64 * 1024, timings.probeDeadlineMs);
          return status;
        },
        () => clusterError(clusterName, 'timeout', `/readyz did not answer within ${timings.probeDeadlineMs} ms`),
      ),
    onProbe(state, previous, outcome) {
      if (outcome.kind !== 'failed') breaker.close();
      if (outcome.kind === 'failed' && state.failures === CUT_STREAMS_AFTER) transport?.cutStreams();
      if (previous.state !== 'Healthy' && state.state === 'Healthy') discovery.refresh();
      if (state.state !== previous.state) options.onHealth();
    },
  });

  const discovery: DiscoveryCache = createDiscoveryCache({
    clusterName,
    fetch: (path, headers, signal) => fetch({ method: 'GET', path, headers, signal }),
    watch: (path, headers, signal) => request({ method: 'GET', path, headers, signal }),
    intervalMs: timings.discoveryIntervalMs,
    now,
    onChange: options.onDiscovery,
    onDefinitions: options.onDefinitions,
  });

  return {
    ...identity,
    signal: closed.signal,
    request,
    fetch,
    async target(user?: UserInfo): Promise<{
      origin: string;
      basePath: string;
      headers: Readonly<Record<string, string | readonly string[]>>;
      tls: TlsMaterial;
    }> {
      if (transport === undefined) throw clusterError(clusterName, 'authentication', missing);
      return transport.proxyMaterial(user);
    },
    health: () => ({ state: health.state.state, reason: health.state.reason, lastContact }),
    discovery: () => discovery.current(),
    whenDiscovered: (signal) => discovery.whenKnown(signal),
    setCredentials(credentials) {
      const previous = transport;
      transport = undefined;
      if (typeof credentials === 'string') missing = credentials;
      else {
        const { endpoint, impersonateUsers } = options;
        const { deadlineMs, connectTimeoutMs } = timings;
        transport = createTransport({
          clusterName,
          endpoint,
          credentials,
          impersonateUsers,
          deadlineMs,
          connectTimeoutMs,
          maxSockets: MAX_SOCKETS,
        });
      }
      if (previous !== undefined) {
        retiring.add(previous);
        void previous.retire().then(() => retiring.delete(previous));
      }
      health.again();
    },
    close() {
      health.stop();
      discovery.stop();
      for (const each of retiring) each.destroy();
      transport?.destroy();
      transport = undefined;
      missing = 'the cluster was unregistered or its connection replaced';
      closed.abort();
    },
  };
}
