/** Plain requests to a test cluster, as the administrator unless told otherwise. */
import { Agent, request } from 'undici';
import type { KubeObject } from '../../src/kube/object.ts';
import type { KeyAndCert } from './certs.ts';

export interface FetchInit {
  readonly method?: string;
  /** Objects are sent as JSON. */
  readonly body?: object | string | Uint8Array;
  /** `content-type` defaults to `application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A bearer token other than the administrator's; `null` for none. */
  readonly token?: string | null;
  /** Default 30 s. */
  readonly timeoutMs?: number;
}

export interface KubeResponse<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body parsed; `undefined` when it is not JSON. */
  readonly json: T;
}

export class ApiClient {
  readonly url: string;
  /** For calls that need more than `fetch`, such as watches: it trusts the cluster's CA. */
  readonly dispatcher: Agent;
  readonly #adminToken: string | null;

  /** Who the administrator is: a token or a certificate. With neither, each request says whose it is. */
  constructor(options: { url: string; caPem: string; adminToken?: string; adminCert?: KeyAndCert }) {
    this.url = options.url;
    const { adminCert } = options;
    const own = adminCert === undefined ? {} : { cert: adminCert.certPem, key: adminCert.keyPem };
    this.dispatcher = new Agent({ connect: { ca: options.caPem, ...own } });
    this.#adminToken = options.adminToken ?? null;
  }

  /** The header that says who the administrator is; none where a certificate does. */
  get credentials(): Record<string, string> {
    return this.#adminToken === null ? {} : { authorization: `Bearer ${this.#adminToken}` };
  }

  async fetch<T = KubeObject>(path: string, init: FetchInit = {}): Promise<KubeResponse<T>> {
    const { token = this.#adminToken } = init;
    const signal = AbortSignal.timeout(init.timeoutMs ?? 30_000);
    const answer = this.#request(path, init, token, signal);
    // undici leaves an aborted request waiting while its connection is being made; a stopped server accepts none.
    return (await Promise.race([answer, rejectOn(signal)])) as KubeResponse<T>;
  }

  async #request(
    path: string,
    init: FetchInit,
    token: string | null,
    signal: AbortSignal,
  ): Promise<KubeResponse<unknown>> {
    const { body } = init;
    const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
    const response = await request(this.url + path, {
      dispatcher: this.dispatcher,
      method: (init.method ?? 'GET') as 'GET',
      body: raw ? (body ?? null) : JSON.stringify(body),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...init.headers,
      },
      signal,
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text, json: parse(text) };
  }

  /** @throws Error with the server's Status message when the answer is not 2xx. */
  async fetchOk<T = KubeObject>(path: string, init: FetchInit = {}): Promise<T> {
    const { status, json, text } = await this.fetch<T>(path, init);
    if (status >= 300) throw new Error(`${init.method ?? 'GET'} ${path}: ${status} ${text.slice(0, 500)}`);
    return json;
  }

  close(): Promise<void> {
    return this.dispatcher.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
}
