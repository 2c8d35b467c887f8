/** Deletes everything in a namespace or a workspace, kind by kind; finalizers and grace periods are honoured. */
import { groupResourceName } from '../../kube/resource.ts';
import type { HubCore } from '../core.ts';
import { collectionPrefix, parsePlace } from '../keys.ts';
import { storedAs } from '../object-io.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { deleteObject, type GracePeriod } from '../write/delete.ts';
import { ignoreNotFound, OWN } from './own-writes.ts';

const CHUNK = 200;

/** What is still there after the deletes, by kind. */
export interface Remaining {
  readonly kinds: ReadonlyMap<string, number>;
  readonly finalizers: ReadonlyMap<string, number>;
}

/** Kinds of the workspace that are stored under their own name, once each. */
export async function storedDefinitions(core: HubCore, workspace: string): Promise<ResourceDefinition[]> {
  const seen = new Set<string>();
  return (await core.catalog.of(workspace)).definitions.filter((definition) => {
    const name = groupResourceName(storedAs(definition));
    if (definition.storage !== undefined || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

export async function emptyCollections(
  core: HubCore,
  workspace: string,
  namespace: string,
  definitions: readonly ResourceDefinition[],
  gracePeriod: GracePeriod,
): Promise<Remaining> {
  const kinds = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const definition of definitions) {
    const prefix = collectionPrefix(workspace, storedAs(definition), namespace);
    for (let after: string | undefined; ; ) {
      const page = await core.store.list(prefix, {
        limit: CHUNK,
        count: false,
        ...(after === undefined ? {} : { after }),
      });
      await Promise.all(
        page.entries.map(async ({ key }) => {
          const target = { ...parsePlace(key), definition, subresource: '' };
          const outcome = await deleteObject(core, target, { propagationPolicy: 'Background' }, OWN, gracePeriod).catch(
            ignoreNotFound,
          );
          if (outcome === undefined || outcome.gone) return;
          count(kinds, groupResourceName(definition.info));
          for (const finalizer of outcome.object.metadata.finalizers ?? []) count(finalizers, finalizer);
        }),
      );
      after = page.entries.at(-1)?.key;
      if (page.remaining === 0 || after === undefined) break;
    }
  }
  return { kinds, finalizers };
}
