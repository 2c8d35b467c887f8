/** Which kinds a hub of another process stores: its discovery over all workspaces. */
import { type DiscoveredRoot, type DiscoveryFetch, fetchRoot } from '../clusters/discovery-fetch.ts';
import { groupResourceName, type ResourceInfo } from '../kube/resource.ts';

const NEEDED_VERBS = ['list', 'watch', 'patch'];

/** Reads again at each call, cheaply when nothing changed. Throws ClusterError. */
export function hubKinds(fetch: DiscoveryFetch): (signal: AbortSignal) => Promise<readonly ResourceInfo[]> {
  const known = new Map<string, DiscoveredRoot>();
  return async (signal) => {
    const kinds = new Map<string, ResourceInfo>();
    for (const root of ['/api', '/apis'] as const) {
      const found = await fetchRoot('hub', root, fetch, known.get(root), signal);
      known.set(root, found);
      for (const info of found.groups.flatMap(({ versions }) => versions.flatMap(({ resources }) => resources))) {
        const name = groupResourceName(info);
        // Versions come in the order of preference.
        if (!kinds.has(name) && NEEDED_VERBS.every((verb) => info.verbs.includes(verb))) kinds.set(name, info);
      }
    }
    return [...kinds.values()];
  };
}
