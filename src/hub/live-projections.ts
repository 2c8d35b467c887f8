/** The hub's ResourceProjections by workspace, live. Workspaces that have none cost nothing. */
import type { HubInformer, InformerEvent } from './client.ts';
import { inOrder } from './kinds/projection-rules.ts';
import type { ResourceProjection } from './kinds/resource-projection.ts';

export interface LiveProjections {
  whenSynced(): Promise<void>;
  /** In their order; the same array for as long as none of them changed. */
  of(workspace: string): readonly ResourceProjection[];
  /** Workspaces that have some. */
  workspaces(): Iterable<string>;
  /** Called when what is asked for changed, not when only a status did. Returns unsubscribe. */
  onChange(listener: (event: InformerEvent<ResourceProjection>) => void): () => void;
}

const NONE: readonly ResourceProjection[] = [];

export function liveProjections(informer: HubInformer<ResourceProjection>, signal: AbortSignal): LiveProjections {
  const byWorkspace = new Map<string, readonly ResourceProjection[]>();
  const listeners = new Set<(event: InformerEvent<ResourceProjection>) => void>();
  const stop = informer.subscribe((event) => {
    const { workspace, object, previous } = event;
    if (object !== undefined && previous !== undefined && isSame(object, previous)) return;
    const name = (object ?? previous)?.metadata.name;
    const others = (byWorkspace.get(workspace) ?? NONE).filter(({ metadata }) => metadata.name !== name);
    const now = object === undefined ? others : inOrder([...others, object]);
    if (now.length === 0) byWorkspace.delete(workspace);
    else byWorkspace.set(workspace, now);
    for (const listener of listeners) listener(event);
  });
  signal.addEventListener('abort', stop, { once: true });
  return {
    whenSynced: () => informer.whenSynced(),
    of: (workspace) => byWorkspace.get(workspace) ?? NONE,
    workspaces: () => byWorkspace.keys(),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const isSame = (a: ResourceProjection, b: ResourceProjection): boolean =>
  a.metadata.uid === b.metadata.uid && a.metadata.generation === b.metadata.generation;
