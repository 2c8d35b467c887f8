import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProxyTarget } from '../../src/kube/api.ts';
import { forbidden } from '../../src/kube/status.ts';
import { openGates, type Serving, startServing } from '../support/serving.ts';

let serving: Serving | undefined;
let upstream: Server | undefined;
afterEach(async () => {
  upstream?.closeAllConnections();
  upstream?.close();
  await serving?.close();
  serving = undefined;
  upstream = undefined;
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly raw: readonly string[];
}

/** A cluster over TLS that answers each upgrade by `onUpgrade`, behind a gateway. */
async function start(
  onUpgrade: (socket: Socket, head: Buffer, seen: Seen) => void,
  target: Partial<ProxyTarget> = {},
): Promise<Serving> {
  const gateway = await startServing(async ({ info }) => ({
    proxy: {
      clusterName: 'east',
      origin: `https://127.0.0.1:${((upstream as Server).address() as AddressInfo).port}`,
      path: `/cluster${info.path}?command=a&command=b`,
      headers: { authorization: 'Bearer cluster-token', 'impersonate-group': ['g1', 'g2'] },
      tls: { ca: gateway.certificates.ca, rejectUnauthorized: true },
      ...target,
    },
  }));
  serving = gateway;
  const server = createServer(await gateway.certificates.server());
  upstream = server;
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined);
    onUpgrade(socket as Socket, head, { method: request.method, url: request.url, raw: request.rawHeaders });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return gateway;
}

const PATH = '/api/v1/namespaces/x/pods/p/exec';
const PROTOCOLS = {
  websocket: {
    method: 'GET',
    headers: 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  },
  spdy: {
    method: 'POST',
    headers:
      'Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: v3.channel.k8s.io\r\nContent-Length: 0\r\n',
  },
} as const;

const switched = (protocol: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nX-Kept: 1\r\nX-Kept: 2\r\n\r\n`;

const halfOpen = (socket: Socket) => Object.assign(socket, { allowHalfOpen: true });

async function dial(gateway: Serving, protocol: keyof typeof PROTOCOLS, early = ''): Promise<TLSSocket> {
  const address = { port: gateway.listener.port, host: '127.0.0.1', allowHalfOpen: true };
  const socket = connect({ ...address, ca: gateway.certificates.ca });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const { method, headers } = PROTOCOLS[protocol];
  const own = 'Host: x\r\nAuthorization: Bearer mine\r\nImpersonate-User: someone\r\nConnection: Upgrade\r\n';
  socket.write(`${method} ${PATH} HTTP/1.1\r\n${own}${headers}\r\n${early}`);
  return socket;
}

/** Reads the response head; what follows is left in the socket. */
async function readHead(socket: Duplex): Promise<string> {
  let text = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      if (socket.readableEnded || socket.destroyed) return text.toString('latin1');
      await Promise.race(['readable', 'end', 'close'].map((event) => once(socket, event)));
      continue;
    }
    text = Buffer.concat([text, chunk]);
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) continue;
    if (text.length > end + 4) socket.unshift(text.subarray(end + 4));
    return text.subarray(0, end).toString('latin1');
  }
}

/** All until the other side ends; the socket stays open for writing. */
async function rest(socket: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe.each(['websocket', 'spdy'] as const)('a %s upgrade', (protocol) => {
  it('reaches the cluster with repeated headers and its credentials; the answer comes back raw', async () => {
    let seen: Seen | undefined;
    const gateway = await start((socket, _head, asked) => {
      seen = asked;
      socket.end(`${switched(protocol)}hello`);
    });
    const socket = await dial(gateway, protocol);
    const head = await readHead(socket);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head.match(/X-Kept: \d/g)).toEqual(['X-Kept: 1', 'X-Kept: 2']);
    expect(head).toMatch(/Audit-Id: [0-9a-f-]{36}/);
    expect((await rest(socket)).toString()).toBe('hello');
    socket.destroy();
    const values = (name: string) =>
      seen?.raw.filter((_value, i, all) => i % 2 === 1 && all[i - 1]?.toLowerCase() === name);
    expect(seen).toMatchObject({ method: PROTOCOLS[protocol].method, url: `/cluster${PATH}?command=a&command=b` });
    expect(values('authorization')).toEqual(['Bearer cluster-token']);
    expect(values('impersonate-user')).toEqual([]);
    expect(values('impersonate-group')).toEqual(['g1', 'g2']);
    expect(values('x-tmc-hops')).toEqual(['1']);
    expect(values('x-stream-protocol-version')).toEqual(
      protocol === 'spdy' ? ['v4.channel.k8s.io', 'v3.channel.k8s.io'] : [],
    );
    expect(values('upgrade')).toEqual([protocol === 'spdy' ? 'SPDY/3.1' : 'websocket']);
  });

  it('keeps bytes sent early, and sends them on only after the cluster has agreed', async () => {
    let before = -1;
    const gateway = await start((socket, head) => {
      before = head.length;
      socket.write(switched(protocol));
      socket.once('data', (chunk) => socket.end(`got ${chunk}`));
    });
    const socket = await dial(gateway, protocol, 'early bytes');
    await readHead(socket);
    expect((await rest(socket)).toString()).toBe('got early bytes');
    expect(before).toBe(0);
    socket.destroy();
  });

  it('passes a half-close on and keeps the other way open', async () => {
    const gateway = await start(async (socket) => {
      halfOpen(socket).write(switched(protocol));
      const all = await rest(socket);
      socket.end(`after the end: ${all}`);
    });
    const socket = await dial(gateway, protocol);
    await readHead(socket);
    socket.end('last words');
    expect((await rest(socket)).toString()).toBe('after the end: last words');
  });

  it('carries 50 MB each way intact', async () => {
    const down = randomBytes(50 * 1024 * 1024);
    const up = randomBytes(50 * 1024 * 1024);
    let received: Promise<Buffer> | undefined;
    const gateway = await start((socket) => {
      halfOpen(socket).write(switched(protocol));
      received = rest(socket);
      socket.end(down);
    });
    const socket = await dial(gateway, protocol);
    await readHead(socket);
    socket.end(up);
    const got = await rest(socket);
    expect(digest(got)).toBe(digest(down));
    expect(digest((await received) ?? Buffer.alloc(0))).toBe(digest(up));
  });

  it('that the cluster refuses reaches the client as that refusal, with its Status', async () => {
    const body = JSON.stringify({ kind: 'Status', code: 403, message: 'no exec today' });
    const gateway = await start((socket) => {
      socket.write(
        `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      );
    });
    const socket = await dial(gateway, protocol, 'GET /api/v1/secrets HTTP/1.1\r\n\r\n');
    const head = await readHead(socket);
    expect(head).toMatch(/^HTTP\/1\.1 403 /);
    expect(head).toContain(`Content-Length: ${body.length}`);
    expect(head).not.toMatch(/transfer-encoding/i);
    expect((await rest(socket)).toString()).toBe(body);
  });

  it('is cut at the cluster when the client goes, and at the client when the cluster goes', async () => {
    const sockets: Socket[] = [];
    const gateway = await start((socket) => {
      sockets.push(socket);
      socket.write(switched(protocol));
      socket.resume();
    });
    const first = await dial(gateway, protocol);
    await readHead(first);
    const cut = once(sockets[0] as Socket, 'close');
    first.destroy();
    await cut;
    const second = await dial(gateway, protocol);
    await readHead(second);
    const gone = once(second, 'close');
    second.resume();
    second.on('end', () => second.end());
    sockets[1]?.destroy();
    await gone;
  });
});

describe('an upgrade', () => {
  it('to a cluster that is not there is 503 and names it', async () => {
    const gateway = await start(() => undefined, { origin: 'https://127.0.0.1:1' });
    const socket = await dial(gateway, 'spdy');
    expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 503 /);
    expect(JSON.parse((await rest(socket)).toString())).toMatchObject({
      kind: 'Status',
      reason: 'ServiceUnavailable',
      message: 'cluster "east" cannot be reached',
    });
  });

  it('that a gate denies never reaches a handler', async () => {
    let reached = false;
    serving = await startServing(
      async () => {
        reached = true;
        return { status: 200, headers: {}, body: Buffer.alloc(0) };
      },
      {
        gates: {
          ...openGates,
          authorize: async () => {
            throw forbidden({ group: '', resource: 'pods' }, 'p', 'no');
          },
        },
      },
    );
    const socket = await dial(serving, 'websocket', 'early');
    expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 403 /);
    expect(JSON.parse((await rest(socket)).toString())).toMatchObject({ reason: 'Forbidden', code: 403 });
    expect(reached).toBe(false);
  });

  it('does not keep the server from stopping', async () => {
    const gateway = await start((socket) => {
      socket.write(switched('websocket'));
      socket.resume();
    });
    const socket = await dial(gateway, 'websocket');
    await readHead(socket);
    socket.resume();
    const started = Date.now();
    await gateway.listener.close(100);
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  it('that ends in this process is handed the socket and the early bytes', async () => {
    serving = await startServing(async () => ({
      upgrade: (_request, socket, head) => socket.end(`${switched('websocket')}echo ${head}`),
    }));
    const socket = await dial(serving, 'websocket', 'abc');
    await readHead(socket);
    expect((await rest(socket)).toString()).toBe('echo abc');
  });
});
