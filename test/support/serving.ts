/** A listener on loopback with literal gates, for tests of the HTTP side. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, openCertificates } from '../../src/http/certificates.ts';
import type { Gates } from '../../src/http/context.ts';
import { type Listener, type ListenOptions, listen } from '../../src/http/listen.ts';
import { createProxyClient } from '../../src/http/proxy.ts';
import { type Service, serve } from '../../src/http/serve.ts';
import type { ApiHandler } from '../../src/kube/api.ts';

export const openGates: Gates = {
  audit: () => ({ reached() {}, denied() {}, close() {} }),
  authenticate: async (request) => ({ ...request, user: { name: 'test', groups: ['system:masters'], extra: {} } }),
  locate: async (request) => ({ ...request, located: true }),
  impersonate: async (request) => ({ ...request, impersonator: undefined }),
  authorize: async (request) => ({ ...request, reason: 'test' }),
  limit: (request) => ({ ...request, admitted: true }),
};

export interface Serving {
  readonly listener: Listener;
  readonly certificates: Certificates;
  readonly origin: string;
  close(graceMs?: number): Promise<void>;
}

export async function startServing(
  handler: ApiHandler,
  overrides: Partial<Service> = {},
  options: Partial<ListenOptions> = {},
): Promise<Serving> {
  const directory = await mkdtemp(join(tmpdir(), 'tmc-serving-'));
  const certificates = await openCertificates({ directory });
  const proxy = createProxyClient();
  const listener = await listen(
    { host: '127.0.0.1', port: 0, certificate: await certificates.server(), clientCAs: [certificates.ca], ...options },
    serve({
      grammar: { rootWorkspace: 'root', rootDoor: 'hub' },
      gates: openGates,
      route: () => handler,
      proxy,
      newAuditId: randomUUID,
      observe: () => undefined,
      opened: () => () => undefined,
      logFailure: (error) => console.error(error),
      requestTimeoutMs: 10_000,
      ...overrides,
    }),
  );
  return {
    listener,
    certificates,
    origin: `https://127.0.0.1:${listener.port}`,
    async close(graceMs = 200) {
      await listener.close(graceMs);
      proxy.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** One HTTP/1.1 request. */
export const ask = (
  serving: Pick<Serving, 'origin' | 'certificates'>,
  path: string,
  options: {
    method?: string;
    headers?: Record<string, string | string[]>;
    body?: Buffer | string;
    cert?: string;
    key?: string;
  } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body, ...rest } = options;
    const { hostname, port } = new URL(serving.origin);
    // `path` as it is: a URL object would resolve dot segments.
    const request = requestHttps({ hostname, port, path, ca: serving.certificates.ca, agent: false, ...rest });
    request.on('error', reject);
    request.on('response', async (response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk as Buffer);
      } catch (error) {
        reject(error);
      }
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
    });
    request.end(body);
  });
