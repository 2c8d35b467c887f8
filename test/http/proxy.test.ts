import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProxyTarget } from '../../src/kube/api.ts';
import { ask, type Serving, startServing } from '../support/serving.ts';

let serving: Serving | undefined;
let cluster: Server | undefined;
async function stop(): Promise<void> {
  cluster?.closeAllConnections();
  cluster?.close();
  await serving?.close();
  serving = undefined;
  cluster = undefined;
}
afterEach(stop);

async function start(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  target: Partial<ProxyTarget> = {},
): Promise<Serving> {
  const server = createServer(answer);
  cluster = server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  serving = await startServing(async () => ({
    proxy: {
      clusterName: 'east',
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      path: '/api/v1/namespaces/kcp-1/services/s/proxy/a?b=1',
      headers: { authorization: 'Bearer cluster-token' },
      tls: { rejectUnauthorized: true },
      ...target,
    },
  }));
  return serving;
}

const PATH = '/clusters/root:w/api/v1/namespaces/x/services/s/proxy/a?b=1';

async function open(gateway: Serving) {
  const { hostname, port } = new URL(gateway.origin);
  const request = requestHttps({ hostname, port, path: PATH, ca: gateway.certificates.ca, agent: false });
  request.on('error', () => undefined);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { request, response };
}

describe('a pass-through', () => {
  it("sends the target's path and credentials with the client's body, over HTTP/1.1 and HTTP/2", async () => {
    const seen: { url: string | undefined; headers: IncomingMessage['headers']; body: string }[] = [];
    const gateway = await start(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      seen.push({ url: request.url, headers: request.headers, body });
      response.writeHead(201, { 'x-from': 'cluster', connection: 'x-hop', 'x-hop': '1' }).end('made');
    });
    const answer = await ask(gateway, PATH, {
      method: 'DELETE',
      body: 'bye',
      headers: { authorization: 'Bearer mine', 'transfer-encoding': 'chunked' },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ 'x-from': 'cluster' });
    expect(answer.headers['x-hop']).toBeUndefined();
    expect(answer.body.toString()).toBe('made');
    const session = connectHttp2(gateway.origin, { ca: gateway.certificates.ca });
    const stream = session.request({ ':path': PATH, ':method': 'POST' });
    stream.end('h2 body');
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(201);
    stream.resume();
    await once(stream, 'close');
    session.close();
    expect(seen.map(({ body }) => body)).toEqual(['bye', 'h2 body']);
    for (const { url, headers: sent } of seen) {
      expect(url).toBe('/api/v1/namespaces/kcp-1/services/s/proxy/a?b=1');
      expect(sent).toMatchObject({ authorization: 'Bearer cluster-token', 'x-tmc-hops': '1' });
      expect(sent['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('streams as it comes, and ends at the cluster when the client goes', async () => {
    let gone: Promise<unknown> | undefined;
    const gateway = await start((_request, response) => {
      gone = once(response, 'close');
      response.write('line 1\n');
    });
    const { request, response } = await open(gateway);
    const [chunk] = await once(response, 'data');
    expect(String(chunk)).toBe('line 1\n');
    request.destroy();
    await gone;
  });

  it('passes trailers on', async () => {
    const gateway = await start((_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
    const { response } = await open(gateway);
    response.resume();
    await once(response, 'end');
    expect(response.trailers).toEqual({ 'x-sum': '42' });
  });

  it("keeps the client's prefix in redirects of the proxied service", async () => {
    const gateway = await start((_request, response) => {
      response.writeHead(302, { location: '/api/v1/namespaces/kcp-1/services/s/proxy/login' }).end();
    });
    const answer = await ask(gateway, PATH);
    expect(answer.headers.location).toBe('/clusters/root:w/api/v1/namespaces/x/services/s/proxy/login');
  });

  it('whose cluster is not there is 503, that resets is 502, both naming it', async () => {
    const refused = await ask(await start(() => undefined, { origin: 'http://127.0.0.1:1' }), PATH);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body.toString()).message).toContain('"east"');
    await stop();
    const reset = await ask(await start((request) => request.socket.resetAndDestroy()), PATH);
    expect(reset.status).toBe(502);
    expect(JSON.parse(reset.body.toString()).message).toContain('"east"');
  });

  it('that is cut midway is cut for the client too', async () => {
    const gateway = await start((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket?.resetAndDestroy());
    });
    await expect(ask(gateway, PATH)).rejects.toThrow();
  });
});
