/** Calls to a cluster that is being joined, with failures in words for people. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterRegistration } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { CredentialSource } from './credentials.ts';
import { parseEndpoint } from './endpoint.ts';
import { isManaged, type JoinManifest } from './join-manifests.ts';
import { readWhole } from './response-body.ts';
import { createTransport } from './transport.ts';

export type EndpointSpec = ClusterRegistration['spec']['endpoint'];

const DEADLINE_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** As client-go: a server that says when to come again (429, 503 with Retry-After) is asked again, so many times. */
const MAX_RETRIES = 10;
const MAX_RETRY_AFTER_MS = 10_000;

/** What went wrong and what to do, in one sentence; holds no credential. */
export class JoinError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'JoinError';
  }
}

export interface ClusterCalls {
  /** Parsed JSON; undefined for 404. Throws JoinError, naming what was tried. */
  call(method: string, path: string, toDo: string, body?: object, accept?: string): Promise<unknown>;
  apply(manifest: JoinManifest): Promise<void>;
  /** False when there was nothing of ours. */
  remove(manifest: JoinManifest): Promise<boolean>;
  close(): void;
}

export function clusterCalls(
  {
    name,
    signal,
    intent = 'join',
  }: { readonly name: string; readonly signal?: AbortSignal; readonly intent?: 'join' | 'leave' },
  endpoint: EndpointSpec,
  credentials: CredentialSource,
): ClusterCalls {
  const transport = createTransport({
    clusterName: name,
    endpoint: parseEndpoint(endpoint),
    credentials,
    impersonateUsers: false,
    deadlineMs: DEADLINE_MS,
    connectTimeoutMs: DEADLINE_MS / 2,
    maxSockets: 2,
  });

  async function call(
    method: string,
    path: string,
    toDo: string,
    body?: object,
    accept = 'application/json',
  ): Promise<unknown> {
    const failed = (why: string, cause?: unknown) =>
      new JoinError(`Cannot ${intent} "${name}": cannot ${toDo}: ${why}`, cause);
    const contentType = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
    const request = {
      method,
      path,
      headers: { accept, 'content-type': contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    };
    const ask = (): Promise<Answer> =>
      transport
        .send(request)
        .then(async ({ status, headers, body: bytes }) => {
          const text = await readWhole(name, bytes, MAX_BYTES, DEADLINE_MS);
          return { status, text, retryAfterMs: retryAfter(status, headers) };
        })
        .catch((error: Error) => {
          throw failed(error.message, error);
        });
    let answer = await ask();
    for (let tries = 0; answer.retryAfterMs !== undefined && tries < MAX_RETRIES; tries++) {
      await sleep(answer.retryAfterMs, undefined, { signal });
      answer = await ask();
    }
    if (answer.status === 404) return undefined;
    const parsed = parse(answer.text);
    if (answer.status >= 400 || parsed === undefined) {
      throw failed((parsed as { message?: string })?.message ?? `the cluster answered ${answer.status}`);
    }
    return parsed;
  }

  return {
    call,
    async apply({ path, what, object }) {
      const applied = await call('PATCH', `${path}?fieldManager=tmc-join&force=true`, `apply ${what}`, object);
      if (applied === undefined) throw new JoinError(`Cannot join "${name}": the cluster does not serve ${path}`);
    },
    async remove({ path, what }) {
      const found = (await call('GET', path, `read ${what}`)) as KubeObject | undefined;
      // A namespace that somebody else made may hold what is not ours.
      if (found === undefined || !isManaged(found)) return false;
      await call('DELETE', path, `delete ${what}`);
      return true;
    },
    close: () => transport.destroy(),
  };
}

interface Answer {
  readonly status: number;
  readonly text: Buffer;
  /** Undefined where it does not ask to come again. */
  readonly retryAfterMs: number | undefined;
}

/** `Retry-After` in whole seconds, as API servers give it (RFC 9110 §10.2.3); one that is starting says 429 so for a kind whose storage is not ready yet. */
function retryAfter(status: number, headers: Readonly<Record<string, string>>): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  if ((status !== 429 && status < 500) || !Number.isInteger(seconds) || seconds < 0) return undefined;
  return Math.min(seconds * 1_000, MAX_RETRY_AFTER_MS);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
