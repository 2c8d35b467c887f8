/** ResourceQuotas tell what is used (pkg/controller/resourcequota). Creates reserve it themselves; here is counted what has gone. */
import { isDeepStrictEqual } from 'node:util';
import { WorkQueue } from '../../reconcile/queue.ts';
import { countUsed } from '../admission/quota-count.ts';
import { measuredKind } from '../admission/quota-usage.ts';
import type { ResourceQuota } from '../admission/resource-quota.ts';
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore } from '../core.ts';
import { updateObject } from '../write/update.ts';
import type { Observer } from './observe.ts';
import { isRace, OWN, readObject, targetOfKey } from './own-writes.ts';

/** Changes of one namespace in this time are counted together. */
const SETTLE_MS = 200;
/** Kinds whose usage changes while they live. */
const VARIABLE = new Set(['pods', 'services', 'persistentvolumeclaims']);

export function quotaLifecycle(core: HubCore, signal: AbortSignal): Observer {
  /** Store keys of the quotas of a namespace: only namespaces with quotas are in it. */
  const quotas = new Map<string, Set<string>>();
  const queue = new WorkQueue({
    process: (key) => recount(core, key),
    signal,
    clock: core.clock,
    onError: (key, error) => {
      // A create was counted meanwhile; the queue comes back.
      if (!isRace(error)) core.log.warn({ err: error, key }, 'a quota could not be counted');
    },
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
        if (change.type === 'put' && isUncounted(change.value)) queue.add(change.key);
      }
      const changes = change.previous !== undefined && place.group === '' && VARIABLE.has(place.resource);
      if (change.type === 'delete' || changes)
        for (const key of quotas.get(namespace) ?? []) queue.addAfter(key, SETTLE_MS);
    },
  };
}

/** What it limits is not what its status speaks of: it is new, or was changed. */
function isUncounted(value: Uint8Array): boolean {
  const { spec, status } = JSON.parse(Buffer.from(value).toString()) as ResourceQuota;
  return !isDeepStrictEqual(spec?.hard ?? {}, status?.hard);
}

/** Read first, counted then, written if nobody wrote it in between: a create that reserves meanwhile is not lost. */
async function recount(core: HubCore, key: string): Promise<void> {
  const target = await targetOfKey(core, key);
  const quota = target && ((await readObject(core, target)) as ResourceQuota | undefined);
  if (target === undefined || quota === undefined) return;
  const { hard = {} } = quota.spec ?? {};
  const used = await countUsed(core, target.workspace, target.namespace, quota.spec ?? {});
  const status = { hard, used };
  if (isDeepStrictEqual(quota.status, status) || Object.keys(hard).every((name) => measuredKind(name) === undefined))
    return;
  await updateObject(core, { ...target, subresource: 'status' }, () => ({ ...quota, status }), OWN);
}
