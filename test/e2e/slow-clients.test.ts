/** Clients that keep what they opened and do nothing with it: the gateway's memory stays bounded, and others notice nothing. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kube/api-client.ts';
import { readCredentials, VIEW } from '../support/joined-clusters.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';

const CLIENTS = Number(process.env.TMC_TRIAL_CLIENTS ?? 100);
const CONFIG_MAPS = `${VIEW}/api/v1/namespaces/default/configmaps`;

let gateway: RunningGateway;
let credentials: ReturnType<typeof readCredentials>;
let admin: ApiClient;
beforeAll(async () => {
  gateway = await runGateway();
  credentials = readCredentials(gateway.kubeconfig);
  admin = new ApiClient(credentials);
}, 60_000);
afterAll(async () => {
  await admin?.close();
  await gateway?.stop();
});

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
});

/** Memory of the gateway's process, in MiB. */
const memory = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;

/** A connection that has said `text` and reads no more of the answer than arrives by itself. */
async function silent(text: string): Promise<TLSSocket> {
  const { caPem: ca, adminCert } = credentials;
  const socket = connect({
    host: '127.0.0.1',
    port: gateway.port,
    ca,
    cert: adminCert.certPem,
    key: adminCert.keyPem,
    ALPNProtocols: ['http/1.1'],
  });
  open.push(socket);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  if (text !== '') socket.write(text);
  socket.pause();
  return socket;
}

async function many(open: () => Promise<unknown>): Promise<void> {
  for (let at = 0; at < CLIENTS; at += 25) await Promise.all(Array.from({ length: 25 }, open));
}

/** What an ordinary client notices: a small list, a write and a read. */
async function others(): Promise<number> {
  const began = performance.now();
  await admin.fetchOk(`${VIEW}/api/v1/nodes`);
  const name = `other-${began.toFixed(0)}`;
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
  await admin.fetchOk(CONFIG_MAPS, { method: 'POST', body });
  await admin.fetchOk(`${CONFIG_MAPS}/${name}`);
  return performance.now() - began;
}

test.each([
  ['say nothing', ''],
  ['stop within their headers', `GET ${CONFIG_MAPS} HTTP/1.1\r\nHost: gate`],
  ['stop within their body', `POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n{"kind"`],
])(
  `${CLIENTS} clients that %s cost little, and nobody else anything`,
  async (_what, text) => {
    await others();
    const before = memory();
    await many(() => silent(text));
    expect(await others()).toBeLessThan(5_000);
    expect(memory() - before).toBeLessThan(Math.max(CLIENTS, 100));
  },
  60_000,
);

describe('a list of the hub that is larger than what it keeps in memory', () => {
  const HUB = '/clusters/root:dev/api/v1/namespaces/default/configmaps';
  /** Beyond the 96 MiB that lists may be kept in (src/hub/read/hot-ranges.ts). */
  const OBJECTS = 110;
  const OBJECT_BYTES = 1_000_000;
  const READERS = CLIENTS / 4;

  beforeAll(async () => {
    const data = { text: 'x'.repeat(OBJECT_BYTES) };
    for (let at = 0; at < OBJECTS; at += 5)
      await Promise.all(
        [0, 1, 2, 3, 4].map((more) =>
          admin.fetchOk(HUB, {
            method: 'POST',
            body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `large-${at + more}` }, data },
          }),
        ),
      );
    // What a list itself needs is there before anything is measured.
    for (let time = 0; time < 2; time++)
      expect(await drained(`GET ${HUB} HTTP/1.1`)).toBeGreaterThan(OBJECTS * OBJECT_BYTES);
  }, 120_000);

  /** Reads the answer to its end. */
  async function drained(line: string): Promise<number> {
    const socket = await silent(`${line}\r\nHost: gateway\r\nConnection: close\r\n\r\n`);
    let size = 0;
    socket.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    return size;
  }

  test.each([
    ['the list', ''],
    ['the initial state of a watch', '?watch=true'],
  ])(
    `costs a few megabytes for each of ${READERS} clients that ask for %s and read nothing`,
    async (_what, query) => {
      await others();
      const before = memory();
      await Promise.all(
        Array.from({ length: READERS }, () => silent(`GET ${HUB}${query} HTTP/1.1\r\nHost: gateway\r\n\r\n`)),
      );
      await setTimeout(3_000);
      await others();
      expect(memory() - before).toBeLessThan(6 * READERS);
    },
    120_000,
  );
});
