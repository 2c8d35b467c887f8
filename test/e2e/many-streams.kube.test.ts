/**
 * Streams in numbers and under pressure, through a gateway that is a process of its own, to a real cluster (issue 4, point 8).
 * `TMC_TRIAL_STREAMS` (default 200; the promise is 1,000) and `TMC_TRIAL_COPY_MIB` (64; 1,024) say how many and how much.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type JoinedClusters, joinClusters, readCredentials, VIEW } from '../support/joined-clusters.ts';
import { waitFor } from '../support/wait-for.ts';

const STREAMS = Number(process.env.TMC_TRIAL_STREAMS ?? 200);
const COPY_MIB = Number(process.env.TMC_TRIAL_COPY_MIB ?? 64);
const MIB = 1024 * 1024;

let world: JoinedClusters<'a'>;
let pod: string;
beforeAll(async () => {
  world = await joinClusters(['a'], { nodes: 1 });
  await world.ok('create', 'deployment', 'web', '--image=nginx');
  await world.ok('rollout', 'status', 'deployment/web', '--timeout=60s');
  pod = (await world.ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
});
afterAll(() => world?.stop());

/** Memory of the gateway's process, in MiB. */
function memory(): number {
  const status = readFileSync(`/proc/${world.gateway().pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

interface Exec {
  readonly socket: WebSocket;
  readonly output: () => string;
  /** The Status that ended it. */
  readonly status: Promise<{ status: string }>;
  write(text: string): void;
  endInput(): void;
}

/** Runs a command in the pod, with input; resolves when the gateway has agreed. */
async function exec(...command: string[]): Promise<Exec> {
  const { url, caPem, adminCert } = readCredentials(world.gateway().kubeconfig);
  const query = new URLSearchParams({ stdin: 'true', stdout: 'true' });
  for (const word of command) query.append('command', word);
  const target = `${url.replace('https:', 'wss:')}${VIEW}/api/v1/namespaces/default/pods/${pod}/exec?${query}`;
  const options = { ca: caPem, cert: adminCert.certPem, key: adminCert.keyPem, handshakeTimeout: 60_000 };
  const socket = new WebSocket(target, ['v5.channel.k8s.io'], options);
  const output: Buffer[] = [];
  const status = new Promise<{ status: string }>((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      if (data[0] === 1) output.push(data.subarray(1));
      else if (data[0] === 3) resolve(JSON.parse(data.subarray(1).toString()));
    });
    socket.on('close', (code) => reject(new Error(`closed with ${code} and no status`)));
    socket.on('error', reject);
  });
  status.catch(() => undefined);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    socket,
    output: () => Buffer.concat(output).toString(),
    status,
    write: (text) => socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)])),
    endInput: () => socket.send(Buffer.from([255, 0])),
  };
}

test(`${STREAMS} commands at once each have their own input, output and end, while lists are answered`, async () => {
  const before = memory();
  const streams: Exec[] = [];
  for (let at = 0; at < STREAMS; at += 20) {
    const some = Array.from({ length: Math.min(20, STREAMS - at) }, () => exec('cat'));
    streams.push(...(await Promise.all(some)));
  }
  for (const [index, stream] of streams.entries()) stream.write(`line of ${index}\n`);
  for (const [index, stream] of streams.entries()) {
    await waitFor('the echo', () => stream.output() === `line of ${index}\n`, { timeoutMs: 60_000 });
  }
  const each = ((memory() - before) * 1024) / STREAMS;
  console.log(`${STREAMS} streams: ${Math.round(each)} KiB of the gateway each`);
  expect(each).toBeLessThan(400);
  const began = performance.now();
  await world.admin.fetchOk(`${VIEW}/api/v1/pods`);
  expect(performance.now() - began).toBeLessThan(2_000);
  // Input that has ended is the command's end, whose last words still come.
  for (const stream of streams) stream.endInput();
  for (const { status } of await Promise.all(streams.map(async (stream) => ({ status: await stream.status })))) {
    expect(status.status).toBe('Success');
  }
}, 600_000);

test('a client that does not read holds the command up, not the gateway’s memory', async () => {
  const before = memory();
  const streams = await Promise.all(Array.from({ length: 5 }, () => exec('cat', '/dev/zero')));
  for (const { socket } of streams) socket.pause();
  let most = 0;
  for (let at = 0; at < 20; at++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    most = Math.max(most, memory() - before);
  }
  for (const { socket } of streams) socket.terminate();
  expect(most).toBeLessThan(100);
});

test('a command that does not read holds its client up', async () => {
  const before = memory();
  const stream = await exec('sleep', '30');
  const block = Buffer.alloc(MIB);
  for (let at = 0; at < 300; at++) stream.socket.send(block);
  let most = 0;
  for (let at = 0; at < 20; at++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    most = Math.max(most, memory() - before);
  }
  expect(stream.socket.bufferedAmount).toBeGreaterThan(150 * MIB);
  expect(most).toBeLessThan(100);
  stream.socket.terminate();
});

test(`kubectl cp brings ${COPY_MIB} MiB there and back as they were`, async () => {
  const names = ['original', 'there', 'back'].map((name) => join(world.clusters.a.folder, name));
  const [original, there, back] = names as [string, string, string];
  await promisify(execFile)('openssl', ['rand', '-out', original, String(COPY_MIB * MIB)]);
  const options = { timeoutMs: 600_000 };
  const before = memory();
  expect(await world.kubectlWith(options, 'cp', original, `${pod}:${there}`)).toMatchObject({ code: 0 });
  expect(await world.kubectlWith(options, 'cp', `${pod}:${there}`, back)).toMatchObject({ code: 0 });
  const digests = await Promise.all(names.map(digestOf));
  expect(new Set(digests).size).toBe(1);
  expect(memory() - before).toBeLessThan(150);
}, 1_300_000);

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

test('HTTP/2, which cannot upgrade, gets a Status that says so, and keeps its connection', async () => {
  const { url, caPem, adminCert } = readCredentials(world.gateway().kubeconfig);
  const session = connectHttp2(url, { ca: caPem, cert: adminCert.certPem, key: adminCert.keyPem });
  const ask = async (method: string, path: string) => {
    const stream = session.request({ ':method': method, ':path': VIEW + path });
    stream.end();
    const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { status, body: JSON.parse(Buffer.concat(chunks).toString()) };
  };
  const path = `/api/v1/namespaces/default/pods/${pod}`;
  for (const [method, subresource] of [
    ['GET', 'exec?command=true&stdout=true'],
    ['POST', 'exec?command=true&stdout=true'],
    ['POST', 'portforward'],
    ['GET', 'attach?stdout=true'],
  ]) {
    const refused = await ask(method as string, `${path}/${subresource}`);
    expect(refused, `${method} ${subresource}`).toMatchObject({
      status: 400,
      body: { kind: 'Status', reason: 'BadRequest' },
    });
    expect(refused.body.message).toMatch(/upgrade/i);
  }
  expect((await ask('GET', path)).status).toBe(200);
  session.close();
});

test('a cluster that dies ends its streams at once, and what comes next says why', async () => {
  const streams = await Promise.all(Array.from({ length: 20 }, () => exec('cat')));
  await world.clusters.a.kill('apiserver', 'SIGKILL');
  const began = performance.now();
  await Promise.all(streams.map(({ status }) => expect(status).rejects.toThrow('no status')));
  expect(performance.now() - began).toBeLessThan(3_000);
  await expect(exec('cat')).rejects.toThrow(/50\d/);
  await world.clusters.a.restart();
  const again = await waitFor('commands to run again', () => exec('cat').catch(() => undefined), { timeoutMs: 30_000 });
  again.write('hello\n');
  await waitFor('the echo', () => again.output() === 'hello\n');
  again.socket.terminate();
});
