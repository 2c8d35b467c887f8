/** The projections of all workspaces, live and compiled by kind on first need. */

import type { Downstream } from '../clusters/downstream.ts';
import { SYNC_TARGETS } from '../clusters/kinds.ts';
import type { HubInformer, InformerEvent } from '../hub/client.ts';
import { concernsKind, DEFAULT_RULES, type ProjectionRules, rulesOf } from '../hub/kinds/projection-rules.ts';
import { RESOURCE_PROJECTIONS, type ResourceProjection } from '../hub/kinds/resource-projection.ts';
import type { SyncTarget } from '../hub/kinds/workload.ts';
import { liveProjections } from '../hub/live-projections.ts';
import type { KubeObject } from '../kube/object.ts';
import { apiVersionOf, type GroupResource, type ResourceInfo } from '../kube/resource.ts';
import { Projection, type ProjectionResult } from './projection.ts';

export interface Projections {
  whenSynced(): Promise<void>;
  /** The same for as long as nothing changed that it depends on; undefined: everything is shown as it is. */
  of(workspace: string, resource: ResourceInfo): Projection | undefined;
  rules(workspace: string, resource: GroupResource): ProjectionRules;
  /** Called when a workspace's view may show other things than before. Returns unsubscribe. */
  onChange(listener: (workspace: string) => void): () => void;
}

export const NO_PROJECTIONS: Projections = {
  whenSynced: () => Promise.resolve(),
  of: () => undefined,
  rules: () => DEFAULT_RULES,
  onChange: () => () => {},
};

export interface ProjectionsOptions {
  readonly informer: <T extends KubeObject>(resource: GroupResource) => HubInformer<T>;
  /** Told of objects that could not be projected: they are not shown. */
  readonly onFailure: (workspace: string, projection: ResourceProjection, why: string) => void;
  readonly onResult?: (result: ProjectionResult) => void;
  readonly signal: AbortSignal;
}

export function createProjections({
  informer,
  onFailure,
  onResult = () => {},
  signal,
}: ProjectionsOptions): Projections {
  const live = liveProjections(informer<ResourceProjection>(RESOURCE_PROJECTIONS), signal);
  const targets = informer<SyncTarget>(SYNC_TARGETS);
  const compiled = new Map<string, Map<string, Projection | undefined>>();
  const listeners = new Set<(workspace: string) => void>();

  const changed = (workspace: string): void => {
    compiled.delete(workspace);
    for (const listener of listeners) listener(workspace);
  };
  const onTarget = ({ object, previous }: InformerEvent<SyncTarget>): void => {
    if (object !== undefined && !sameLabels(object, previous)) for (const one of [...live.workspaces()]) changed(one);
  };
  live.onChange(({ workspace }) => changed(workspace));
  const stop = targets.subscribe(onTarget);
  signal.addEventListener('abort', stop, { once: true });

  const clusterLabels = ({ workspace, clusterName }: Downstream) =>
    targets.get(workspace, '', clusterName)?.metadata.labels ?? {};

  function compile(workspace: string, resource: ResourceInfo): Projection | undefined {
    const projections = live.of(workspace).filter((one) => concernsKind(one, resource));
    if (projections.length === 0) return undefined;
    const failed = (projection: ResourceProjection, why: string): void => onFailure(workspace, projection, why);
    return new Projection({ workspace, resource, projections, clusterLabels, onFailure: failed, onResult });
  }

  return {
    async whenSynced() {
      await Promise.all([live.whenSynced(), targets.whenSynced()]);
    },
    of(workspace, resource) {
      if (live.of(workspace).length === 0) return undefined;
      const kinds = compiled.get(workspace) ?? new Map<string, Projection | undefined>();
      compiled.set(workspace, kinds);
      const key = `${apiVersionOf(resource)}/${resource.resource}`;
      if (!kinds.has(key)) kinds.set(key, compile(workspace, resource));
      return kinds.get(key);
    },
    rules: (workspace, resource) => rulesOf(live.of(workspace), resource),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const sameLabels = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  JSON.stringify(object.metadata.labels ?? {}) === JSON.stringify(previous?.metadata.labels ?? {});
