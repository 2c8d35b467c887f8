/**
 * The clusters' own OpenAPI documents. Indices are asked for again when they are a second old (a 304 mostly); documents
 * are kept by content: clusters of one version share them. A cluster that does not answer is as it last was.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Downstream } from '../clusters/downstream.ts';

export interface ClusterOpenApiIndex {
  /** Hash of each document, by its path below /openapi/v3; '' where the cluster gives none. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Where to ask for it, below the cluster's API root. */
  readonly urls: ReadonlyMap<string, string>;
  /** Changes when any document does. */
  readonly hash: string;
}

export interface ClusterV2 {
  readonly bytes: Buffer;
  readonly etag: string;
}

export type V2Form = 'json' | 'protobuf';

/** How long a cluster may hold up an answer by what it never told: alone, or where others have something to say. */
export type Patience = keyof typeof FIRST_MS;

export interface OpenApiSources {
  /** Undefined when the cluster has not told yet. */
  index(downstream: Downstream, patience: Patience): Promise<ClusterOpenApiIndex | undefined>;
  /** JSON bytes of one v3 document; undefined when it cannot be had now. */
  document(downstream: Downstream, path: string, patience: Patience): Promise<Buffer | undefined>;
  /** The whole v2 document; undefined when it cannot be had now. */
  v2(downstream: Downstream, form: V2Form, patience: Patience): Promise<ClusterV2 | undefined>;
}

const FRESH_MS = 1_000;
const DEADLINE_MS = 5_000;
const INDEX_DEADLINE_MS = 2_000;
/** Counted from the first question: one from which nothing comes holds up each thing once. The question goes on for those who come later. */
const FIRST_MS = { alone: DEADLINE_MS, amongOthers: 1_000 } as const;
/** What is known is shown when the cluster takes longer than this to say whether it still holds. */
const PATIENCE_MS = 700;
/** A document that drips is given up, so that the next attempt can be a good one. */
const WHOLE_MS = 30_000;
const MAX_BYTES = 96 * 1024 * 1024;
const ACCEPT_V2: Readonly<Record<V2Form, string>> = {
  json: 'application/json',
  protobuf: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
};

interface Kept<T> {
  value: T | undefined;
  etag: string | undefined;
  checkedAt: number;
  /** When it was first asked, or asked again after an answer. */
  askedSince: number | undefined;
  asking: Promise<T | undefined> | undefined;
}

export function createOpenApiSources(now: () => number = Date.now): OpenApiSources {
  const indices = new WeakMap<Downstream, Kept<ClusterOpenApiIndex>>();
  const v2s: Readonly<Record<V2Form, WeakMap<Downstream, Kept<string>>>> = {
    json: new WeakMap(),
    protobuf: new WeakMap(),
  };
  const bytes = new LRUCache<string, Buffer>({ maxSize: MAX_BYTES, sizeCalculation: (value) => value.length + 1 });
  const fetching = new Map<string, Promise<Buffer | undefined>>();

  const index = (downstream: Downstream, patience: Patience) =>
    revalidated(indices, downstream, patience, async (known) => {
      const answer = await ask(downstream, '/openapi/v3', 'application/json', known.etag, INDEX_DEADLINE_MS);
      if (answer.status === 304) return known.value;
      if (answer.status !== 200) return undefined;
      known.etag = answer.headers.etag;
      return parseIndex(answer.body);
    });

  async function document(downstream: Downstream, path: string, patience: Patience): Promise<Buffer | undefined> {
    const known = await index(downstream, patience);
    const url = known?.urls.get(path);
    if (known === undefined || url === undefined) return undefined;
    const hash = known.hashes.get(path) ?? '';
    const ofCluster = `${downstream.key} ${path} ${hash}`;
    const kept = bytes.get(hash) ?? bytes.get(ofCluster);
    if (kept !== undefined && hash !== '') return kept;
    return coalesced(ofCluster, patience, async () => {
      const answer = await ask(downstream, url, 'application/json', undefined, DEADLINE_MS);
      if (answer.status !== 200) return undefined;
      // A cluster may claim another's hash: only what really has it is shared with other clusters.
      bytes.set(sha512(answer.body) === hash ? hash : ofCluster, answer.body);
      return answer.body;
    });
  }

  async function v2(downstream: Downstream, form: V2Form, patience: Patience): Promise<ClusterV2 | undefined> {
    // Quickly answered by a cluster that does not hang.
    if (!v2s[form].has(downstream)) void index(downstream, patience);
    const keyOf = (etag: string) => `v2 ${form} ${downstream.key} ${etag}`;
    const etag = await revalidated(v2s[form], downstream, patience, async (known) => {
      const has = known.etag !== undefined && bytes.has(keyOf(known.etag));
      const answer = await ask(downstream, '/openapi/v2', ACCEPT_V2[form], has ? known.etag : undefined, DEADLINE_MS);
      if (answer.status === 304) return known.etag;
      if (answer.status !== 200) return undefined;
      known.etag = answer.headers.etag ?? sha512(answer.body);
      bytes.set(keyOf(known.etag), answer.body);
      return known.etag;
    });
    const kept = etag === undefined ? undefined : bytes.get(keyOf(etag));
    return etag === undefined || kept === undefined ? undefined : { bytes: kept, etag };
  }

  /** One question at a time per cluster; a failure leaves the last answer. */
  async function revalidated<T>(
    cache: WeakMap<Downstream, Kept<T>>,
    downstream: Downstream,
    patience: Patience,
    askAgain: (known: Kept<T>) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const known = cache.get(downstream) ?? {
      value: undefined,
      etag: undefined,
      checkedAt: -Infinity,
      askedSince: undefined,
      asking: undefined,
    };
    cache.set(downstream, known);
    if (now() - known.checkedAt < FRESH_MS || downstream.health().state === 'Unhealthy') return known.value;
    known.askedSince ??= now();
    known.asking ??= askAgain(known)
      .catch(() => undefined)
      .then((value) => {
        known.value = value ?? known.value;
        known.checkedAt = now();
        if (value !== undefined) known.askedSince = undefined;
        known.asking = undefined;
        return known.value;
      });
    if (known.value !== undefined) return within(PATIENCE_MS, known.asking, () => known.value);
    const { asking, askedSince } = known;
    const left = (ms: number): number => Math.max(0, askedSince + ms - now());
    return within(left(FIRST_MS[patience]), asking, () =>
      isHeardSince(downstream, askedSince) ? within(left(DEADLINE_MS), asking, () => undefined) : undefined,
    );
  }

  function coalesced(
    key: string,
    patience: Patience,
    run: () => Promise<Buffer | undefined>,
  ): Promise<Buffer | undefined> {
    let running = fetching.get(key);
    if (running === undefined) {
      running = run()
        .catch(() => undefined)
        .finally(() => fetching.delete(key));
      fetching.set(key, running);
    }
    return within(FIRST_MS[patience], running, () => undefined);
  }

  return { index, document, v2 };
}

const ask = (downstream: Downstream, path: string, accept: string, etag: string | undefined, deadlineMs: number) =>
  downstream.fetch({
    method: 'GET',
    path,
    headers: { accept, ...(etag ? { 'if-none-match': etag } : {}) },
    deadlineMs,
    signal: AbortSignal.timeout(WHOLE_MS),
  });

/** It does not hang, it works on the answer: a large document takes an API server seconds the first time. Its index may have come a moment before. */
const isHeardSince = (downstream: Downstream, since: number): boolean =>
  (downstream.health().lastContact ?? 0) > since - FRESH_MS;

/** What the promise gives, or what there is when it takes too long; it goes on for those who come later. */
function within<T>(ms: number, promise: Promise<T>, otherwise: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise()), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const sha512 = (content: Uint8Array): string => createHash('sha512').update(content).digest('hex').toUpperCase();

/** Throws where the body is not an index; entries that are none are left out. */
function parseIndex(body: Buffer): ClusterOpenApiIndex {
  const { paths } = JSON.parse(body.toString('utf8')) as { paths: Record<string, { serverRelativeURL?: unknown }> };
  const urls = new Map<string, string>();
  const hashes = new Map<string, string>();
  for (const [path, entry] of Object.entries(paths)) {
    const url = entry?.serverRelativeURL;
    if (typeof url !== 'string') continue;
    // Behind a prefix of its own (a proxy in front of the cluster) the URL begins with that prefix, which is not ours to send.
    const at = url.indexOf('/openapi/v3/');
    if (at < 0) continue;
    urls.set(path, url.slice(at));
    hashes.set(path, /[?&]hash=([^&]*)/.exec(url)?.[1] ?? '');
  }
  return { urls, hashes, hash: sha512(Buffer.from(JSON.stringify([...hashes]))) };
}
