/**
 * What one cluster serves, last known: refreshed every half minute, soon after a CRD or APIService changed, and when the
 * cluster comes back. While it is down the last answer stands, with its age.
 */
import { createHash } from 'node:crypto';
import { clusterError } from './classify-error.ts';
import { type DiscoveredRoot, type DiscoveryFetch, fetchRoot, parseJson } from './discovery-fetch.ts';
import { type DiscoveryWatchOptions, watchDefinitions } from './discovery-watch.ts';
import type { ClusterDiscovery } from './downstream.ts';

export interface DiscoveryCacheOptions {
  readonly clusterName: string;
  readonly fetch: DiscoveryFetch;
  readonly watch: DiscoveryWatchOptions['watch'];
  readonly intervalMs: number;
  readonly now: () => number;
  /** Called when the content differs from what was known. */
  readonly onChange: () => void;
  /** Called when a CRD or APIService changed, whether or not the content does. */
  readonly onDefinitions: () => void;
}

export interface DiscoveryCache {
  current(): ClusterDiscovery | undefined;
  /** Rejects with the abort reason when either the signal or the cache ends first. */
  whenKnown(signal?: AbortSignal): Promise<ClusterDiscovery>;
  /** Asks again now; one round at a time. */
  refresh(): void;
  stop(): void;
}

/** Until the first success. */
const FIRST_RETRY_MS = 1_000;
/** A definition is served a moment after its event: asked again until then; unchanged answers are two 304s. */
const AFTER_CHANGE_MS = [100, 500, 1_500, 4_000];

interface Known {
  readonly core: DiscoveredRoot;
  readonly named: DiscoveredRoot;
  readonly discovery: ClusterDiscovery;
}

export function createDiscoveryCache(options: DiscoveryCacheOptions): DiscoveryCache {
  const stopped = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  let known: Known | undefined;
  let round: Promise<void> | undefined;
  let again = false;
  let waiting: ((discovery: ClusterDiscovery) => void)[] = [];

  async function once(): Promise<void> {
    const { signal } = stopped;
    const [core, named, version] = await Promise.all([
      fetchRoot(options.clusterName, '/api', options.fetch, known?.core, signal),
      fetchRoot(options.clusterName, '/apis', options.fetch, known?.named, signal),
      options.fetch('/version', { accept: 'application/json' }, signal),
    ]);
    const serverVersion = parseJson<Record<string, string>>(options.clusterName, '/version', version);
    if (typeof serverVersion.gitVersion !== 'string')
      throw clusterError(options.clusterName, 'garbage', '/version did not answer with a version');
    const unchanged =
      known !== undefined &&
      core === known.core &&
      named === known.named &&
      sameText(serverVersion, known.discovery.serverVersion);
    const discovery = unchanged
      ? { ...known!.discovery, asOf: options.now() }
      : toDiscovery(core, named, serverVersion, options.now());
    const changed = discovery.hash !== known?.discovery.hash;
    known = { core, named, discovery };
    for (const resolve of waiting.splice(0)) resolve(discovery);
    if (changed) options.onChange();
  }

  function refresh(): void {
    if (stopped.signal.aborted) return;
    if (round !== undefined) {
      again = true;
      return;
    }
    round = once()
      // The cluster's health says why; what was known stays.
      .catch(() => undefined)
      .finally(() => {
        round = undefined;
        if (again) {
          again = false;
          refresh();
        }
      });
  }

  function later(delayMs: number, run: () => void): void {
    if (stopped.signal.aborted) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timer.unref();
    timers.add(timer);
  }

  function periodically(): void {
    refresh();
    later(known === undefined ? FIRST_RETRY_MS : options.intervalMs, periodically);
  }

  let pending = false;
  function definitionsChanged(): void {
    if (pending) return;
    pending = true;
    for (const delay of AFTER_CHANGE_MS) later(delay, refresh);
    later(AFTER_CHANGE_MS[0]!, () => {
      pending = false;
      options.onDefinitions();
    });
  }

  later(0, periodically);
  watchDefinitions({
    watch: options.watch,
    fetch: options.fetch,
    onChange: definitionsChanged,
    signal: stopped.signal,
  });

  return {
    current: () => known?.discovery,
    refresh,
    whenKnown(signal) {
      if (known !== undefined) return Promise.resolve(known.discovery);
      return new Promise((resolve, reject) => {
        const end = AbortSignal.any([stopped.signal, ...(signal ? [signal] : [])]);
        const give = (discovery: ClusterDiscovery) => {
          end.removeEventListener('abort', giveUp);
          resolve(discovery);
        };
        const giveUp = () => {
          waiting = waiting.filter((each) => each !== give);
          reject(end.reason);
        };
        if (end.aborted) return giveUp();
        end.addEventListener('abort', giveUp, { once: true });
        waiting.push(give);
      });
    },
    stop() {
      stopped.abort();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

function toDiscovery(
  core: DiscoveredRoot,
  named: DiscoveredRoot,
  serverVersion: Record<string, string>,
  asOf: number,
): ClusterDiscovery {
  const all = [...core.groups, ...named.groups];
  const resources = all.flatMap(({ versions }) => versions.flatMap((version) => version.resources));
  const groups = all.map(({ name, versions }) => ({ name, versions: versions.map(({ version }) => version) }));
  const hash = createHash('sha256')
    .update(JSON.stringify([groups, resources, serverVersion]))
    .digest('base64url');
  return { resources, groups, serverVersion, hash, asOf };
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
