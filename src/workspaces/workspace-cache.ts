/**
 * Facts derived from hub objects, read when first asked for and forgotten when the objects change. One wildcard watch
 * per resource serves all workspaces; an idle workspace costs nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { HubClient } from '../hub/client.ts';
import { listPages } from '../hub/list-pages.ts';
import type { GroupResource } from '../kube/resource.ts';

export interface WorkspaceCache<T extends object> {
  get(key: string): Promise<T>;
  /** Resolves when changes are being watched: from then on answers are kept. */
  whenWatching(): Promise<void>;
}

export interface WorkspaceCacheOptions<T extends object> {
  readonly hub: Pick<HubClient, 'list' | 'pages' | 'watch'>;
  readonly resources: readonly GroupResource[];
  readonly load: (key: string) => Promise<T>;
  /** The key whose value a change of this object makes wrong; default: its workspace. */
  readonly keyOf?: (workspace: string, objectName: string) => string;
  /** Rough size in bytes of what `load` gave. */
  readonly sizeOf: (value: T) => number;
  readonly maxBytes: number;
  /** Told when a value may be another one from now on: its key, undefined for all. */
  readonly onChange?: (key: string | undefined) => void;
  /** Ends the watches. */
  readonly signal: AbortSignal;
  readonly onError?: (error: unknown) => void;
}

/** Any workspace will do to learn where a watch may begin: the hub has one revision counter. */
const ANY_WORKSPACE = 'root';
const RETRY_MS = 250;

export function createWorkspaceCache<T extends object>(options: WorkspaceCacheOptions<T>): WorkspaceCache<T> {
  const { hub, resources, signal, keyOf = (workspace: string) => workspace } = options;
  const kept = new LRUCache<string, T>({
    maxSize: options.maxBytes,
    sizeCalculation: (value) => Math.max(1, options.sizeOf(value)),
  });
  const loading = new Map<string, Promise<T>>();
  const live = new Set<GroupResource>();

  /** A load under way may have read from before the change: whoever asked gets it, nobody after. */
  const forget = (key: string) => {
    kept.delete(key);
    loading.delete(key);
    options.onChange?.(key);
  };
  const forgetAll = () => {
    kept.clear();
    loading.clear();
    options.onChange?.(undefined);
  };

  function load(key: string): Promise<T> {
    const loaded = options.load(key).then(
      (value) => {
        const current = loading.get(key) === loaded;
        if (current) loading.delete(key);
        if (current && live.size === resources.length) kept.set(key, value);
        return value;
      },
      (error) => {
        if (loading.get(key) === loaded) loading.delete(key);
        throw error;
      },
    );
    loading.set(key, loaded);
    return loaded;
  }

  async function follow(resource: GroupResource, started: () => void): Promise<void> {
    // Of the list itself nothing is read.
    const { resourceVersion } = await listPages(hub, ANY_WORKSPACE, resource);
    forgetAll();
    live.add(resource);
    started();
    for await (const { workspace, object } of hub.watch('*', resource, { resourceVersion }, signal)) {
      forget(keyOf(workspace, object.metadata.name ?? ''));
    }
  }

  async function keepFollowing(resource: GroupResource, started: () => void): Promise<void> {
    while (!signal.aborted) {
      await follow(resource, started).catch((error) => {
        if (!signal.aborted) options.onError?.(error);
      });
      live.delete(resource);
      forgetAll();
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
    started();
  }

  const watching = Promise.all(
    resources.map((resource) => new Promise<void>((started) => void keepFollowing(resource, started))),
  );
  return {
    get: async (key) => kept.get(key) ?? (await (loading.get(key) ?? load(key))),
    whenWatching: async () => void (await watching),
  };
}
