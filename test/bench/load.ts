/** Load and how it is measured: closed loops of a bare client, latencies in milliseconds, percentiles. */
import { Agent, type Dispatcher, request } from 'undici';

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
  const options = {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      // Thousands of handshakes take their time on two cores.
      timeout: 120_000,
      ca: subject.caPem,
      ...(subject.cert && subject.key ? { cert: subject.cert, key: subject.key } : {}),
    },
  };
  const agent = new Agent({ ...options, connections });
  // A stream holds its connection for as long as it lasts.
  const streams = new Agent(options);
  const headers = {
    accept: 'application/json',
    'content-type': subject.contentType ?? 'application/json',
    ...(subject.authorization ? { authorization: subject.authorization } : {}),
  };
  return {
    subject,
    async send(method, path, body) {
      const answer = await request(subject.origin + subject.prefix + path, {
        method: method as 'GET',
        headers,
        body: body ?? null,
        dispatcher: agent,
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      if (answer.statusCode >= 400)
        throw new Error(`${subject.name}: ${method} ${path}: ${answer.statusCode} ${bytes.toString().slice(0, 300)}`);
      return bytes;
    },
    async drain(path) {
      const answer = await request(subject.origin + subject.prefix + path, { headers, dispatcher: agent });
      if (answer.statusCode >= 400) throw new Error(`${subject.name}: GET ${path}: ${answer.statusCode}`);
      let size = 0;
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) size += chunk.length;
      return size;
    },
    async open(path, signal) {
      const answer = await request(subject.origin + subject.prefix + path, { headers, dispatcher: streams, signal });
      if (answer.statusCode >= 400)
        throw new Error(`${subject.name}: GET ${path}: ${answer.statusCode} ${await answer.body.text()}`);
      return answer.body;
    },
    async close() {
      await Promise.all([agent.destroy(), streams.destroy()]);
    },
  };
}

export interface Sample {
  readonly count: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

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
