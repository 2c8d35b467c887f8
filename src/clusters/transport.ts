/**
 * HTTP to one cluster: pools, TLS, deadlines, credentials, errors by cause.
 *
 * HTTP/1.1 with two pools. Short calls share a bounded one that opens a socket only when all others are busy. Watches
 * and followed logs hold their socket for minutes: were they in the same pool, a few hundred would starve the rest.
 */
import { setMaxListeners } from 'node:events';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Dispatcher, Pool } from 'undici';
import type { TlsMaterial, UserInfo } from '../kube/api.ts';
import { clusterError, toClusterError } from './classify-error.ts';
import type { CredentialSource, CredentialState } from './credentials.ts';
import type { DownstreamRequest, DownstreamResponse } from './downstream.ts';
import type { ClusterEndpoint } from './endpoint.ts';
import { impersonationHeaders } from './impersonation.ts';
import { type DownstreamBody, downstreamBody } from './response-body.ts';

export interface TransportOptions {
  readonly clusterName: string;
  readonly endpoint: ClusterEndpoint;
  readonly credentials: CredentialSource;
  readonly impersonateUsers: boolean;
  /** Default deadline for response headers, milliseconds. */
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  /** Sockets for short calls. */
  readonly maxSockets: number;
}

export interface ProxyMaterial {
  readonly origin: string;
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: TlsMaterial;
}

export interface TransportResponse extends DownstreamResponse {
  readonly body: DownstreamBody;
}

export interface Transport {
  /** Throws ClusterError, or the caller's abort reason. */
  send(request: DownstreamRequest): Promise<TransportResponse>;
  proxyMaterial(user?: UserInfo): Promise<ProxyMaterial>;
  /** Cuts watches and followed logs, whose peer may be gone without a word. */
  cutStreams(): void;
  /** Lets calls in progress end, then closes the sockets; resolves when they are. */
  retire(): Promise<void>;
  /** Cuts everything now. */
  destroy(): void;
}

interface Pools {
  readonly short: Pool;
  streams: Pool;
  readonly secureContext: SecureContext;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

const KEEP_ALIVE_MS = 60_000;
const ATTEMPTS = 3;
const IDEMPOTENT = new Set(['GET', 'HEAD']);

export function createTransport(options: TransportOptions): Transport {
  const { clusterName, endpoint, credentials } = options;
  const ca = endpoint.ca ?? credentials.ca;
  let pools: Pools | undefined;
  const closing = new AbortController();
  const inFlight = new Set<AbortController>();

  async function credential(): Promise<CredentialState> {
    try {
      return await credentials.current();
    } catch (error) {
      throw clusterError(clusterName, 'authentication', error instanceof Error ? error.message : undefined);
    }
  }

  function poolsFor({ cert, key }: CredentialState): Pools {
    if (pools !== undefined && pools.cert === cert && pools.key === key) return pools;
    if (pools !== undefined) void retirePools(pools);
    const secureContext = secureContextOf(clusterName, ca, cert, key);
    pools = {
      short: openPool(secureContext, options.maxSockets),
      streams: openPool(secureContext, null),
      secureContext,
      cert,
      key,
    };
    return pools;
  }

  const openPool = (secureContext: SecureContext, connections: number | null): Pool =>
    new Pool(endpoint.origin, {
      connections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        secureContext,
        ...(endpoint.serverName === undefined ? {} : { servername: endpoint.serverName }),
        rejectUnauthorized: !endpoint.insecure,
        timeout: options.connectTimeoutMs,
        keepAlive: true,
        keepAliveInitialDelay: 15_000,
      },
    });

  async function once(request: DownstreamRequest, signal: AbortSignal): Promise<TransportResponse> {
    const state = await credential();
    const { short, streams } = poolsFor(state);
    const asked = (isStream(request.path) ? streams : short).request({
      method: request.method as 'GET',
      path: endpoint.basePath + request.path,
      headers: headersOf(request, state),
      body: request.body ?? null,
      signal,
    });
    const answer = await orAborted(asked, signal);
    return {
      status: answer.statusCode,
      headers: flatHeaders(answer.headers),
      body: downstreamBody(answer.body, (error) => {
        if (request.signal?.aborted) return request.signal.reason;
        return toClusterError(clusterName, signal.aborted ? signal.reason : error);
      }),
    };
  }

  function headersOf(request: DownstreamRequest, state: CredentialState): Record<string, string | string[]> {
    return {
      accept: 'application/json',
      'user-agent': 'tmc-gateway',
      ...request.headers,
      ...(request.auditId ? { 'audit-id': request.auditId } : {}),
      ...identityHeaders(state, request.user),
    };
  }

  const identityHeaders = (state: CredentialState, user: UserInfo | undefined): Record<string, string | string[]> => ({
    ...(state.authorization ? { authorization: state.authorization } : {}),
    ...(options.impersonateUsers && user ? impersonationHeaders(user) : {}),
  });

  /** Once more where that cannot do harm: fresh credentials after a 401, a fresh socket after a stale one was cut. */
  async function withRetry(request: DownstreamRequest, signal: AbortSignal): Promise<TransportResponse> {
    const response = await onFreshSocket(request, signal);
    if (response.status !== 401 || !credentials.invalidate()) return response;
    response.body.destroy();
    return once(request, signal);
  }

  /** Several kept sockets may be stale when a cluster has restarted. */
  async function onFreshSocket(request: DownstreamRequest, signal: AbortSignal): Promise<TransportResponse> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(request, signal);
      } catch (error) {
        const again = attempt < ATTEMPTS && IDEMPOTENT.has(request.method) && !signal.aborted;
        if (!again || toClusterError(clusterName, error).kind !== 'reset') throw error;
      }
    }
  }

  async function send(request: DownstreamRequest): Promise<TransportResponse> {
    closing.signal.throwIfAborted();
    request.signal?.throwIfAborted();
    const controller = new AbortController();
    inFlight.add(controller);
    const deadlineMs = request.deadlineMs ?? options.deadlineMs;
    // Made only when it is late: an error costs its stack trace.
    const late = (): void =>
      controller.abort(clusterError(clusterName, 'timeout', `no response headers within ${deadlineMs} ms`));
    const timer = setTimeout(late, deadlineMs);
    const forward = () => controller.abort(request.signal?.reason);
    if (request.signal) {
      // One signal fans out to every cluster of a view.
      setMaxListeners(0, request.signal);
      request.signal.addEventListener('abort', forward, { once: true });
    }
    const settle = () => {
      inFlight.delete(controller);
      request.signal?.removeEventListener('abort', forward);
    };
    try {
      const response = await withRetry(request, controller.signal);
      response.body.onClosed(settle);
      return response;
    } catch (error) {
      settle();
      if (request.signal?.aborted) throw request.signal.reason;
      throw toClusterError(clusterName, controller.signal.aborted ? controller.signal.reason : error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    send,
    async proxyMaterial(user) {
      const state = await credential();
      return {
        origin: endpoint.origin,
        basePath: endpoint.basePath,
        headers: identityHeaders(state, user),
        tls: {
          ...(ca === undefined ? {} : { ca }),
          ...(state.cert === undefined ? {} : { cert: state.cert }),
          ...(state.key === undefined ? {} : { key: state.key }),
          ...(endpoint.serverName === undefined ? {} : { servername: endpoint.serverName }),
          rejectUnauthorized: !endpoint.insecure,
        },
      };
    },
    cutStreams() {
      if (pools === undefined) return;
      const cut = pools.streams;
      pools.streams = openPool(pools.secureContext, null);
      void cut.destroy(clusterError(clusterName, 'reset', 'the cluster no longer answers')).catch(ignore);
    },
    async retire() {
      const retired = pools;
      pools = undefined;
      if (retired !== undefined) await retirePools(retired);
    },
    destroy() {
      const gone = clusterError(clusterName, 'reset', 'the cluster was unregistered or its connection replaced');
      closing.abort(gone);
      for (const controller of inFlight) controller.abort(gone);
      if (pools !== undefined) for (const pool of [pools.short, pools.streams]) void pool.destroy(gone).catch(ignore);
      pools = undefined;
    },
  };
}

/** undici hears of an abort once a request has its connection; while that is being made, nobody waits past the deadline. */
function orAborted(asked: Promise<Dispatcher.ResponseData>, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function retirePools({ short, streams }: Pools): Promise<void> {
  await Promise.allSettled([short.close(), streams.close()]);
}

const ignore = (): void => undefined;

function secureContextOf(clusterName: string, ca?: string, cert?: string, key?: string): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  } catch {
    // OpenSSL's text names the function that failed, not what to mend.
    throw clusterError(clusterName, 'tls', 'its certificate authority or the client certificate cannot be parsed');
  }
}

/** The health probe too: it must get through when every other socket hangs. */
const isStream = (path: string): boolean => path === '/readyz' || /[?&](watch|follow)=(1|true)\b/.test(path);

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
