/**
 * Upgrades (exec, attach, port-forward) to one cluster: any protocol, WebSocket and SPDY alike, byte for byte.
 * No proxy library passes SPDY, so hop-by-hop headers are handled here by hand.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp, STATUS_CODES } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ApiResponse, ProxyTarget } from '../kube/api.ts';
import { badRequest } from '../kube/status.ts';
import { clusterFailure } from './cluster-failure.ts';
import type { Incoming } from './context.ts';
import { hopByHopNames } from './headers.ts';
import { outgoingHeaders, tlsOptions, upgradeHeaders } from './outgoing.ts';

export interface TunnelRequest {
  readonly incoming: Incoming;
  /** The client's; owned by the tunnel from here. */
  readonly socket: Duplex;
  /** Bytes that the client sent before it was answered. */
  readonly head: Buffer;
  readonly target: ProxyTarget;
  readonly auditId: string;
  /** Milliseconds until the cluster must have answered the upgrade. */
  readonly deadlineMs?: number;
}

/** Refusals are Statuses: small. */
const MAX_REFUSAL_BYTES = 1024 * 1024;

/**
 * Resolves with the status sent to the client: 101 once the two sockets are joined, otherwise the cluster's refusal,
 * passed on with its body. Throws ApiError 502, 503 or 504 when the cluster cannot be asked.
 */
export async function tunnel(tunnelled: TunnelRequest): Promise<number> {
  const { socket, target, auditId } = tunnelled;
  const request = askUpgrade(tunnelled);
  const abandon = () => request.destroy();
  socket.once('close', abandon);
  try {
    const answer = await answerOf(request, target.clusterName, tunnelled.deadlineMs ?? 30_000);
    if (answer.upstream === undefined) {
      refuseUpgrade(socket, await refusalOf(answer.response), auditId);
      return answer.response.statusCode ?? 502;
    }
    socket.write(responseHead(101, [...answer.response.rawHeaders, 'Audit-Id', auditId]), 'latin1');
    join(socket, tunnelled.head, answer.upstream, answer.head);
    return 101;
  } finally {
    socket.off('close', abandon);
  }
}

function askUpgrade({ incoming, target, auditId }: TunnelRequest): ClientRequest {
  const url = new URL(target.origin);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (secure ? 443 : 80);
  const address = { host, port, allowHalfOpen: true };
  const connect = (): Socket =>
    secure
      ? connectTls({ ...sni(host), ...tlsOptions(target.tls), ...address, ALPNProtocols: ['http/1.1'] })
      : connectTcp(address);
  const request = requestHttp({
    method: incoming.method,
    path: target.path,
    // A flat list, which Node sends as it is: repeated names stay repeated.
    headers: [
      ...outgoingHeaders(incoming, target, auditId),
      ...upgradeHeaders(incoming.rawHeaders),
      ...(incoming.method === 'GET' ? [] : ['Content-Length', '0']),
    ],
    createConnection: connect,
  });
  // The client's early bytes wait for the 101: before it, a cluster would read them as another request.
  request.end();
  return request;
}

const sni = (host: string) => (/^[\d.]+$|:/.test(host) ? {} : { servername: host });

interface Answer {
  readonly response: IncomingMessage;
  readonly upstream: Socket | undefined;
  readonly head: Buffer;
}

const NOTHING = Buffer.alloc(0);

const answerOf = (request: ClientRequest, clusterName: string, deadlineMs: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => request.destroy(new LateError()), deadlineMs);
    request.once('upgrade', (response, upstream: Socket, head) => resolve({ response, upstream, head }));
    request.once('response', (response) => resolve({ response, upstream: undefined, head: NOTHING }));
    request.on('error', (error) => reject(clusterFailure(clusterName, error)));
    request.once('close', () => {
      clearTimeout(late);
      reject(clusterFailure(clusterName, new Error('closed before it answered')));
    });
  });

class LateError extends Error {
  readonly code = 'ETIMEDOUT';
}

/** An end on one side ends the other's writing only; a cut on one side cuts the other. */
function join(client: Duplex, clientHead: Buffer, upstream: Socket, upstreamHead: Buffer): void {
  client.allowHalfOpen = true;
  for (const side of [client as Socket, upstream]) {
    side.setTimeout?.(0);
    side.setNoDelay?.(true);
    side.setKeepAlive?.(true, 30_000);
  }
  if (clientHead.length > 0) client.unshift(clientHead);
  if (upstreamHead.length > 0) upstream.unshift(upstreamHead);
  upstream.on('error', () => client.destroy());
  client.once('close', () => upstream.destroy());
  upstream.once('close', () => {
    // What was received before the cluster closed still has to reach the client.
    if (client.writableEnded) return;
    if (upstream.readableEnded) client.end();
    else client.destroy();
  });
  client.pipe(upstream);
  upstream.pipe(client);
}

async function refusalOf(response: IncomingMessage): Promise<ApiResponse> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REFUSAL_BYTES) break;
    chunks.push(chunk);
  }
  const hops = hopByHopNames(response.rawHeaders);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !hops.has(name) && name !== 'content-length' && name !== 'audit-id')
      headers[name] = value;
  }
  return { status: response.statusCode ?? 502, headers, body: Buffer.concat(chunks) };
}

/** Answers an upgrade request with a plain response, whole, before the connection ends. */
export function refuseUpgrade(socket: Duplex, answer: ApiResponse, auditId: string): void {
  if (socket.destroyed) return;
  const body = answer.body instanceof Uint8Array ? answer.body : undefined;
  if (body === undefined) {
    const { status } = badRequest('this answer cannot be given to an upgrade request');
    refuseUpgrade(
      socket,
      { status: 400, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(status)) },
      auditId,
    );
    return;
  }
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).flatMap((one) => [name, one]),
  );
  headers.push('Audit-Id', auditId, 'Content-Length', String(body.length), 'Connection', 'close');
  socket.write(responseHead(answer.status, headers), 'latin1');
  socket.end(body);
  // Unread early bytes would make the kernel reset the connection before the answer is read.
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), 5_000);
  socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(cut));
}

function responseHead(status: number, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}
