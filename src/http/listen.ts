/**
 * Sockets to requests: TLS with HTTP/2 and HTTP/1.1 on one port, client certificates asked for, slow clients cut off,
 * and an orderly end. What a request means is none of its business.
 */
import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { ApiError, badRequest } from '../kube/status.ts';
import type { KeyPair } from './certificates.ts';
import { trackConnections } from './connections.ts';
import type { RawRequest, RawResponse } from './exchange.ts';
import { statusResponse, toApiError } from './status-response.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly certificate: KeyPair;
  /** PEM of the authorities whose client certificates are believed. */
  readonly clientCAs: readonly string[];
  /** Milliseconds a client may take for the TLS handshake, then for its headers; and for its whole request. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

export interface ListenHandlers {
  request(request: RawRequest, response: RawResponse, stopping: AbortSignal): void;
  /** Owns the socket from then on. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, stopping: AbortSignal): void;
}

export interface Listener {
  readonly port: number;
  /** Takes effect for new connections. */
  useCertificate(pair: KeyPair): void;
  /** Stops accepting, lets running requests end for `graceMs`, ends long-running ones, then cuts what is left. */
  close(graceMs?: number): Promise<void>;
}

/** Go clients put all their watches on one connection. */
const MAX_STREAMS = 1000;
/** How much of an upload may be under way: the protocol's 64 KiB would make bodies wait for round trips. */
const STREAM_WINDOW = 1024 * 1024;
const CONNECTION_WINDOW = 16 * STREAM_WINDOW;
/** Node's default of 10 MB refuses new streams as soon as a few lists wait for their reader. */
const SESSION_MEGABYTES = 1024;
const KEEP_ALIVE_MS = 90_000;
const IDLE_SESSION_MS = 600_000;

/** Throws what `server.listen` throws, e.g. EADDRINUSE. */
export async function listen(options: ListenOptions, handlers: ListenHandlers): Promise<Listener> {
  const { headersTimeoutMs = 15_000, requestTimeoutMs = 300_000 } = options;
  const tls = {
    allowHTTP1: true,
    // Node's default lets whoever says nothing keep a socket for two minutes.
    handshakeTimeout: headersTimeoutMs,
    minVersion: 'TLSv1.3' as const,
    requestCert: true,
    // An unverified certificate is refused by the authenticator, with a Status.
    rejectUnauthorized: false,
    ca: [...options.clientCAs],
    ...options.certificate,
    settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: STREAM_WINDOW },
    maxSessionMemory: SESSION_MEGABYTES,
  } satisfies SecureServerOptions;
  const created: { server?: Http2SecureServer } = {};
  const app = fastify({
    serverFactory: (handler) => {
      created.server = createSecureServer(tls, handler as never);
      return created.server as never;
    },
    return503OnClosing: false,
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (error, _request, reply) => void sendError(reply, badRequest(error.message)),
  });
  const server = created.server as Http2SecureServer;
  // Node reads these for HTTP/1.1 connections when it starts to listen, though its type for HTTP/2 servers lacks them.
  Object.assign(server, {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs),
  });
  server.on('session', (session) => {
    session.setLocalWindowSize(CONNECTION_WINDOW);
    session.setTimeout(IDLE_SESSION_MS, () => session.close());
  });
  const stopping = new AbortController();
  // One listener per watch and tunnel.
  setMaxListeners(0, stopping.signal);
  const connections = trackConnections(server);

  // Bodies are read by the handler, after the gates.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    sendError(reply, statusCode < 500 ? new ApiError(statusCode, 'BadRequest', message) : toApiError(error));
  });
  const handOver = (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const release = connections.hold(request.raw.socket);
    reply.raw.once('close', release);
    handlers.request(request.raw, reply.raw, stopping.signal);
  };
  app.all('/*', handOver);
  // Methods that the router does not know are refused by the gates, like everything else.
  app.setNotFoundHandler(handOver);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    connections.hold(socket);
    handlers.upgrade(request, socket, head, stopping.signal);
  });
  await app.ready();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });

  return {
    port: (server.address() as AddressInfo).port,
    useCertificate: (pair) => server.setSecureContext({ ...pair, ca: [...options.clientCAs], minVersion: 'TLSv1.3' }),
    async close(graceMs = 10_000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stopping.abort(new Error('the server is stopping'));
      connections.finish();
      const cutting = setTimeout(connections.cut, graceMs);
      await closed;
      clearTimeout(cutting);
      await app.close();
    },
  };
}

function sendError(reply: FastifyReply, error: ApiError): void {
  const { status, headers, body } = statusResponse(error);
  reply
    .code(status)
    .headers(headers as Record<string, string>)
    .send(body);
}
