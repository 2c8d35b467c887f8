/** Plain pass-through to one cluster: logs -f and proxy subresources. Raw bytes both ways; the only file that knows http-proxy. */
import { createHash } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent } from 'node:https';
import { PassThrough } from 'node:stream';
import { createProxyServer } from 'http-proxy';
import { LRUCache } from 'lru-cache';
import type { ProxyTarget } from '../kube/api.ts';
import { clusterFailure } from './cluster-failure.ts';
import type { Incoming } from './context.ts';
import { isHttp2, type RawRequest, type RawResponse } from './exchange.ts';
import { hopByHopNames } from './headers.ts';
import { outgoingHeaders, tlsOptions } from './outgoing.ts';
import { cut } from './sink.ts';

export interface ProxyClient {
  /**
   * Resolves when the answer has ended or was cut, by either side.
   * Throws ApiError 502, 503 or 504, naming the cluster, when it fails before it has answered.
   */
  /** `onHead` is told the status of the answer before its body is passed on. */
  pass(
    raw: RawRequest,
    response: RawResponse,
    incoming: Incoming,
    target: ProxyTarget,
    auditId: string,
    onHead?: (code: number) => void,
  ): Promise<void>;
  close(): void;
}

export function createProxyClient(): ProxyClient {
  const agents = new LRUCache<string, Agent | HttpAgent>({ max: 1000, dispose: (agent) => agent.destroy() });
  const agentOf = (target: ProxyTarget) => {
    const key = agentKey(target);
    const agent = agents.get(key) ?? newAgent(target);
    agents.set(key, agent);
    return agent;
  };
  return {
    pass: (raw, response, incoming, target, auditId, onHead) =>
      passThrough(raw, response, incoming, target, auditId, agentOf(target), onHead),
    close: () => agents.clear(),
  };
}

const newAgent = ({ origin, tls }: ProxyTarget) =>
  origin.startsWith('https:') ? new Agent({ keepAlive: true, ...tlsOptions(tls) }) : new HttpAgent({ keepAlive: true });

/** Rotated credentials must not ride on old connections. */
function agentKey({ clusterName, origin, tls }: ProxyTarget): string {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername]) hash.update(part ?? '').update('\0');
  return `${clusterName} ${origin} ${tls.rejectUnauthorized} ${hash.digest('base64')}`;
}

function passThrough(
  raw: RawRequest,
  response: RawResponse,
  incoming: Incoming,
  target: ProxyTarget,
  auditId: string,
  agent: Agent | HttpAgent,
  onHead: ((code: number) => void) | undefined,
): Promise<void> {
  const proxy = createProxyServer({ changeOrigin: true, prependPath: false, secure: target.tls.rejectUnauthorized });
  const body = raw.pipe(new PassThrough());
  const framed = framing(raw);
  raw.once('error', (error) => body.destroy(error));
  const forwarded = Object.assign(body, {
    method: incoming.method,
    url: target.path,
    headers: toHeaderObject(outgoingHeaders(incoming, target, auditId), framed),
    httpVersion: raw.httpVersion,
    httpVersionMajor: raw.httpVersionMajor,
    socket: raw.socket,
  });
  return new Promise((resolve, reject) => {
    response.once('close', resolve);
    proxy.on('proxyRes', (answer) => {
      for (const name of hopByHopNames(answer.rawHeaders)) delete answer.headers[name];
      const location = movedTo(answer.headers.location, incoming, target);
      if (location !== undefined) answer.headers.location = location;
      answer.headers['audit-id'] = auditId;
      onHead?.(answer.statusCode ?? 0);
      answer.once('end', () => {
        if (Object.keys(answer.trailers).length > 0) response.addTrailers(answer.trailers as never);
      });
    });
    const fail = (error: Error) => {
      if (response.headersSent) cut(response, error);
      else reject(clusterFailure(target.clusterName, error));
    };
    proxy.on('error', fail);
    proxy.on('econnreset', fail);
    // The library ends a connection after a chunked body; a pooled one could be used again before it notices.
    const pooled = 'transfer-encoding' in framed ? {} : { agent };
    const options = { target: new URL(target.origin), ssl: tlsOptions(target.tls), agent: false, ...pooled };
    proxy.web(forwarded as never, response as never, options as never).catch(fail);
  });
}

/** Length as announced, or chunked where there is a body without one: a DELETE's body must not become a next request. */
function framing(raw: RawRequest): Record<string, string> {
  const length = raw.headers['content-length'];
  if (length !== undefined) return { 'content-length': length };
  const hasBody = isHttp2(raw) ? !raw.stream.endAfterHeaders : raw.headers['transfer-encoding'] !== undefined;
  return hasBody ? { 'transfer-encoding': 'chunked' } : {};
}

function toHeaderObject(raw: readonly string[], more: Record<string, string>): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const known = headers[name];
    headers[name] = known === undefined ? (raw[i + 1] as string) : [known, raw[i + 1] as string].flat();
  }
  return Object.assign(headers, more);
}

/** A redirect within the same proxy subresource keeps the client's prefix; others pass as they are. */
function movedTo(location: string | undefined, incoming: Incoming, target: ProxyTarget): string | undefined {
  const clusterBase = /^[^?]*?\/proxy(?=\/|\?|$)/.exec(target.path)?.[0];
  const clientBase = /^[^?]*?\/proxy(?=\/|\?|$)/.exec(incoming.url)?.[0];
  if (location === undefined || clusterBase === undefined || clientBase === undefined) return undefined;
  return location.startsWith(clusterBase) ? clientBase + location.slice(clusterBase.length) : undefined;
}
