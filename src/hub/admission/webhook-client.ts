/**
 * The HTTPS call to a webhook: certificate verified against its caBundle or the system's authorities, HTTP/1.1 over kept
 * connections, no redirects, a bounded answer, and only to addresses that the operator's policy lets tenants reach.
 */
import { lookup as resolve } from 'node:dns';
import { Agent, type RequestOptions, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';
import { type AddressCheck, type AddressPolicy, addressCheck } from './allowed-address.ts';
import { goNetworkError } from './go-network-error.ts';
import type { WebhookClientConfig, WebhookService } from './webhook-configuration.ts';

/** A webhook could not be asked; the message is the reason, in kube-apiserver's words. */
export class WebhookCallError extends Error {}

export interface WebhookAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface WebhookCall {
  readonly workspace: string;
  readonly clientConfig: WebhookClientConfig;
  /** JSON. */
  readonly body: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** Throws WebhookCallError. */
export type WebhookClient = (call: WebhookCall) => Promise<WebhookAnswer>;

/** Reaches a Service of a workspace, wherever it runs; same contract. Absent: such webhooks cannot be called. */
export type ServiceCaller = (call: WebhookCall & { readonly service: WebhookService }) => Promise<WebhookAnswer>;

export interface WebhookClientOptions extends AddressPolicy {
  readonly callService?: ServiceCaller;
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Connections to one webhook: slow ones must not use up the process's sockets. */
const MAX_SOCKETS = 32;
const MAX_AGENTS = 200;

export interface ClosableWebhookClient {
  readonly call: WebhookClient;
  close(): void;
}

export function createWebhookClient(options: WebhookClientOptions): ClosableWebhookClient {
  const check = addressCheck(options);
  const agents = new LRUCache<string, Agent>({ max: MAX_AGENTS, dispose: (agent) => agent.destroy() });
  // Tenants never share connections: what one trusts is nothing to another.
  const agentFor = ({ workspace, clientConfig }: WebhookCall): Agent => {
    const key = `${workspace}|${clientConfig.caBundle ?? ''}`;
    const known = agents.get(key);
    if (known !== undefined) return known;
    const { caBundle } = clientConfig;
    const ca = caBundle ? { ca: Buffer.from(caBundle, 'base64').toString('utf8') } : {};
    const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, ...ca });
    agents.set(key, agent);
    return agent;
  };
  return {
    async call(call) {
      const { service, url } = call.clientConfig;
      if (service !== undefined) {
        if (options.callService === undefined)
          throw new WebhookCallError(
            `no cluster of the workspace can be asked for service ${service.namespace}/${service.name}`,
          );
        return options.callService({ ...call, service });
      }
      return post(new URL(url as string), call, agentFor(call), check);
    },
    close: () => agents.clear(),
  };
}

function post(url: URL, call: WebhookCall, agent: Agent, check: AddressCheck): Promise<WebhookAnswer> {
  const target = new URL(url);
  target.searchParams.set('timeout', `${call.timeoutSeconds}s`);
  const hostname = target.hostname.replace(/^\[|\]$/g, '');
  const why = (reason: string): WebhookCallError => new WebhookCallError(`Post "${target}": ${reason}`);
  const allowed = check.host(hostname);
  if (allowed === 'refused') return Promise.reject(why(refusal(hostname)));
  const request: RequestOptions = {
    agent,
    method: 'POST',
    headers: {
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(call.body),
      'user-agent': 'kube-apiserver-admission',
    },
    ...(allowed === 'by address' ? { lookup: checkedLookup(check) } : {}),
    signal: call.signal,
  };
  return new Promise((settle, reject) => {
    const fail = (error: unknown): void => {
      // The webhook closed a kept connection as we took it.
      if (sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && !call.signal.aborted)
        settle(post(url, call, agent, check));
      else reject(why(call.signal.aborted ? 'context deadline exceeded' : goNetworkError(error, hostname)));
    };
    const sent = requestHttps(target, request, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= MAX_ANSWER_BYTES) chunks.push(chunk);
        else response.destroy(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
      });
      response.on('error', fail);
      response.on('end', () =>
        settle({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on('error', fail);
    sent.end(call.body);
  });
}

const refusal = (host: string): string =>
  `dial tcp ${host}: this gateway does not call webhooks at internal addresses; its operator can allow the host (admissionWebhooks.allowedHosts)`;

/** Resolves as the connection will be made: no second resolution that could answer otherwise. */
function checkedLookup(check: AddressCheck): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const good = addresses.filter(({ address }) => check.address(address));
      const [first] = good;
      if (first === undefined) return callback(new Error(refusal(hostname)), '', 0);
      if (options.all === true) callback(null, good);
      else callback(null, first.address, first.family);
    });
  };
}
