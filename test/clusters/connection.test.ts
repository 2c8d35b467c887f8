/** One connection behind a cluster that misbehaves: deadlines, kinds of failure, breaker, health, TLS. */
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ClusterConnection,
  type ConnectionTimings,
  createConnection,
  DEFAULT_TIMINGS,
} from '../../src/clusters/connection.ts';
import type { CredentialSource, CredentialState } from '../../src/clusters/credentials.ts';
import { parseEndpoint } from '../../src/clusters/endpoint.ts';
import type { ClusterRegistration } from '../../src/hub/kinds/workload.ts';
import { createAuthority } from '../kube/certs.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import {
  brokenJson,
  byPath,
  type FaultServer,
  internalError,
  json,
  startFaultServer,
  status,
  tooManyRequests,
  wrongContentType,
} from '../support/fault-server.ts';
import { waitFor } from '../support/wait-for.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const FAST = {
  deadlineMs: 300,
  connectTimeoutMs: 300,
  probeIntervalMs: 60,
  probeDownIntervalMs: 40,
  probeDeadlineMs: 150,
  discoveryIntervalMs: 100,
};
const fixed = (state: CredentialState): CredentialSource => ({ current: async () => state, invalidate: () => false });

function connectTo(
  endpoint: ClusterRegistration['spec']['endpoint'],
  timings: Partial<ConnectionTimings> = {},
  credentials: CredentialState = { authorization: 'Bearer t' },
): ClusterConnection {
  const connection = createConnection({
    identity: { clusterName: 'east', workspace: 'root', uid: 'u', key: 'k', slot: 1, namespaceMapping: 'Hashed' },
    endpoint: parseEndpoint(endpoint),
    impersonateUsers: false,
    timings: { ...DEFAULT_TIMINGS, ...FAST, ...timings },
    now: Date.now,
    onHealth: () => undefined,
    onDiscovery: () => undefined,
    onDefinitions: () => undefined,
  });
  connection.setCredentials(fixed(credentials));
  closers.push(() => connection.close());
  return connection;
}

const served = byPath({
  '/readyz': status(200, 'ok'),
  '/version': json({ gitVersion: 'v1.37.1' }),
  '/api': json({
    kind: 'APIGroupDiscoveryList',
    items: [
      {
        versions: [
          {
            version: 'v1',
            resources: [{ resource: 'pods', responseKind: { kind: 'Pod' }, scope: 'Namespaced', verbs: ['list'] }],
          },
        ],
      },
    ],
  }),
  '/apis': json({ kind: 'APIGroupDiscoveryList', items: [] }),
  '/pods': json({ kind: 'PodList' }),
});

async function behindProxy(
  timings: Partial<ConnectionTimings> = {},
): Promise<{ server: FaultServer; proxy: FaultProxy; connection: ClusterConnection }> {
  const server = await startFaultServer(served);
  const proxy = await startFaultProxy({ port: server.port });
  closers.push(
    () => server.close(),
    () => proxy.close(),
  );
  const connection = connectTo({ serverURL: `http://127.0.0.1:${proxy.port}` }, timings);
  await waitFor('health', () => connection.health().state === 'Healthy');
  return { server, proxy, connection };
}

const dropAll = (proxy: FaultProxy): void => {
  proxy.set({ kind: 'refuse' });
  proxy.cut();
};

const outcome = async (connection: ClusterConnection, path = '/pods'): Promise<{ kind: string; ms: number }> => {
  const begin = performance.now();
  const kind = await connection.fetch({ method: 'GET', path }).then(
    (answer) => String(answer.status),
    (error) => error.kind as string,
  );
  return { kind, ms: performance.now() - begin };
};

describe('a cluster that hangs', () => {
  it('costs a deadline a few times, then nothing: the breaker is open', async () => {
    const { proxy, connection } = await behindProxy();
    proxy.set({ kind: 'hang' });
    const first = await Promise.all(Array.from({ length: 5 }, () => outcome(connection)));
    expect(first.map(({ kind }) => kind)).toEqual(Array(5).fill('timeout'));
    for (const { ms } of first) expect(ms).toBeLessThan(10_000);
    const then = await outcome(connection);
    expect(then.kind).toBe('circuit-open');
  });

  it('is asked again as soon as a probe gets an answer, long before the breaker would try', async () => {
    const { proxy, connection } = await behindProxy();
    proxy.set({ kind: 'hang' });
    await waitFor('the breaker', async () => (await outcome(connection)).kind === 'circuit-open');
    await waitFor('the loss', () => connection.health().state === 'Unhealthy');
    proxy.set({ kind: 'pass' });
    proxy.cut();
    await waitFor('its return', async () => (await outcome(connection)).kind === '200', { timeoutMs: 3_000 });
    expect(connection.health().state).toBe('Healthy');
  });

  it('ends watches whose peer is gone without a word, so that they can be resumed elsewhere or later', async () => {
    const { server, proxy, connection } = await behindProxy();
    server.answer((request, response, body) => {
      if (request.url?.includes('watch=true')) response.writeHead(200).write('{"type":"ADDED"}\n');
      else served(request, response, body);
    });
    const watch = await connection.request({ method: 'GET', path: '/pods?watch=true' });
    const ended = (async () => {
      for await (const _line of watch.body);
    })();
    proxy.set({ kind: 'hang' });
    await expect(ended).rejects.toMatchObject({ name: 'ClusterError', kind: 'reset' });
  });
});

describe('a cluster that drips', () => {
  it('fails by its deadline, headers and body alike', async () => {
    const { server, proxy, connection } = await behindProxy();
    server.answer(status(200, 'x'.repeat(10_000)));
    proxy.set({ kind: 'drip', bytesPerSecond: 100 });
    const { kind, ms } = await outcome(connection);
    expect(kind).toBe('timeout');
    expect(ms).toBeLessThan(1_500);
  });

  it('cannot keep a probe from ending', async () => {
    const { server, connection } = await behindProxy();
    server.answer((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('o'), 20);
      response.on('close', () => clearInterval(timer));
    });
    await waitFor('the loss', () => connection.health().state === 'Unhealthy', { timeoutMs: 3_000 });
    expect(connection.health().reason).toContain('/readyz');
  });
});

describe('a cluster that is gone', () => {
  it.each<[string, (proxy: FaultProxy) => unknown, RegExp]>([
    // Kept sockets are reset, new ones refused: a call may meet either first.
    ['refuses', (proxy) => proxy.down(), /unreachable|reset/],
    ['drops connections', dropAll, /reset/],
    ['resets in the middle of answers', (proxy) => proxy.set({ kind: 'reset', afterBytes: 30 }), /reset/],
  ])('that %s fails at once and is Unhealthy soon', async (_name, fault, kind) => {
    const { proxy, connection } = await behindProxy();
    await fault(proxy);
    const { ms, ...got } = await outcome(connection);
    expect(got.kind).toMatch(kind);
    expect(ms).toBeLessThan(300);
    await waitFor('the loss', () => connection.health().state === 'Unhealthy', { timeoutMs: 3_000 });
  });

  it('keeps its last discovery', async () => {
    const { proxy, connection } = await behindProxy();
    const known = await connection.whenDiscovered();
    await proxy.down();
    await waitFor('the loss', () => connection.health().state === 'Unhealthy');
    expect(connection.discovery()).toEqual(expect.objectContaining({ hash: known.hash, resources: known.resources }));
  });
});

describe('a cluster that answers wrongly', () => {
  it.each([
    ['429', tooManyRequests, 'Degraded'],
    ['500', internalError, 'Degraded'],
    ['401', status(401, 'Unauthorized'), 'Unhealthy'],
  ] as const)('with %s is %s to ask, and never opens the breaker', async (code, answer, state) => {
    const { server, connection } = await behindProxy();
    server.answer(answer);
    for (let i = 0; i < 20; i++) expect((await outcome(connection)).kind).toBe(code);
    await waitFor(`${state}`, () => connection.health().state === state);
  });

  it.each([
    ['broken JSON', brokenJson],
    ['a login page', wrongContentType],
    ['JSON that is no object', json([])],
    ['errors', internalError],
  ] as const)('with %s instead of discovery keeps what was known', async (_name, answer) => {
    const { server, connection } = await behindProxy();
    const known = await connection.whenDiscovered();
    server.answer(byPath({ '/readyz': status(200, 'ok') }, answer));
    const before = server.requests.length;
    await waitFor('more rounds', () => server.requests.slice(before).filter(({ url }) => url === '/apis').length > 2);
    expect(connection.discovery()?.hash).toBe(known.hash);
  });
});

describe('one cluster among others', () => {
  it('does not slow another down by hanging with every socket in use', async () => {
    const bad = await behindProxy({ deadlineMs: 5_000 });
    const good = await behindProxy({ deadlineMs: 5_000 });
    bad.proxy.set({ kind: 'hang' });
    const stuck = Array.from({ length: 500 }, () => outcome(bad.connection));
    const answers = await Promise.all(Array.from({ length: 50 }, () => outcome(good.connection)));
    for (const { kind, ms } of answers) expect([kind, ms < 2_500]).toEqual(['200', true]);
    bad.connection.close();
    await Promise.all(stuck);
  });

  it('of a hundred at once needs few sockets', async () => {
    const server = await startFaultServer(served);
    closers.push(() => server.close());
    const connections = Array.from({ length: 100 }, () => connectTo({ serverURL: server.origin }, DEFAULT_TIMINGS));
    await Promise.all(connections.map((each) => each.whenDiscovered()));
    for (let round = 0; round < 3; round++) await Promise.all(connections.map((each) => outcome(each)));
    expect(server.accepted).toBeLessThanOrEqual(100 * 8);
  });
});

describe('TLS', () => {
  async function tlsServer(options: { notAfter?: Date; hosts?: string[]; requestCert?: boolean } = {}) {
    const authority = await createAuthority('test-ca');
    const leaf = await authority.issue({
      user: 'server',
      hosts: options.hosts ?? ['127.0.0.1'],
      ...(options.notAfter ? { notAfter: options.notAfter } : {}),
    });
    const mutual = options.requestCert ? { requestCert: true, rejectUnauthorized: true, ca: authority.certPem } : {};
    const server = createTlsServer({ key: leaf.keyPem, cert: leaf.certPem, ...mutual }, (request, response) => {
      const peer = (request.socket as import('node:tls').TLSSocket).getPeerCertificate?.();
      response.end(peer?.subject?.CN ?? 'nobody');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const serverURL = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { authority, endpoint: { serverURL, caBundle: Buffer.from(authority.certPem).toString('base64') } };
  }

  it('trusts the registration’s authority and no other', async () => {
    const { endpoint } = await tlsServer();
    expect((await outcome(connectTo(endpoint))).kind).toBe('200');
    const stranger = await createAuthority('stranger');
    const wrong = { ...endpoint, caBundle: Buffer.from(stranger.certPem).toString('base64') };
    expect((await outcome(connectTo(wrong))).kind).toBe('tls');
    expect((await outcome(connectTo({ serverURL: endpoint.serverURL }))).kind).toBe('tls');
  });

  it('refuses an expired certificate, and says so in its health at once', async () => {
    const { endpoint } = await tlsServer({ notAfter: new Date(Date.now() - 60_000) });
    const connection = connectTo(endpoint);
    expect((await outcome(connection)).kind).toBe('tls');
    await waitFor('the state', () => connection.health().state === 'Unhealthy');
    expect(connection.health().reason).toContain('expired');
  });

  it('refuses another host’s certificate unless the registration names it', async () => {
    const { endpoint } = await tlsServer({ hosts: ['api.acme.com'] });
    expect((await outcome(connectTo(endpoint))).kind).toBe('tls');
    expect((await outcome(connectTo({ ...endpoint, serverName: 'api.acme.com' }))).kind).toBe('200');
  });

  it('skips the check only where the registration says so in words', async () => {
    const { endpoint } = await tlsServer({ hosts: ['elsewhere'] });
    const serverURL = endpoint.serverURL;
    expect((await outcome(connectTo({ serverURL, insecureSkipTLSVerify: true }))).kind).toBe('200');
  });

  it('shows its client certificate, and takes a rotated one without dropping what runs', async () => {
    const { authority, endpoint } = await tlsServer({ requestCert: true });
    const issue = async (user: string) => {
      const { certPem, keyPem } = await authority.issue({ user });
      return { cert: certPem, key: keyPem };
    };
    const connection = connectTo(endpoint, {}, await issue('first'));
    expect(String((await connection.fetch({ method: 'GET', path: '/' })).body)).toBe('first');
    connection.setCredentials(fixed(await issue('second')));
    expect(String((await connection.fetch({ method: 'GET', path: '/' })).body)).toBe('second');
    expect((await connection.target()).tls).toMatchObject({
      rejectUnauthorized: true,
      cert: expect.stringContaining('BEGIN'),
    });
    connection.setCredentials(fixed({ cert: 'garbage', key: 'garbage' }));
    expect((await outcome(connection)).kind).toBe('tls');
  });
});
