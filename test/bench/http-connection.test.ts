import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCertificates } from '../../src/http/certificates.ts';
import { type Client, createClient } from './load.ts';

const CHUNKS = ['a', 'b'.repeat(70_000), '', 'c'.repeat(3)];
let server: Server;
let client: Client;

beforeAll(async () => {
  const certificates = await openCertificates({ directory: mkdtempSync(join(tmpdir(), 'tmc-bench-')) });
  server = createServer({ ...(await certificates.server()) }, (request, response) => {
    if (request.url === '/chunks') {
      for (const chunk of CHUNKS) if (chunk !== '') response.write(chunk);
      response.end();
    } else if (request.url === '/refused') {
      response.writeHead(403, { 'content-length': 2 }).end('no');
    } else if (request.url === '/cut') {
      response.socket?.destroy();
    } else {
      const body: Buffer[] = [];
      request.on('data', (chunk: Buffer) => body.push(chunk));
      request.on('end', () => {
        const bytes = Buffer.concat(body);
        response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = createClient({ name: 'echo', origin: `https://127.0.0.1:${port}`, prefix: '', caPem: certificates.ca }, 3);
});

afterAll(async () => {
  await client.close();
  server.close();
});

describe('the bench client', () => {
  it('gives each of many callers the answer to its own request over few connections', async () => {
    const bodies = Array.from({ length: 50 }, (_, index) => 'ü'.repeat(index * 400));
    const answers = await Promise.all(bodies.map((body) => client.send('POST', '/echo', body)));
    expect(answers.map(String)).toEqual(bodies);
  });

  it('reads and counts chunked bodies', async () => {
    expect(String(await client.send('GET', '/chunks'))).toBe(CHUNKS.join(''));
    expect(await client.drain('/chunks')).toBe(CHUNKS.join('').length);
  });

  it('throws on refusals, and on a connection that the server cuts, and goes on with others', async () => {
    await expect(client.send('GET', '/refused')).rejects.toThrow('403 no');
    await expect(client.send('GET', '/cut')).rejects.toThrow();
    expect(String(await client.send('POST', '/echo', 'still here'))).toBe('still here');
  });
});
