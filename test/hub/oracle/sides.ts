/** Who is asked: a hub in this process, and a kube-apiserver. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request as httpRequest } from 'undici';
import { statusResponse, toApiError } from '../../../src/http/status-response.ts';
import { createHub, type HubOptions, ROOT_WORKSPACE } from '../../../src/hub/hub.ts';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import type { ApiBody, ApiResponse, ByteSink } from '../../../src/kube/api.ts';
import { parseRequestInfo } from '../../../src/kube/request-info.ts';
import { type ClusterOptions, startCluster } from '../../kube/cluster.ts';
import type { RequestStep } from './step.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface Side {
  ask(step: RequestStep): Promise<Answer>;
  close(): Promise<void>;
}

const PATCH_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

const bodyOf = ({ body }: RequestStep): string | Uint8Array =>
  body === undefined ? '' : typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);

/** The user agent is the field manager of writes that name none. */
const headersOf = (step: RequestStep): Record<string, string> => ({
  'user-agent': 'test/1.0',
  accept: step.accept ?? 'application/json',
  ...(step.body === undefined
    ? {}
    : { 'content-type': step.type ?? PATCH_TYPES[step.patch ?? ''] ?? 'application/json' }),
});

export async function kubeSide(name: string, options: Partial<ClusterOptions> = {}): Promise<Side> {
  const cluster = await startCluster({ name, controllers: false, ...options });
  return {
    async ask(step) {
      const answer = await httpRequest(cluster.url + step.url, {
        dispatcher: cluster.dispatcher,
        method: step.method as 'GET',
        // kube-apiserver cuts connections whose bodies it did not read.
        reset: true,
        headers: { ...headersOf(step), authorization: `Bearer ${cluster.adminToken}` },
        body: step.body === undefined ? null : bodyOf(step),
      }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'UND_ERR_SOCKET') return undefined;
        throw error;
      });
      // A panic in its handler: kube-apiserver hangs up.
      if (answer === undefined) return { status: 0, headers: {}, text: '' };
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
    },
    close: () => cluster.stop(),
  };
}

export async function hubSide(options: Partial<HubOptions> = {}): Promise<Side> {
  const store = openSqliteStore(':memory:');
  const hub = await createHub({ store, profile: 'hub', ...options });
  return {
    async ask(step) {
      const url = new URL(step.url, 'http://hub');
      const query = url.searchParams;
      const stop = new AbortController();
      const answer = await hub
        .handle({
          workspace: ROOT_WORKSPACE,
          info: parseRequestInfo(step.method, url.pathname, query),
          method: step.method,
          query,
          headers: headersOf(step),
          body: Buffer.from(bodyOf(step)),
          user: { name: 'admin', groups: ['system:masters'], extra: {} },
          signal: stop.signal,
          auditId: 'audit',
        })
        .catch((error: unknown) => {
          return statusResponse(toApiError(error));
        });
      const { status, headers, body } = answer as ApiResponse;
      return { status, headers, text: await textOf(body) };
    },
    async close() {
      await hub.close();
      await store.close();
    },
  };
}

async function textOf(body: ApiBody): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  if (typeof body === 'function') return streamed(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Watches end by their own timeout. */
function streamed(body: (sink: ByteSink) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = new AbortController();
    const chunks: Uint8Array[] = [];
    body({
      pending: 0,
      closed: closed.signal,
      write: (chunk) => chunks.push(chunk) > 0,
      end: () => {
        closed.abort();
        resolve(Buffer.concat(chunks).toString());
      },
      destroy: (error) => {
        closed.abort();
        reject(error ?? new Error('the answer was cut'));
      },
    });
  });
}

const PATIENCE_MS = 5_000;

/** One step; where it says `until`, asked again until so. */
export async function askPatiently(side: Side, step: RequestStep): Promise<Answer> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await side.ask(step);
    const asWanted =
      (step.until === undefined || answer.status === step.until) &&
      (step.untilText === undefined || answer.text.includes(step.untilText));
    if (asWanted || Date.now() > deadline) return answer;
    await sleep(100);
  }
}
