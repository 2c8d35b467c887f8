/** What workspaces' ResourceProjections say of copies, live: conflict, status, health and the weights of clusters. */
import type { HubInformers } from '../hub/informers.ts';
import { concernsKind, type ProjectionRules, rulesOf } from '../hub/kinds/projection-rules.ts';
import { RESOURCE_PROJECTIONS, type ResourceProjection } from '../hub/kinds/resource-projection.ts';
import { liveProjections } from '../hub/live-projections.ts';
import { parseObjectId } from '../hub/object-id.ts';

export interface RulesSource {
  whenSynced(): Promise<void>;
  /** For an object of the hub. */
  of(id: string): ProjectionRules;
  /** Called when rules change, with a test for the objects that they concern. Returns unsubscribe. */
  onChange(listener: (concerned: (id: string) => boolean) => void): () => void;
}

export function createRulesSource(informers: HubInformers, signal: AbortSignal): RulesSource {
  const live = liveProjections(informers.informer<ResourceProjection>(RESOURCE_PROJECTIONS), signal);
  return {
    whenSynced: () => live.whenSynced(),
    of(id) {
      const { workspace, resource } = parseObjectId(id);
      return rulesOf(live.of(workspace), resource);
    },
    onChange: (listener) =>
      live.onChange(({ workspace, object, previous }) => {
        const changed = [object, previous].filter((one) => one !== undefined);
        listener((id) => {
          const parsed = parseObjectId(id);
          return parsed.workspace === workspace && changed.some((one) => concernsKind(one, parsed.resource));
        });
      }),
  };
}
