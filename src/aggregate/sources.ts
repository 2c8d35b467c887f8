/** What a workspace's discovery and OpenAPI are merged from, and when two workspaces share one answer. */
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import type { ServedType } from '../hub/openapi/served-type.ts';

/** The hub's side: the kinds a workspace may author. The same array for as long as nothing changed. */
export interface HubKinds {
  definitions(workspace: string): Promise<readonly ServedType[]>;
}

export interface WorkspaceSources {
  /** Undefined in a slice of one cluster. */
  readonly hub: readonly ServedType[] | undefined;
  readonly clusters: readonly Downstream[];
}

/** `onlyCluster` narrows to one SyncTarget; a name that the workspace has not gives no cluster. */
export async function sourcesOf(
  hub: HubKinds,
  registry: ClusterRegistry,
  workspace: string,
  onlyCluster: string | undefined,
): Promise<WorkspaceSources> {
  if (onlyCluster === undefined) {
    return { hub: await hub.definitions(workspace), clusters: registry.visibleTo(workspace) };
  }
  const cluster = registry.get(workspace, onlyCluster);
  return { hub: undefined, clusters: cluster === undefined ? [] : [cluster] };
}

/** Of one connection: a cluster whose endpoint changed is another, whatever it is called. */
export function connectionId(downstream: Downstream): number {
  const known = ids.get(downstream) ?? ++lastId;
  ids.set(downstream, known);
  return known;
}
const ids = new WeakMap<Downstream, number>();
let lastId = 0;

/** A cluster that does not answer is shown as it last was. */
export const isLive = (downstream: Downstream): boolean => {
  const { state } = downstream.health();
  return state === 'Healthy' || state === 'Degraded';
};

/** Caches made of sources are kept as long as the hub's list of kinds is: idle workspaces hold nothing. */
export class BySources<T> {
  #byHub = new WeakMap<object, Map<string, T>>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `key` says what else the value depends on. The oldest of a hub list's values make room. */
  get(hub: object | undefined, key: string, make: () => T): T {
    const anchor = hub ?? NO_HUB;
    const values = this.#byHub.get(anchor) ?? new Map<string, T>();
    this.#byHub.set(anchor, values);
    let value = values.get(key);
    if (value === undefined) value = make();
    else values.delete(key);
    values.set(key, value);
    if (values.size > this.#limit) values.delete(values.keys().next().value as string);
    return value;
  }

  /** A cluster left: whatever was made of it would hold its connection and caches. The rest is made again when asked for. */
  clear(): void {
    this.#byHub = new WeakMap();
  }
}

const NO_HUB = {};
