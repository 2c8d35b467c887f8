/** Node's two request and response pairs (HTTP/1.1 and HTTP/2 compatibility) as one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Incoming, PeerCertificate } from './context.ts';
import { withoutIdentity } from './headers.ts';

export type RawRequest = IncomingMessage | Http2ServerRequest;
export type RawResponse = ServerResponse | Http2ServerResponse;

export const isHttp2 = (request: RawRequest): request is Http2ServerRequest => request.httpVersionMajor === 2;

/** A copy of what matters; the raw request itself is left as it is. */
export function toIncoming(request: RawRequest, upgrade: boolean): Incoming {
  const socket = (isHttp2(request) ? request.stream.session?.socket : request.socket) as TLSSocket | undefined;
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    rawHeaders: withoutIdentity(request.rawHeaders),
    host: (isHttp2(request) ? request.authority : request.headers.host) ?? '',
    remoteAddress: socket?.remoteAddress ?? '',
    peer:
      socket === undefined ? undefined : peerOf(socket, isHttp2(request) ? (request.stream.session ?? socket) : socket),
    upgrade,
    receivedAt: Date.now(),
  };
}

/** A certificate is parsed once per connection, not per request. */
const peers = new WeakMap<object, PeerCertificate | null>();

function peerOf(socket: TLSSocket, connection: object): PeerCertificate | undefined {
  const known = peers.get(connection);
  if (known !== undefined) return known ?? undefined;
  const peer = readPeer(socket);
  peers.set(connection, peer ?? null);
  return peer;
}

function readPeer(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate?.();
  if (certificate?.raw === undefined) return undefined;
  const subject = certificate.subject as Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
  return {
    verified: socket.authorized,
    problem: socket.authorized ? '' : String(socket.authorizationError ?? 'not verified'),
    // Repeated CNs: Go's parser, and so Kubernetes, keeps the last.
    commonName: asList(subject?.CN).at(-1) ?? '',
    organizations: asList(subject?.O),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

const asList = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;
