/** HubInformers over a hub in this process: its catalog says which kinds there are, and is asked again when CRDs change. */
import { groupResourceName, type ResourceInfo } from '../kube/resource.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { Hub } from './hub.ts';
import type { HubInformers } from './informers.ts';

const CRDS = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

export interface LiveHubInformers extends HubInformers {
  /** Reads the catalog again: for kinds that come from elsewhere than CRDs. */
  refresh(): void;
}

/** Resolves when the kinds are known. Follows them until the signal aborts. */
export async function createHubInformers(
  hub: Pick<Hub, 'informer' | 'catalog'>,
  signal: AbortSignal,
  log: Logger,
): Promise<LiveHubInformers> {
  const listeners = new Set<() => void>();
  let kinds: readonly ResourceInfo[] = await readKinds(hub);
  let reading = false;
  let again = false;

  async function refresh(): Promise<void> {
    again = true;
    if (reading) return;
    reading = true;
    while (again && !signal.aborted) {
      again = false;
      try {
        const now = await readKinds(hub);
        const changed = JSON.stringify(now) !== JSON.stringify(kinds);
        kinds = now;
        if (changed) for (const listener of listeners) listener();
      } catch (err) {
        log.warn({ err }, 'the kinds of the hub could not be read');
      }
    }
    reading = false;
  }

  if (kinds.some((kind) => groupResourceName(kind) === groupResourceName(CRDS))) {
    const crds = hub.informer(CRDS);
    await crds.whenSynced();
    const stop = crds.subscribe(() => void refresh());
    signal.addEventListener('abort', stop, { once: true });
  }
  return {
    informer: (resource) => hub.informer(resource),
    kinds: () => kinds,
    onKindsChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    refresh: () => void refresh(),
  };
}

/** What can be listed and watched, each resource once. */
async function readKinds({ catalog }: Pick<Hub, 'catalog'>): Promise<readonly ResourceInfo[]> {
  const all = await catalog.of('*');
  const kinds = new Map<string, ResourceInfo>();
  for (const { info } of all.definitions) {
    const name = groupResourceName(info);
    if (kinds.has(name) || !info.verbs.includes('watch')) continue;
    kinds.set(name, all.preferred(info)?.info ?? info);
  }
  return [...kinds.values()];
}
