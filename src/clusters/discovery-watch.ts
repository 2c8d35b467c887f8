/** Notices that a cluster's CRDs or APIServices changed: a watch of their metadata whose content is not even parsed. */
import type { DiscoveryFetch } from './discovery-fetch.ts';
import type { DownstreamResponse } from './downstream.ts';

export interface DiscoveryWatchOptions {
  readonly fetch: DiscoveryFetch;
  readonly watch: (path: string, headers: Record<string, string>, signal: AbortSignal) => Promise<DownstreamResponse>;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
}

const COLLECTIONS = [
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/apis/apiregistration.k8s.io/v1/apiservices',
];
const METADATA = { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json' };
const METADATA_LIST = { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json' };
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** Not served there, or not allowed: the periodic refresh has to do. Looked at again now and then. */
const DENIED_DELAY_MS = 300_000;

/** Runs until the signal aborts. */
export function watchDefinitions(options: DiscoveryWatchOptions): void {
  for (const collection of COLLECTIONS) void watchForever(collection, options);
}

async function watchForever(collection: string, options: DiscoveryWatchOptions): Promise<void> {
  let delay = FIRST_DELAY_MS;
  while (!options.signal.aborted) {
    const outcome = await watchOnce(collection, options).catch(() => 'failed' as const);
    if (outcome === 'ended') delay = FIRST_DELAY_MS;
    await pause(outcome === 'denied' ? DENIED_DELAY_MS : delay, options.signal);
    if (outcome === 'failed') delay = Math.min(delay * 2, MAX_DELAY_MS);
  }
}

/** Begins at the collection's present version, so that nothing is replayed; a change before that is found by refreshing. */
async function watchOnce(collection: string, options: DiscoveryWatchOptions): Promise<'ended' | 'denied'> {
  const { fetch, watch, onChange, signal } = options;
  const list = await fetch(`${collection}?limit=1`, METADATA_LIST, signal);
  if (list.status === 403 || list.status === 404) return 'denied';
  if (list.status !== 200) throw new Error(`${collection} answered ${list.status}`);
  const { metadata } = JSON.parse(list.body.toString('utf8')) as { metadata: { resourceVersion: string } };
  const version = encodeURIComponent(metadata.resourceVersion);
  const response = await watch(
    `${collection}?watch=true&timeoutSeconds=590&resourceVersion=${version}`,
    METADATA,
    signal,
  );
  if (response.status !== 200) {
    response.body.destroy();
    throw new Error(`${collection} answered ${response.status}`);
  }
  onChange();
  for await (const _event of response.body) onChange();
  return 'ended';
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    timer.unref();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
