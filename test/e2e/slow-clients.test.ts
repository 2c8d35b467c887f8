/** Clients that keep what they opened and do nothing with it: the gateway's memory stays bounded, and others notice nothing. */
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
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
