/** Streams over SPDY, as an old kubectl opens them, with the client's end written out here; whole kubectls: `embedded-streams.kube.test.ts`. */
import { type Duplex, duplexPair, type Readable } from 'node:stream';
import { constants, createDeflate } from 'node:zlib';
import { expect, test } from 'vitest';
import { podPorts } from '../../src/embedded/pod-ports.ts';
import { acceptPortForward } from '../../src/embedded/port-forward.ts';
import { controlFrame, dataHead, FLAG_FIN, type Frame, FrameType, readFrames } from '../../src/embedded/spdy-frames.ts';
import { SPDY_DICTIONARY } from '../../src/embedded/spdy-headers.ts';
import { acceptSpdySession } from '../../src/embedded/spdy-session.ts';
import type { Pod } from '../../src/embedded/types.ts';
import { waitFor } from '../support/wait-for.ts';

interface Client {
  readonly frames: Frame[];
  /** Opens the next stream; ids are 1, 3, 5… */
  open(headers: Record<string, string>, flags?: number): Promise<number>;
  send(id: number, text: string, flags?: number): void;
  write(frame: Buffer): void;
  /** What came on a stream so far, as text. */
  text(id: number): string;
  ended(id: number): boolean;
  control(type: number): Frame[];
  readonly closed: () => boolean;
}

/** Speaks to `socket` once it has answered 101. */
async function connect(socket: Duplex): Promise<Client> {
  const deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
  let compressed: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => compressed.push(chunk));
  const compress = (block: Buffer): Promise<Buffer> =>
    new Promise((resolve) => {
      compressed = [];
      deflate.write(block);
      deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(Buffer.concat(compressed)));
    });
  const head: Buffer = await new Promise((resolve) => socket.once('data', resolve));
  expect(head.toString()).toMatch(/^HTTP\/1\.1 101 .*Upgrade: SPDY\/3\.1/s);
  const frames: Frame[] = [];
  let closed = false;
  void (async () => {
    for await (const frame of readFrames(socket as Readable)) frames.push(frame);
    closed = true;
  })();
  let next = 1;
  const dataOf = (id: number) => frames.flatMap((frame) => ('data' in frame && frame.stream === id ? [frame] : []));
  return {
    frames,
    async open(headers, flags = 0) {
      const id = next;
      next += 2;
      const words = Object.entries(headers).flatMap(([name, value]) => [name, value].map(sized));
      const count = Buffer.alloc(4);
      count.writeUInt32BE(Object.keys(headers).length);
      const block = await compress(Buffer.concat([count, ...words]));
      const frame = controlFrame(FrameType.synStream, [id, 0], Buffer.concat([Buffer.alloc(2), block]));
      frame[4] = flags;
      socket.write(frame);
      return id;
    },
    send(id, text, flags = 0) {
      socket.write(Buffer.concat([dataHead(id, flags, Buffer.byteLength(text)), Buffer.from(text)]));
    },
    write: (frame) => void socket.write(frame),
    text: (id) => Buffer.concat(dataOf(id).map(({ data }) => data)).toString(),
    ended: (id) => dataOf(id).some(({ flags }) => (flags & FLAG_FIN) !== 0),
    control: (type) => frames.filter((frame) => 'type' in frame && frame.type === type),
    closed: () => closed,
  };
}

function sized(text: string): Buffer {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
  bytes.writeUInt32BE(Buffer.byteLength(text));
  bytes.write(text, 4);
  return bytes;
}

const NOTHING = Buffer.alloc(0);
const ALL_STREAMS = new URLSearchParams('stdin=true&stdout=true&stderr=true');

test('a command has its input, both outputs and its exit code on streams of their own', async () => {
  const [ours, theirs] = duplexPair();
  acceptSpdySession(theirs, NOTHING, ALL_STREAMS, async ({ stdin, stdout, stderr }) => {
    for await (const chunk of stdin) stdout(`got ${chunk}`);
    stderr('no more');
    return 7;
  });
  const client = await connect(ours);
  const error = await client.open({ streamType: 'error' });
  const stdin = await client.open({ streamType: 'stdin' });
  const stdout = await client.open({ streamType: 'stdout' });
  const stderr = await client.open({ streamType: 'stderr' });
  client.send(stdin, 'a line');
  await waitFor('the echo', () => client.text(stdout) === 'got a line');
  expect(client.ended(stdout)).toBe(false);
  client.send(stdin, '', FLAG_FIN);
  await waitFor('the end', () => client.ended(error));
  expect(client.text(stderr)).toBe('no more');
  expect(JSON.parse(client.text(error))).toMatchObject({
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '7' }] },
  });
  expect([stdout, stderr].map(client.ended)).toEqual([true, true]);
  await waitFor('the farewell', () => client.control(FrameType.goAway).length === 1);
  expect(client.control(FrameType.synReply)).toHaveLength(4);
});

test('pings are answered, unknown streams reset, and what is not SPDY ends the connection', async () => {
  const [ours, theirs] = duplexPair();
  acceptSpdySession(theirs, NOTHING, ALL_STREAMS, () => new Promise(() => undefined));
  const client = await connect(ours);
  client.write(controlFrame(FrameType.ping, [11]));
  await waitFor('the ping', () => client.control(FrameType.ping).length === 1);
  await client.open({ streamType: 'gossip' });
  await waitFor('the reset', () => client.control(FrameType.rstStream).length === 1);
  client.write(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
  await waitFor('the end', () => theirs.destroyed);
});

test('a command that reads slowly holds up its client, and loses nothing', async () => {
  const [ours, theirs] = duplexPair();
  let read = 0;
  let go: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    go = resolve;
  });
  acceptSpdySession(theirs, NOTHING, ALL_STREAMS, async ({ stdin }) => {
    await started;
    for await (const chunk of stdin) read += chunk.length;
    return 0;
  });
  const client = await connect(ours);
  const [error, stdin] = [await client.open({ streamType: 'error' }), await client.open({ streamType: 'stdin' })];
  for (const type of ['stdout', 'stderr']) await client.open({ streamType: type });
  const block = 'x'.repeat(32 * 1024);
  for (let sent = 0; sent < 100; sent++) client.send(stdin, block);
  client.send(stdin, '', FLAG_FIN);
  expect(ours.writableLength).toBeGreaterThan(50 * block.length);
  go();
  await waitFor('the end', () => client.ended(error));
  expect(read).toBe(100 * block.length);
});

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'default' },
  spec: { containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] }] },
} satisfies Pod;

test('a forwarded port answers many connections at once; one that nobody listens on says so and spoils nothing', async () => {
  const [ours, theirs] = duplexPair();
  acceptPortForward(theirs, NOTHING, podPorts('east', pod), 'web-1');
  const client = await connect(ours);
  const pair = async (requestID: string, port: string) => {
    const error = await client.open({ streamType: 'error', port, requestID }, FLAG_FIN);
    return { error, data: await client.open({ streamType: 'data', port, requestID }) };
  };
  const pairs: Awaited<ReturnType<typeof pair>>[] = [];
  for (let index = 0; index < 20; index++) pairs.push(await pair(String(index), '80'));
  for (const { data } of pairs) client.send(data, `GET /${data} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  for (const { data, error } of pairs) {
    await waitFor('the answer', () => client.ended(data) && client.ended(error));
    expect(client.text(data)).toContain(`"path":"/${data}"`);
    expect(client.text(data)).toContain('"cluster":"east","pod":"web-1","container":"web"');
    expect(client.text(error)).toBe('');
  }
  const refused = await pair('99', '81');
  await waitFor('the refusal', () => client.ended(refused.error));
  expect(client.text(refused.error)).toMatch(/^error forwarding port 81 to pod web-1, .*connection refused$/);
  const after = await pair('100', '80');
  client.send(after.data, 'GET /after HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await waitFor('the answer', () => client.text(after.data).includes('/after'));
});
