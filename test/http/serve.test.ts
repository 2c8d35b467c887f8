import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, request as requestHttps } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ApiHandler, ApiRequest, ApiResponse, ByteSink } from '../../src/kube/api.ts';
import { notFound } from '../../src/kube/status.ts';
import { ask, openGates, type Serving, startServing } from '../support/serving.ts';

let serving: Serving | undefined;
afterEach(async () => {
  await serving?.close();
  serving = undefined;
});

const json = (value: unknown) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
});

/** Says what it was asked. */
const echo: ApiHandler = async ({ workspace, info, method, headers, body, user, query, urlPrefix }) =>
  json({ workspace, info, method, headers, body: Buffer.from(body).toString(), user, query: [...query], urlPrefix });

describe('a request', () => {
  it('reaches the handler described, with its body and without credentials or identity headers', async () => {
    serving = await startServing(echo);
    const answer = await ask(serving, '/clusters/root:a/api/v1/namespaces/x/pods?limit=1&limit=2', {
      method: 'POST',
      body: '{"a":1}',
      headers: {
        authorization: 'Bearer s3cret',
        'x-remote-user': 'evil',
        'impersonate-user': 'nobody',
        'content-type': 'application/json',
        'x-some': ['1', '2'],
      },
    });
    const seen = JSON.parse(answer.body.toString());
    expect(answer.status).toBe(200);
    expect(seen).toMatchObject({ workspace: 'root:a', method: 'POST', body: '{"a":1}', urlPrefix: '/clusters/root:a' });
    expect(seen.info).toMatchObject({ verb: 'create', resource: 'pods', namespace: 'x' });
    expect(seen.query).toEqual([
      ['limit', '1'],
      ['limit', '2'],
    ]);
    expect(seen.headers).toMatchObject({ 'content-type': 'application/json', 'x-some': '1, 2', 'x-tmc-hops': '1' });
    for (const name of ['authorization', 'x-remote-user', 'impersonate-user', 'host', 'connection']) {
      expect(seen.headers).not.toHaveProperty(name);
    }
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-cache, private', 'x-content-type-options': 'nosniff' });
    expect(answer.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('works over HTTP/2 as over HTTP/1.1', async () => {
    serving = await startServing(echo);
    const session = connectHttp2(serving.origin, { ca: serving.certificates.ca });
    const stream = session.request({ ':path': '/api/v1/pods', ':method': 'POST', 'content-type': 'application/json' });
    stream.end('{"b":2}');
    const [headers] = await once(stream, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    session.close();
    expect(headers[':status']).toBe(200);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ method: 'POST', body: '{"b":2}' });
  });

  it.each([
    ['/clusters/root%zz/api', 400, 'BadRequest'],
    ['/api/v1/namespaces/x/../../secrets', 400, 'BadRequest'],
    ['/api/v1/namespaces/x/%2e%2e/secrets', 400, 'BadRequest'],
    ['/api/v1/pods/none', 404, 'NotFound'],
    ['/api/v1/pods/broken', 500, 'InternalError'],
  ])('that fails (%s) is answered with a Status', async (path, code, reason) => {
    serving = await startServing(
      async ({ info }) => {
        if (info.name === 'broken') throw new Error('secret inner detail');
        throw notFound({ group: '', resource: 'pods' }, info.name);
      },
      { logFailure: () => undefined },
    );
    const answer = await ask(serving, path);
    const status = JSON.parse(answer.body.toString());
    expect(answer.status).toBe(code);
    expect(status).toMatchObject({ kind: 'Status', status: 'Failure', code, reason });
    expect(answer.body.toString()).not.toContain('secret inner detail');
  });

  it('that has passed too many gateways is refused', async () => {
    serving = await startServing(echo);
    const answer = await ask(serving, '/api/v1/pods', { headers: { 'x-tmc-hops': '4' } });
    expect(answer.status).toBe(508);
  });

  it('with a body beyond the limit is 413, announced or not', async () => {
    serving = await startServing(echo);
    const big = Buffer.alloc(3 * 1024 * 1024 + 1);
    const announced = await ask(serving, '/api/v1/pods', { method: 'POST', body: big });
    const chunked = await ask(serving, '/api/v1/pods', {
      method: 'POST',
      body: big,
      headers: { 'transfer-encoding': 'chunked' },
    });
    for (const answer of [announced, chunked]) {
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.body.toString()).reason).toBe('RequestEntityTooLarge');
    }
  });

  it('that is not answered in time is 504', async () => {
    serving = await startServing(() => new Promise(() => undefined), { requestTimeoutMs: 50 });
    const answer = await ask(serving, '/api/v1/pods');
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body.toString()).reason).toBe('Timeout');
  });

  it('is refused by a gate before its handler is asked, and audited', async () => {
    const asked: string[] = [];
    const audited: unknown[] = [];
    serving = await startServing(
      async (request) => {
        asked.push(request.info.path);
        return json({});
      },
      {
        gates: {
          ...openGates,
          audit: () => ({
            reached() {},
            denied: (reason) => audited.push(reason),
            close: (code) => audited.push(code),
          }),
          authorize: async () => {
            const { forbidden } = await import('../../src/kube/status.ts');
            throw forbidden({ group: '', resource: 'pods' }, '', 'no');
          },
        },
      },
    );
    const answer = await ask(serving, '/api/v1/pods');
    expect(answer.status).toBe(403);
    expect(asked).toEqual([]);
    await expect.poll(() => audited).toEqual(['pods is forbidden: no', 403]);
  });

  it('that goes on for long is audited when its answer begins, others at their end alone', async () => {
    const audited: unknown[] = [];
    const gates = {
      ...openGates,
      audit: () => ({
        reached() {},
        denied() {},
        started: (code: number) => audited.push(['started', code]),
        close: (code: number) => audited.push(['closed', code]),
      }),
    };
    const watching: ApiHandler = async () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: (sink) => {
        sink.write(Buffer.from('{}'));
        sink.end();
      },
    });
    serving = await startServing(watching, { gates });
    await ask(serving, '/api/v1/pods?watch=true');
    await expect
      .poll(() => audited)
      .toEqual([
        ['started', 200],
        ['closed', 200],
      ]);
    audited.length = 0;
    await ask(serving, '/api/v1/pods');
    await expect.poll(() => audited).toEqual([['closed', 200]]);
  });
});

describe('an answer', () => {
  const large = Buffer.from('0123456789abcdef'.repeat(20_000));

  it('is gzipped above the threshold where accepted, whole or streamed', async () => {
    serving = await startServing(async ({ query }) => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: query.has('stream') ? pieces(large) : large,
    }));
    for (const path of ['/api/v1/pods', '/api/v1/pods?stream']) {
      const zipped = await ask(serving, path, { headers: { 'accept-encoding': 'br, gzip;q=0.8' } });
      expect(zipped.headers['content-encoding']).toBe('gzip');
      expect(zipped.body.length).toBeLessThan(large.length / 10);
      expect(gunzipSync(zipped.body).equals(large)).toBe(true);
      for (const accept of ['identity', 'gzip;q=0']) {
        const plain = await ask(serving, path, { headers: { 'accept-encoding': accept } });
        expect(plain.headers['content-encoding']).toBeUndefined();
        expect(plain.body.equals(large)).toBe(true);
      }
    }
  });

  it('to HEAD has the length but no body', async () => {
    serving = await startServing(async () => json({ a: 1 }));
    const answer = await ask(serving, '/api/v1/pods/x', { method: 'HEAD' });
    expect(answer.headers['content-length']).toBe('7');
    expect(answer.body.length).toBe(0);
  });

  it('keeps repeated Warning headers apart', async () => {
    serving = await startServing(async () => ({
      status: 200,
      headers: { warning: ['299 - "east is down"', '299 - "west is slow"'] },
      body: Buffer.from('{}'),
    }));
    const socket = connect({ port: serving.listener.port, host: '127.0.0.1', ca: serving.certificates.ca });
    socket.write('GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text.match(/warning: 299/gi)).toHaveLength(2);
  });

  it('that fails midway is cut, not ended as if complete', async () => {
    serving = await startServing(async () => ({
      status: 200,
      headers: {},
      body: (async function* () {
        yield Buffer.from('half');
        throw new Error('source broke');
      })(),
    }));
    await expect(ask(serving, '/api/v1/pods')).rejects.toThrow();
  });

  it('that fails midway over HTTP/2 resets its stream and nothing else', async () => {
    serving = await startServing(async ({ info }) => {
      if (info.name === 'whole') return json({});
      return {
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from('half');
          throw new Error('source broke');
        })(),
      };
    });
    const session = connectHttp2(serving.origin, { ca: serving.certificates.ca });
    const stream = session.request({ ':path': '/api/v1/pods/half' });
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    stream.resume();
    expect(String(await failed)).toContain('NGHTTP2_INTERNAL_ERROR');
    const whole = session.request({ ':path': '/api/v1/pods/whole' });
    const [headers] = await once(whole, 'response');
    expect(headers[':status']).toBe(200);
    const reset = session.request({ ':path': '/api/v1/pods/whole', ':method': 'POST' });
    reset.on('error', () => undefined);
    reset.close(2);
    await new Promise((resolve) => reset.once('close', resolve));
    expect((await ask(serving, '/api/v1/pods/whole')).status).toBe(200);
    session.close();
  });

  it('pushed into the sinks of several HTTP/1.1 clients reaches each whole and in order, and their connections go on', async () => {
    const sinks: ByteSink[] = [];
    serving = await startServing(async ({ info }) =>
      info.verb === 'watch'
        ? { status: 200, headers: {}, body: (given) => void sinks.push(given) }
        : json({ answered: true }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 3, ca: serving.certificates.ca });
    const open = async () => {
      const request = requestHttps(`${serving?.origin}/api/v1/pods?watch=1`, { agent }).end();
      const [response] = await once(request, 'response');
      return response as NodeJS.ReadableStream;
    };
    const clients = [await open(), await open(), await open()];
    const texts = clients.map(async (client) => {
      let text = '';
      for await (const chunk of client) text += String(chunk);
      return text;
    });
    const lines = ['{"a":1}\n', `${'x'.repeat(40_000)}\n`, '', '{"b":2}\n'];
    for (const line of lines) {
      const chunk = Buffer.from(line);
      for (const sink of sinks) sink.write(chunk);
      chunk.length > 0 && sinks[1]?.write(Buffer.from('own\n'));
    }
    for (const sink of sinks) sink.end();
    const whole = lines.join('');
    const own = lines.map((line) => (line === '' ? '' : `${line}own\n`)).join('');
    expect(await Promise.all(texts)).toEqual([whole, own, whole]);
    const [next] = await once(requestHttps(`${serving.origin}/api/v1/pods`, { agent }).end(), 'response');
    expect(next.statusCode).toBe(200);
    agent.destroy();
  });

  it('pushed into a sink has its headers flushed at once, tells pending bytes, and ends with the client', async () => {
    let sink: ByteSink | undefined;
    let request: ApiRequest | undefined;
    serving = await startServing(async (asked) => {
      request = asked;
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: (given) => {
          sink = given;
        },
      };
    });
    const session = connectHttp2(serving.origin, { ca: serving.certificates.ca });
    session.on('error', () => undefined);
    const stream = session.request({ ':path': '/api/v1/pods?watch=1', 'accept-encoding': 'gzip' });
    const [headers] = await once(stream, 'response');
    expect(headers['content-encoding']).toBeUndefined();
    expect(sink?.write(Buffer.from('{"type":"ADDED"}\n'))).toBe(true);
    const [chunk] = await once(stream, 'data');
    expect(String(chunk)).toBe('{"type":"ADDED"}\n');
    stream.pause();
    let accepted = true;
    for (let i = 0; i < 200 && accepted; i++) accepted = sink?.write(Buffer.alloc(65_536)) ?? false;
    expect(accepted).toBe(false);
    expect(sink?.pending).toBeGreaterThan(0);
    session.destroy();
    await expect.poll(() => sink?.closed.aborted).toBe(true);
    expect(request?.signal.aborted).toBe(true);
    expect(sink?.write(Buffer.from('x'))).toBe(false);
  });
});

describe('the listener', () => {
  it('serves a new stream while many others of the connection wait for a slow reader', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    serving = await startServing(async ({ info }) => ({
      status: 200,
      headers: {},
      body: info.name === 'small' ? Buffer.from('ok') : megabyte,
    }));
    const session = connectHttp2(serving.origin, {
      ca: serving.certificates.ca,
      settings: { initialWindowSize: 16_384 },
    });
    const slow = Array.from({ length: 60 }, () => session.request({ ':path': '/api/v1/pods/big' }));
    for (const stream of slow) stream.on('error', () => undefined);
    await Promise.all(slow.map((stream) => new Promise((resolve) => stream.once('response', resolve))));
    const small = session.request({ ':path': '/api/v1/pods/small' });
    const [headers] = await once(small, 'response');
    expect(headers[':status']).toBe(200);
    session.destroy();
  });

  it('ends watches when it closes, and lets a running request finish', async () => {
    let release: (() => void) | undefined;
    serving = await startServing(async ({ info, signal }) => {
      if (info.verb === 'watch') {
        return {
          status: 200,
          headers: {},
          body: (sink) => signal.addEventListener('abort', () => sink.end()),
        };
      }
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return json({ done: true });
    });
    const watching = ask(serving, '/api/v1/pods?watch=true');
    const running = ask(serving, '/api/v1/pods');
    await expect.poll(() => release).toBeDefined();
    const closing = serving.listener.close(5_000);
    expect((await watching).status).toBe(200);
    release?.();
    expect(JSON.parse((await running).body.toString())).toEqual({ done: true });
    await closing;
    await expect(ask(serving, '/api/v1/pods')).rejects.toThrow('ECONNREFUSED');
  });

  it('does not wait for connections that nobody uses', async () => {
    serving = await startServing(echo);
    const { hostname, port } = new URL(serving.origin);
    const agent = new Agent({ keepAlive: true });
    const request = requestHttps({ hostname, port, path: '/api/v1/pods', ca: serving.certificates.ca, agent });
    request.end();
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
    const session = connectHttp2(serving.origin, { ca: serving.certificates.ca });
    await once(session, 'connect');
    const started = Date.now();
    await serving.listener.close(10_000);
    expect(Date.now() - started).toBeLessThan(2_000);
    agent.destroy();
  });

  it('cuts a client that does not finish its headers', async () => {
    serving = await startServing(echo, {}, { headersTimeoutMs: 1_000 });
    const socket = connect({ port: serving.listener.port, host: '127.0.0.1', ca: serving.certificates.ca });
    socket.on('error', () => undefined);
    socket.write('GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const started = Date.now();
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  it('cuts a client that opens a socket and says nothing', async () => {
    serving = await startServing(echo, {}, { headersTimeoutMs: 200 });
    const socket = connectTcp(serving.listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    const started = Date.now();
    await once(socket, 'close');
    expect(Date.now() - started).toBeLessThan(3_000);
  });
});

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

describe('a client that stalls', () => {
  const STALL = { stalls: { stallMs: 500 } };
  const big = Buffer.alloc(64 * 1024, 'x');
  /** An answer that goes on for as long as somebody reads; tells when it was given up. */
  const endless = () => {
    const seen = { sent: 0, over: false };
    const handler = async (): Promise<ApiResponse> => ({
      status: 200,
      headers: {},
      body: (async function* () {
        try {
          for (; seen.sent < 2_000; seen.sent++) yield big;
        } finally {
          seen.over = true;
        }
      })(),
    });
    return { seen, handler };
  };

  it.each(['http/1.1', 'h2'])('and does not take its answer is cut off over %s', async (protocol) => {
    const { seen, handler } = endless();
    serving = await startServing(handler, STALL);
    const ca = serving.certificates.ca;
    const close = await (async () => {
      if (protocol === 'h2') {
        const session = connectHttp2(serving.origin, { ca });
        const stream = session.request({ ':path': '/api/v1/pods' });
        stream.on('error', () => undefined);
        await once(stream, 'response');
        return () => session.destroy();
      }
      const request = requestHttps(`${serving.origin}/api/v1/pods`, { ca, agent: false }).end();
      const [response] = await once(request, 'response');
      response.on('error', () => undefined);
      return () => request.destroy();
    })();
    await vi.waitFor(() => expect(seen.over).toBe(true), { timeout: 5_000 });
    expect(seen.sent).toBeLessThan(200);
    close();
  });

  it('is cut off early when all that stall keep too much', async () => {
    const body = Buffer.alloc(16 * 1024 * 1024);
    const handler = async (): Promise<ApiResponse> => ({ status: 200, headers: {}, body });
    const cutAfter = async () => {
      const request = requestHttps(`${serving?.origin}/api/v1/pods`, {
        ca: serving?.certificates.ca,
        agent: false,
      }).end();
      const [response] = await once(request, 'response');
      response.on('error', () => undefined);
      const began = performance.now();
      await vi.waitFor(() => expect(underWay).toBe(0), { timeout: 15_000, interval: 50 });
      request.destroy();
      return performance.now() - began;
    };
    let underWay = 0;
    const counting = (budgetBytes: number) =>
      startServing(handler, {
        stalls: { stallMs: 3_000, budgetBytes },
        observe: () => {
          underWay--;
        },
        newAuditId: () => {
          underWay++;
          return 'id';
        },
      });
    serving = await counting(1024);
    expect(await cutAfter()).toBeLessThan(3_000);
    await serving.close();
    serving = await counting(1024 * 1024 * 1024);
    expect(await cutAfter()).toBeGreaterThan(3_000);
  }, 30_000);

  it('is not one that reads slowly', async () => {
    const { seen, handler } = endless();
    serving = await startServing(handler, STALL);
    const request = requestHttps(`${serving.origin}/api/v1/pods`, { ca: serving.certificates.ca, agent: false }).end();
    const [response] = await once(request, 'response');
    response.on('error', () => undefined);
    for (let at = 0; at < 15; at++) {
      for (let taken = 0; taken < 512 * 1024; ) {
        const chunk: Buffer | null = response.read();
        if (chunk === null) await once(response, 'readable');
        else taken += chunk.length;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(seen.over).toBe(false);
    request.destroy();
  });

  it('is not one that waits for events', async () => {
    const sinks: ByteSink[] = [];
    serving = await startServing(
      async () => ({ status: 200, headers: {}, body: (given) => void sinks.push(given) }),
      STALL,
    );
    const request = requestHttps(`${serving.origin}/api/v1/pods?watch=1`, {
      ca: serving.certificates.ca,
      agent: false,
    });
    const [response] = await once(request.end(), 'response');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    sinks[0]?.write(Buffer.from('late'));
    expect(String((await once(response, 'data'))[0])).toBe('late');
    request.destroy();
  });

  it('and does not send its body is cut off, and its connection serves others', async () => {
    serving = await startServing(async () => json({}), STALL);
    const session = connectHttp2(serving.origin, { ca: serving.certificates.ca });
    const stalled = session.request({ ':path': '/api/v1/pods', ':method': 'POST', 'content-type': 'application/json' });
    stalled.write('{"half":');
    const [error] = await once(stalled, 'error');
    expect(String(error)).toContain('NGHTTP2');
    const next = session.request({ ':path': '/api/v1/pods' });
    expect((await once(next, 'response'))[0][':status']).toBe(200);
    session.destroy();
  });
});
