/** ResourceQuotas tell what is used (pkg/controller/resourcequota). */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kube/object.ts';
import { WorkQueue } from '../../reconcile/queue.ts';
import { countedKind, countObjects } from '../admission/quota-counts.ts';
import type { ResourceQuota } from '../admission/resource-quota.ts';
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore } from '../core.ts';
import { updateObject } from '../write/update.ts';
import type { Observer } from './observe.ts';
import { ignoreNotFound, OWN, readObject, targetOfKey } from './own-writes.ts';

/** Changes of one namespace in this time are counted together. */
const SETTLE_MS = 200;

export function quotaLifecycle(core: HubCore, signal: AbortSignal): Observer {
  /** Store keys of the quotas of a namespace: only namespaces with quotas are in it. */
  const quotas = new Map<string, Set<string>>();
  const queue = new WorkQueue({
    process: (key) => countUsed(core, key),
    signal,
    clock: core.clock,
    onError: (key, error) => core.log.warn({ err: error, key }, 'a quota could not be counted'),
  });
  return {
    observe({ place, change }: FeedEvent) {
      if (place.namespace === '') return;
      const namespace = `${place.workspace}|${place.namespace}`;
      if (place.group === '' && place.resource === 'resourcequotas') {
        const known = quotas.get(namespace) ?? new Set();
        if (change.type === 'put') quotas.set(namespace, known.add(change.key));
        else known.delete(change.key);
        if (known.size === 0) quotas.delete(namespace);
        if (change.type === 'put') queue.add(change.key);
      }
      const counted = change.type === 'delete' || change.previous === undefined;
      if (counted) for (const key of quotas.get(namespace) ?? []) queue.addAfter(key, SETTLE_MS);
    },
  };
}

async function countUsed(core: HubCore, key: string): Promise<void> {
  const target = await targetOfKey(core, key);
  const quota = target && ((await readObject(core, target)) as ResourceQuota | undefined);
  if (target === undefined || quota === undefined) return;
  const hard = quota.spec?.hard ?? {};
  const used: Record<string, string> = {};
  for (const name of Object.keys(hard))
    if (countedKind(name) !== undefined)
      used[name] = String(await countObjects(core, target.workspace, target.namespace, name));
  const status = { hard, used };
  if (isDeepStrictEqual(quota.status, status)) return;
  const change = (object: KubeObject) => {
    delete object.metadata.resourceVersion;
    return { ...object, status };
  };
  await updateObject(core, { ...target, subresource: 'status' }, change, OWN).catch(ignoreNotFound);
}
