/** A namespace that is deleted is emptied first; then it goes (pkg/controller/namespace/deletion). */
import type { Condition, KubeObject } from '../../kube/object.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import { WorkQueue } from '../../reconcile/queue.ts';
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore, Target } from '../core.ts';
import type { GracePeriod } from '../write/delete.ts';
import { updateObject } from '../write/update.ts';
import { emptyCollections, type Remaining, storedDefinitions } from './empty-collections.ts';
import { mentions, type Observer } from './observe.ts';
import { changeMetadata, ignoreNotFound, OWN, readObject, targetOfKey } from './own-writes.ts';

const KUBERNETES = 'kubernetes';
const AGAIN_MS = 1_000;

export function namespaceLifecycle(core: HubCore, gracePeriod: GracePeriod, signal: AbortSignal): Observer {
  const queue = new WorkQueue({
    process: (key) => finishNamespace(core, key, gracePeriod),
    signal,
    clock: core.clock,
    concurrency: 4,
    onError: (key, error) => core.log.warn({ err: error, key }, 'a namespace could not be emptied'),
  });
  return {
    observe({ place, change }: FeedEvent) {
      if (place.resource !== 'namespaces' || place.group !== '' || change.type === 'delete') return;
      if (mentions(change.value, '"deletionTimestamp"')) queue.add(change.key);
    },
  };
}

async function finishNamespace(core: HubCore, key: string, gracePeriod: GracePeriod) {
  const target = await targetOfKey(core, key);
  const namespace = target && (await readObject(core, target));
  if (target === undefined || namespace?.metadata.deletionTimestamp === undefined) return undefined;
  const definitions = (await storedDefinitions(core, target.workspace)).filter(({ info }) => info.namespaced);
  const remaining = await emptyCollections(core, target.workspace, target.name, definitions, gracePeriod);
  if (remaining.kinds.size > 0) {
    await reportRemaining(core, target, remaining);
    return { requeueAfterMs: AGAIN_MS };
  }
  await changeMetadata(core, target, (object) => {
    const spec = (object.spec ?? {}) as { finalizers?: string[] };
    object.spec = { ...spec, finalizers: (spec.finalizers ?? []).filter((one) => one !== KUBERNETES) };
  });
  return undefined;
}

const listed = (counts: ReadonlyMap<string, number>, verb: 'has' | 'in'): string =>
  [...counts].map(([name, count]) => `${name} ${verb} ${count} resource instances`).join(', ');

async function reportRemaining(core: HubCore, target: Target, { kinds, finalizers }: Remaining): Promise<void> {
  const now = rfc3339(core.clock.now());
  const conditions: Condition[] = [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${listed(kinds, 'has')}`,
      lastTransitionTime: now,
    },
  ];
  if (finalizers.size > 0)
    conditions.push({
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      reason: 'SomeFinalizersRemain',
      message: `Some content in the namespace has finalizers remaining: ${listed(finalizers, 'in')}`,
      lastTransitionTime: now,
    });
  const change = (object: KubeObject) => {
    delete object.metadata.resourceVersion;
    object.status = { phase: 'Terminating', conditions: keepTimes(object, conditions) };
    return object;
  };
  await updateObject(core, { ...target, subresource: 'status' }, change, OWN).catch(ignoreNotFound);
}

/** An unchanged condition keeps its time, so that waiting makes no new versions. */
function keepTimes(object: KubeObject, conditions: readonly Condition[]): Condition[] {
  const old = ((object.status ?? {}) as { conditions?: Condition[] }).conditions ?? [];
  return conditions.map((one) => {
    const before = old.find((other) => other.type === one.type && other.message === one.message);
    return before === undefined ? one : { ...one, lastTransitionTime: before.lastTransitionTime };
  });
}
