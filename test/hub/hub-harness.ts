/** A hub in memory with requests as its HTTP side makes them. */

import { createHub, type Hub, type HubOptions } from '../../src/hub/hub.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { Store } from '../../src/hub/store/store.ts';
import type { ApiRequest, ApiResponse, ByteSink } from '../../src/kube/api.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';
import { ApiError } from '../../src/kube/status.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the server answers.
  readonly json: any;
}

export interface RequestOptions {
  readonly workspace?: string;
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Record<string, string>;
  readonly annotate?: ApiRequest['annotate'];
  readonly access?: ApiRequest['access'];
}

export interface HubHarness {
  readonly hub: Hub;
  readonly store: Store;
  request(method: string, url: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  watch(url: string, options?: RequestOptions): Promise<WatchTap>;
  close(): Promise<void>;
}

export class WatchTap implements ByteSink {
  readonly #stop = new AbortController();
  readonly closed = this.#stop.signal;
  pending = 0;
  ended = false;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the server sends.
  readonly events: any[] = [];
  #wake: () => void = () => {};

  write(chunk: Uint8Array): boolean {
    for (const line of Buffer.from(chunk).toString().split('\n')) if (line !== '') this.events.push(JSON.parse(line));
    this.#wake();
    return true;
  }
  end(): void {
    this.ended = true;
    this.#stop.abort();
    this.#wake();
  }
  destroy(): void {
    this.end();
  }
  /** Resolves when so many events are there (or the watch ended). */
  async until(count: number, ms = 3_000): Promise<void> {
    const deadline = Date.now() + ms;
    while (this.events.length < count && !this.ended) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`only ${this.events.length} of ${count} events: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

export async function startHub(options: Partial<HubOptions> = {}): Promise<HubHarness> {
  const store = options.store ?? openSqliteStore(':memory:');
  const hub = await createHub({ profile: 'hub', ...options, store });

  const send = async (method: string, url: string, body: unknown, options: RequestOptions = {}) => {
    const [path = '', search = ''] = url.split('?');
    const query = new URLSearchParams(search);
    const info = parseRequestInfo(method, path, query);
    const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    return hub.handle({
      workspace: options.workspace ?? 'root',
      info,
      method,
      query,
      headers: {
        'user-agent': 'test/1.0',
        ...(options.accept === undefined ? {} : { accept: options.accept }),
        ...(body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
        ...options.headers,
      },
      body: Buffer.from(bytes),
      user: { name: 'tester', groups: [], extra: {} },
      signal: new AbortController().signal,
      auditId: 'audit',
      ...(options.annotate === undefined ? {} : { annotate: options.annotate }),
      ...(options.access === undefined ? {} : { access: options.access }),
    });
  };

  return {
    hub,
    store,
    async request(method, url, body, options) {
      try {
        const result = (await send(method, url, body, options)) as ApiResponse;
        const text = await readBody(result.body);
        return { status: result.status, headers: result.headers, text, json: parse(text) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { status: error.code, headers: {}, text: '', json: error.status };
      }
    },
    async watch(url, options) {
      const tap = new WatchTap();
      const result = (await send('GET', url, undefined, options)) as ApiResponse;
      (result.body as (sink: ByteSink) => void)(tap);
      return tap;
    },
    async close() {
      await hub.close();
      await store.close();
    },
  };
}

async function readBody(body: ApiResponse['body']): Promise<string> {
  if (typeof body === 'function') throw new Error('a stream');
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
