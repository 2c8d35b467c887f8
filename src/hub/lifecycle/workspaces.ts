/** A workspace that is deleted is emptied first, children before parents; what it placed goes with its objects. */
import { WorkQueue } from '../../reconcile/queue.ts';
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore } from '../core.ts';
import { WORKSPACE_FINALIZER } from '../kinds/workspace.ts';
import type { GracePeriod } from '../write/delete.ts';
import { emptyCollections, storedDefinitions } from './empty-collections.ts';
import { mentions, type Observer } from './observe.ts';
import { changeMetadata, readObject, removeFinalizer, targetOfKey } from './own-writes.ts';

const AGAIN_MS = 1_000;
/** Emptied last: other objects' deletion may need them. */
const LAST = new Set(['namespaces', 'logicalclusters', 'secrets', 'synctargets', 'clusterregistrations']);

export function workspaceLifecycle(core: HubCore, gracePeriod: GracePeriod, signal: AbortSignal): Observer {
  const queue = new WorkQueue({
    process: (key) => finishWorkspace(core, key, gracePeriod),
    signal,
    clock: core.clock,
    concurrency: 4,
    onError: (key, error) => core.log.warn({ err: error, key }, 'a workspace could not be emptied'),
  });
  return {
    observe({ place, change }: FeedEvent) {
      if (place.resource !== 'workspaces' || place.group !== 'tenancy.kcp.io' || change.type === 'delete') return;
      if (mentions(change.value, '"deletionTimestamp"')) queue.add(change.key);
    },
  };
}

async function finishWorkspace(core: HubCore, key: string, gracePeriod: GracePeriod) {
  const target = await targetOfKey(core, key);
  const object = target && (await readObject(core, target));
  if (target === undefined || object?.metadata.deletionTimestamp === undefined) return undefined;
  if (!object.metadata.finalizers?.includes(WORKSPACE_FINALIZER)) return undefined;
  const inside = `${target.workspace}:${target.name}`;
  const definitions = await storedDefinitions(core, inside);
  const [late, early] = [true, false].map((last) =>
    definitions.filter(({ info }) => LAST.has(info.resource) === last),
  ) as [typeof definitions, typeof definitions];
  for (const part of [early, late]) {
    const { kinds } = await emptyCollections(core, inside, '', part, gracePeriod);
    if (kinds.size > 0) return { requeueAfterMs: AGAIN_MS };
  }
  await changeMetadata(core, target, (workspace) => removeFinalizer(workspace, WORKSPACE_FINALIZER));
  return undefined;
}
