/** Load and how it is measured: closed loops of a bare client, latencies in milliseconds, percentiles. */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { createPool } from './http-pool.ts';

export interface Subject {
  readonly name: string;
  /** `https://host:port` and what stands before the API's root (`/services/tmc/clusters/root:bench`). */
  readonly origin: string;
  readonly prefix: string;
  readonly caPem: string;
  readonly authorization?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Of bodies; default `application/json`. */
  readonly contentType?: string;
  /** The processes that answer: their processor time is counted. */
  readonly pids?: readonly number[];
}

export interface Client {
  readonly subject: Subject;
  /** Sends and reads the answer whole. Throws on a status of 400 or more. */
  send(method: string, path: string, body?: string): Promise<Buffer>;
  /** Reads the answer as it comes and keeps nothing: how many bytes it had. For answers that dwarf the client's own work. */
  drain(path: string): Promise<number>;
  /** The same, body as a stream. */
  open(path: string, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']>;
  close(): Promise<void>;
}

export function createClient(subject: Subject, connections: number): Client {
  const pool = createPool(subject, connections);
  // A stream holds its connection for as long as it lasts.
  const streams = new Agent({
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      // Thousands of handshakes take their time on two cores.
      timeout: 120_000,
      ca: subject.caPem,
      ...(subject.cert && subject.key ? { cert: subject.cert, key: subject.key } : {}),
    },
  });
  const headers = {
    accept: 'application/json',
    ...(subject.authorization ? { authorization: subject.authorization } : {}),
  };
  return {
    subject,
    async send(method, path, body) {
      const answer = await pool.request(method, path, body, true);
      if (answer.status >= 400)
        throw new Error(`${subject.name}: ${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
      return answer.body;
    },
    async drain(path) {
      const { status, size } = await pool.request('GET', path, undefined, false);
      if (status >= 400) throw new Error(`${subject.name}: GET ${path}: ${status}`);
      return size;
    },
    async open(path, signal) {
      const answer = await request(subject.origin + subject.prefix + path, { headers, dispatcher: streams, signal });
      if (answer.statusCode >= 400)
        throw new Error(`${subject.name}: GET ${path}: ${answer.statusCode} ${await answer.body.text()}`);
      return answer.body;
    },
    async close() {
      pool.close();
      await streams.destroy();
    },
  };
}

export interface Sample {
  readonly count: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** The same, with the processor time in microseconds that the subject's processes took per call: kept apart from the client's. */
export async function measureServer(
  { subject: { pids = [] } }: Client,
  options: Parameters<typeof measure>[0],
  task: (index: number) => Promise<unknown>,
): Promise<Sample & { readonly serverMicros: number }> {
  const before = processorSeconds(pids);
  const sample = await measure(options, task);
  return { ...sample, serverMicros: ((processorSeconds(pids) - before) / sample.count) * 1e6 };
}

/** Linux counts in hundredths of a second (USER_HZ); proc(5): utime and stime are the 14th and 15th fields. */
const processorSeconds = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);

/** Runs `task` from `workers` loops until `count` calls are done or `milliseconds` are over. */
export async function measure(
  options: { workers: number; count?: number; milliseconds?: number },
  task: (index: number) => Promise<unknown>,
): Promise<Sample> {
  const { workers, count = Number.POSITIVE_INFINITY, milliseconds = Number.POSITIVE_INFINITY } = options;
  const latencies: number[] = [];
  const started = performance.now();
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count && performance.now() - started < milliseconds) {
      const index = next++;
      const at = performance.now();
      await task(index);
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: workers }, loop));
  const seconds = (performance.now() - started) / 1000;
  return { count: latencies.length, perSecond: latencies.length / seconds, ...percentiles(latencies) };
}

export function percentiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
