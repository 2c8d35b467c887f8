/** A Downstream that is a hub of profile `cluster` in this process: real API semantics, no socket. */
import type { Downstream, DownstreamRequest, DownstreamResponse } from '../../src/clusters/downstream.ts';
import { ClusterError } from '../../src/clusters/downstream.ts';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { ApiResponse, ByteSink } from '../../src/kube/api.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';
import { ApiError } from '../../src/kube/status.ts';
import { type FakeDownstream, fakeDownstream } from './fake-downstream.ts';

export interface InProcessCluster {
  readonly downstream: Downstream & Pick<FakeDownstream, 'setHealth'>;
  readonly cluster: Hub;
  /** Requests seen, as `VERB path`. */
  readonly requests: string[];
  /** Until it comes back nothing answers, and open watches break. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

const JSON_BODY = { 'content-type': 'application/json' };

export async function startInProcessCluster(name: string): Promise<InProcessCluster> {
  const store = openSqliteStore(':memory:');
  const cluster = await createHub({ store, profile: 'cluster' });
  const fake = fakeDownstream(name);
  fake.serve((await cluster.catalog.of('root')).definitions.map(({ info }) => info));
  const requests: string[] = [];
  let line = new AbortController();

  async function request(asked: DownstreamRequest): Promise<DownstreamResponse> {
    if (line.signal.aborted) throw new ClusterError(name, 'unreachable', `cluster "${name}" is away`);
    requests.push(`${asked.method} ${asked.path}`);
    const stopped = AbortSignal.any([line.signal, ...(asked.signal === undefined ? [] : [asked.signal])]);
    const [path = '', search = ''] = asked.path.split('?');
    const query = new URLSearchParams(search);
    try {
      const answer = (await cluster.handle({
        workspace: 'root',
        info: parseRequestInfo(asked.method, path, query),
        method: asked.method,
        query,
        headers: { 'user-agent': 'tmc', ...asked.headers },
        body: Buffer.from(asked.body ?? ''),
        user: { name: 'tmc', groups: ['system:masters'], extra: {} },
        signal: stopped,
        auditId: 'audit',
      })) as ApiResponse;
      return { status: answer.status, headers: JSON_BODY, body: bodyOf(answer.body, stopped, name) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const body = Buffer.from(JSON.stringify(error.status));
      return { status: error.code, headers: JSON_BODY, body: bodyOf(body, stopped, name) };
    }
  }

  const downstream = {
    ...fake,
    request,
    async fetch(asked: DownstreamRequest) {
      const { status, headers, body } = await request(asked);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      return { status, headers, body: Buffer.concat(chunks) };
    },
  };
  return {
    downstream,
    cluster,
    requests,
    cut() {
      line.abort();
      fake.setHealth('Unhealthy');
    },
    restore() {
      line = new AbortController();
      fake.setHealth('Healthy');
    },
    async close() {
      line.abort();
      await cluster.close();
      await store.close();
    },
  };
}

function bodyOf(body: ApiResponse['body'], stopped: AbortSignal, name: string): DownstreamResponse['body'] {
  const source =
    typeof body === 'function'
      ? streamed(body, stopped, name)
      : body instanceof Uint8Array
        ? [body][Symbol.iterator]()
        : body[Symbol.asyncIterator]();
  return {
    [Symbol.asyncIterator]: () => ({ next: async () => (await source.next()) as IteratorResult<Uint8Array> }),
    destroy: () => void (source as AsyncIterator<Uint8Array>).return?.(),
  };
}

async function* streamed(start: (sink: ByteSink) => void, stopped: AbortSignal, name: string) {
  const chunks: Uint8Array[] = [];
  const closed = new AbortController();
  let ended = false;
  let wake: () => void = () => {};
  stopped.addEventListener('abort', () => wake(), { once: true });
  start({
    write(chunk) {
      chunks.push(chunk);
      wake();
      return true;
    },
    pending: 0,
    end() {
      ended = true;
      wake();
    },
    destroy() {
      ended = true;
      wake();
    },
    closed: closed.signal,
  });
  try {
    for (;;) {
      for (const chunk of chunks.splice(0)) yield chunk;
      if (stopped.aborted) throw new ClusterError(name, 'reset', `cluster "${name}" went away`);
      if (ended && chunks.length === 0) return;
      if (chunks.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    closed.abort();
  }
}
