import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CredentialSource } from '../../src/clusters/credentials.ts';
import { ClusterError } from '../../src/clusters/downstream.ts';
import { parseEndpoint } from '../../src/clusters/endpoint.ts';
import { readWhole } from '../../src/clusters/response-body.ts';
import { createTransport, type Transport, type TransportOptions } from '../../src/clusters/transport.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type FaultServer, startFaultServer, status } from '../support/fault-server.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const token = (value: string): CredentialSource => ({
  current: async () => ({ authorization: `Bearer ${value}` }),
  invalidate: () => false,
});

async function behindProxy(overrides: Partial<TransportOptions> = {}): Promise<{
  server: FaultServer;
  proxy: FaultProxy;
  transport: Transport;
}> {
  const server = await startFaultServer();
  const proxy = await startFaultProxy({ port: server.port });
  closers.push(
    () => server.close(),
    () => proxy.close(),
  );
  return { server, proxy, transport: transportTo(`http://127.0.0.1:${proxy.port}`, overrides) };
}

function transportTo(serverURL: string, overrides: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({
    clusterName: 'east',
    endpoint: parseEndpoint({ serverURL }),
    credentials: token('s3cret'),
    impersonateUsers: false,
    deadlineMs: 400,
    connectTimeoutMs: 400,
    maxSockets: 4,
    ...overrides,
  });
  closers.push(() => transport.destroy());
  return transport;
}

const get = (path: string) => ({ method: 'GET', path });

async function failureOf(call: Promise<unknown>): Promise<{ error: ClusterError; ms: number }> {
  const begin = performance.now();
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClusterError);
  return { error: error as ClusterError, ms: performance.now() - begin };
}

describe('transport', () => {
  it('answers with status, flat lower-case headers and a streamed body, and sends the credential', async () => {
    const { server, transport } = await behindProxy();
    server.answer(status(418, 'short and stout', { 'X-Thing': 'a' }));
    const response = await transport.send({ ...get('/x?y=1'), auditId: 'audit-1', headers: { 'x-extra': 'b' } });
    expect(response.status).toBe(418);
    expect(response.headers['x-thing']).toBe('a');
    expect((await readWhole('east', response.body, 100, 400)).toString()).toBe('short and stout');
    expect(server.requests[0]).toMatchObject({
      url: '/x?y=1',
      headers: { authorization: 'Bearer s3cret', 'audit-id': 'audit-1', 'x-extra': 'b' },
    });
  });

  it('reuses sockets over calls in sequence', async () => {
    const { proxy, transport } = await behindProxy();
    for (let i = 0; i < 20; i++) await readWhole('east', (await transport.send(get('/'))).body, 100, 400);
    expect(proxy.accepted).toBeLessThanOrEqual(2);
  });

  it('repeats impersonation headers for groups', async () => {
    const { server, transport } = await behindProxy({ impersonateUsers: true });
    const user = { name: 'zoë', groups: ['dev', 'ops'], extra: { 'Acme.com/team': ['a', 'b'] } };
    (await transport.send({ ...get('/'), user })).body.destroy();
    const { rawHeaders } = server.requests[0]!;
    const values = (name: string) =>
      rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
    expect(values('impersonate-group')).toEqual(['dev', 'ops']);
    expect(values('impersonate-extra-acme.com%2fteam')).toEqual(['a', 'b']);
    expect(Buffer.from(values('impersonate-user')[0]!, 'latin1').toString('utf8')).toBe('zoë');
  });

  it('is a timeout within its deadline when the cluster hangs', async () => {
    const { proxy, transport } = await behindProxy();
    proxy.set({ kind: 'hang' });
    const { error, ms } = await failureOf(transport.send({ ...get('/'), deadlineMs: 300 }));
    expect(error.kind).toBe('timeout');
    expect(ms).toBeLessThan(600);
  });

  it('is a timeout within its deadline when not even a connection comes about', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closers.push(() => silent.close());
    const silence = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const transport = transportTo(silence, { connectTimeoutMs: 5_000 });
    const { error, ms } = await failureOf(transport.send({ ...get('/'), deadlineMs: 300 }));
    expect(error.kind).toBe('timeout');
    expect(ms).toBeLessThan(600);
  });

  it('is a timeout when headers drip', async () => {
    const { proxy, transport } = await behindProxy();
    proxy.set({ kind: 'drip', bytesPerSecond: 50 });
    const { error, ms } = await failureOf(transport.send({ ...get('/'), deadlineMs: 300 }));
    expect(error.kind).toBe('timeout');
    expect(ms).toBeLessThan(600);
  });

  it('is unreachable at once when nothing listens', async () => {
    const { proxy, transport } = await behindProxy();
    await proxy.down();
    const { error, ms } = await failureOf(transport.send(get('/')));
    expect(error.kind).toBe('unreachable');
    expect(ms).toBeLessThan(300);
    expect(error.message).toContain('cluster "east" cannot be reached');
  });

  it('is a reset when connections are dropped, and a write is then not repeated', async () => {
    const { server, proxy, transport } = await behindProxy();
    proxy.set({ kind: 'reset', afterBytes: 10 });
    const { error } = await failureOf(transport.send({ method: 'POST', path: '/', body: '{}' }));
    expect(error.kind).toBe('reset');
    expect(server.requests).toHaveLength(1);
  });

  it('repeats a read once on a fresh socket when the kept one was cut', async () => {
    const { server, transport } = await behindProxy();
    server.answer((_request, response) => {
      if (server.requests.length === 1) response.socket?.resetAndDestroy();
      else response.end('second');
    });
    const response = await transport.send(get('/'));
    expect((await readWhole('east', response.body, 100, 400)).toString()).toBe('second');
  });

  it('fails the body, not silently ends it, when the connection is cut in the middle', async () => {
    const { server, proxy, transport } = await behindProxy();
    server.answer(status(200, 'x'.repeat(1_000_000)));
    proxy.set({ kind: 'reset', afterBytes: 100_000 });
    const response = await transport.send(get('/'));
    const { error } = await failureOf(readWhole('east', response.body, 2_000_000, 400));
    expect(error.kind).toBe('reset');
  });

  it('is garbage when the peer does not speak HTTP', async () => {
    const { server, transport } = await behindProxy();
    server.answer((_request, response) => void response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'));
    const { error } = await failureOf(transport.send(get('/')));
    expect(error.kind).toBe('garbage');
  });

  it('gives the caller its own reason when the caller gives up, before and after headers', async () => {
    const { server, proxy, transport } = await behindProxy();
    const reason = new Error('client gone');
    proxy.set({ kind: 'hang' });
    const early = new AbortController();
    setTimeout(() => early.abort(reason), 50);
    await expect(transport.send({ ...get('/'), signal: early.signal })).rejects.toBe(reason);

    proxy.set({ kind: 'pass' });
    server.answer((_request, response) => void response.writeHead(200).write('first'));
    const late = new AbortController();
    const response = await transport.send({ ...get('/'), signal: late.signal });
    setTimeout(() => late.abort(reason), 50);
    await expect(readWhole('east', response.body, 100, 1_000)).rejects.toBe(reason);
  });

  it('reads no more than the limit, and stops waiting for a body that stalls', async () => {
    const { server, proxy, transport } = await behindProxy();
    server.answer(status(200, 'x'.repeat(100_000)));
    const big = await transport.send(get('/'));
    expect((await failureOf(readWhole('east', big.body, 1_000, 400))).error.kind).toBe('garbage');

    server.answer((_request, response) => void response.writeHead(200).write('first'));
    const stalled = await transport.send(get('/'));
    proxy.set({ kind: 'hang' });
    expect((await failureOf(readWhole('east', stalled.body, 1_000, 200))).error.kind).toBe('timeout');
  });

  it('lets watches run without using up the sockets of short calls', async () => {
    const { server, transport } = await behindProxy({ maxSockets: 2 });
    server.answer((request, response) => {
      response.writeHead(200);
      if (request.url?.includes('watch')) response.write('event');
      else response.end('ok');
    });
    // Fifty handshakes at once take their time on a busy machine; their speed is not what is asked here.
    const watch = { ...get('/pods?watch=true'), deadlineMs: 15_000 };
    const watches = await Promise.all(Array.from({ length: 50 }, () => transport.send(watch)));
    const response = await transport.send(get('/'));
    expect((await readWhole('east', response.body, 100, 400)).toString()).toBe('ok');
    transport.cutStreams();
    for (const { body } of watches)
      expect((await failureOf(readWhole('east', body, 100, 1_000))).error.kind).toBe('reset');
    const again = await transport.send(get('/pods?watch=true'));
    again.body.destroy();
  });

  it('asks the plug-in again after a 401, and only then gives up', async () => {
    let current = 'old';
    const { server, transport } = await behindProxy({
      credentials: {
        current: async () => ({ authorization: `Bearer ${current}` }),
        invalidate: () => {
          if (current === 'new') return false;
          current = 'new';
          return true;
        },
      },
    });
    server.answer(
      (request, response) => void response.writeHead(request.headers.authorization === 'Bearer new' ? 200 : 401).end(),
    );
    const response = await transport.send(get('/'));
    response.body.destroy();
    expect(response.status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });

  it('names a failing plug-in as an authentication error', async () => {
    const { transport } = await behindProxy({
      credentials: { current: () => Promise.reject(new Error('the plug-in failed')), invalidate: () => false },
    });
    expect((await failureOf(transport.send(get('/')))).error.kind).toBe('authentication');
  });

  it('never shows the credential in an error', async () => {
    const { proxy, transport } = await behindProxy();
    const { inspect } = await import('node:util');
    for (const fault of [{ kind: 'hang' }, { kind: 'refuse' }, { kind: 'reset', afterBytes: 5 }] as const) {
      proxy.set(fault);
      const { error } = await failureOf(transport.send({ ...get('/'), deadlineMs: 150 }));
      expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
    }
  });
});
