/**
 * Keeps each connection's credentials equal to its Secret. One wildcard watch of Secrets is filtered by an index of those
 * that are referenced: nothing of the others is kept.
 */
import { createHash } from 'node:crypto';
import type { HubClient } from '../hub/client.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type CredentialSource, credentialsFromSecret } from './credentials.ts';
import { CLUSTER_REGISTRATIONS, SECRETS } from './kinds.ts';

export interface SecretRef {
  readonly workspace: string;
  readonly namespace: string;
  readonly name: string;
}

export interface CredentialStoreOptions {
  readonly client: Pick<HubClient, 'get' | 'list' | 'watch'>;
  readonly trustKubeconfig: boolean;
  readonly now: () => number;
  readonly log: Logger;
}

export interface CredentialStore {
  /** Calls `apply` with the Secret's credentials (or why there are none), now and whenever they change. Returns release. */
  follow(ref: SecretRef, apply: (credentials: CredentialSource | string) => void): () => void;
  /** Resolves when every follower so far has been served once. */
  whenServed(): Promise<void>;
  close(): void;
}

interface Follower {
  readonly ref: SecretRef;
  readonly apply: (credentials: CredentialSource | string) => void;
  /** Of the data last applied: an annotation on the Secret must not reconnect. */
  applied: string | undefined;
  turn: number;
}

const RETRY_MS = 1_000;

export function createCredentialStore(options: CredentialStoreOptions): CredentialStore {
  const { client, log } = options;
  const closed = new AbortController();
  const followers = new Map<string, Set<Follower>>();
  const serving = new Set<Promise<void>>();

  /** The turn guards against an older read that ends after a newer one. */
  async function serve(follower: Follower, given?: KubeObject | 'deleted'): Promise<void> {
    follower.turn += 1;
    const { turn, ref } = follower;
    const secret = given ?? (await client.get({ ...SECRETS, ...ref }));
    const data = secret === undefined || secret === 'deleted' ? undefined : secretData(secret);
    const fingerprint = data === undefined ? 'missing' : hashOf(data);
    if (fingerprint === follower.applied) return;
    const credentials = await toCredentials(ref, data);
    if (turn !== follower.turn || closed.signal.aborted) return;
    follower.applied = fingerprint;
    follower.apply(credentials);
  }

  async function toCredentials(
    ref: SecretRef,
    data: Record<string, Buffer> | undefined,
  ): Promise<CredentialSource | string> {
    const named = `Secret ${ref.namespace}/${ref.name}`;
    if (data === undefined) return `${named} does not exist`;
    try {
      return await credentialsFromSecret(data, options);
    } catch (error) {
      return `${named}: ${error instanceof Error ? error.message : 'unusable'}`;
    }
  }

  function start(follower: Follower, secret?: KubeObject | 'deleted'): void {
    const work = serve(follower, secret)
      .catch((error: unknown) => {
        log.warn({ secret: follower.ref, err: error }, 'cannot read the credentials of a cluster');
        setTimeout(() => isFollowed(follower) && start(follower), RETRY_MS).unref();
      })
      .finally(() => serving.delete(work));
    serving.add(work);
  }

  const isFollowed = (follower: Follower): boolean =>
    !closed.signal.aborted && followers.get(keyOf(follower.ref))?.has(follower) === true;

  /** From the version of a list of registrations: one revision counter serves all resources of the hub. */
  async function watchSecrets(): Promise<void> {
    const { resourceVersion } = await client.list('*', CLUSTER_REGISTRATIONS);
    for (const set of followers.values()) for (const follower of set) start(follower);
    for await (const event of client.watch('*', SECRETS, { resourceVersion }, closed.signal)) {
      const { metadata } = event.object;
      const ref = { workspace: event.workspace, namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
      for (const follower of followers.get(keyOf(ref)) ?? []) {
        start(follower, event.type === 'DELETED' ? 'deleted' : event.object);
      }
    }
  }

  async function watchForever(): Promise<void> {
    while (!closed.signal.aborted) {
      try {
        await watchSecrets();
      } catch (error) {
        if (closed.signal.aborted) return;
        const compacted = error instanceof ApiError && error.code === 410;
        if (!compacted) log.warn({ err: error }, 'the watch of cluster credentials failed; it starts again');
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }
  void watchForever();

  return {
    follow(ref, apply) {
      const follower: Follower = { ref, apply, applied: undefined, turn: 0 };
      const key = keyOf(ref);
      const set = followers.get(key) ?? new Set();
      followers.set(key, set.add(follower));
      start(follower);
      return () => {
        set.delete(follower);
        if (set.size === 0 && followers.get(key) === set) followers.delete(key);
      };
    },
    async whenServed() {
      await Promise.allSettled([...serving]);
    },
    close: () => closed.abort(),
  };
}

const keyOf = ({ workspace, namespace, name }: SecretRef): string => `${workspace}|${namespace}|${name}`;

function secretData(secret: KubeObject): Record<string, Buffer> {
  const data = Object.entries((secret.data ?? {}) as Record<string, string>);
  return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

function hashOf(data: Record<string, Buffer>): string {
  const hash = createHash('sha256');
  for (const key of Object.keys(data).sort()) hash.update(`${key}\0${data[key]!.length}\0`).update(data[key]!);
  return hash.digest('base64');
}
