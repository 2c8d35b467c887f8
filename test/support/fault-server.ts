/** A plain HTTP server for tests whose answers are scripted: right ones, and those of a cluster gone wrong. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface FaultServer {
  readonly port: number;
  readonly origin: string;
  /** Answers every request from now on. */
  answer(answer: Answer): void;
  /** Every request so far. */
  readonly requests: readonly {
    method: string;
    url: string;
    headers: IncomingMessage['headers'];
    rawHeaders: string[];
    body: Buffer;
  }[];
  /** Connections accepted since the start. */
  readonly accepted: number;
  close(): Promise<void>;
}

export const status =
  (code: number, body = '', headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, { 'content-type': 'text/plain', ...headers }).end(body);
  };

export const json =
  (value: unknown, code = 200): Answer =>
  (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

export const tooManyRequests = status(429, 'too many requests', { 'retry-after': '1' });
export const internalError = status(500, 'boom');
export const wrongContentType = status(200, '<html>login</html>', { 'content-type': 'text/html' });
export const brokenJson = status(200, '{"kind":"PodList","items":[{"meta', { 'content-type': 'application/json' });

/** By path (without query), the rest as `otherwise`. */
export const byPath =
  (answers: Readonly<Record<string, Answer>>, otherwise: Answer = status(404, 'not found')): Answer =>
  (request, response, body) => {
    const path = (request.url ?? '').split('?')[0] as string;
    (Object.hasOwn(answers, path) ? answers[path]! : otherwise)(request, response, body);
  };

export async function startFaultServer(initial: Answer = status(200, 'ok')): Promise<FaultServer> {
  let current = initial;
  const requests: FaultServer['requests'][number][] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = '', url = '', headers, rawHeaders } = request;
      requests.push({ method, url, headers, rawHeaders, body });
      current(request, response, body);
    });
  });
  let accepted = 0;
  server.on('connection', () => {
    accepted += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    answer: (answer) => {
      current = answer;
    },
    requests,
    get accepted() {
      return accepted;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
