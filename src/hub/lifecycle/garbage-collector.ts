/**
 * Garbage collection by owner references (pkg/controller/garbagecollector): dependents of what is gone are deleted,
 * an owner deleted in the foreground waits for those that block it, an orphaning one lets go of its dependents first.
 */
import type { OwnerReference } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import { WorkQueue } from '../../reconcile/queue.ts';
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore, Target } from '../core.ts';
import { SYNCER_FINALIZER_PREFIX } from '../kinds/workload.ts';
import { deleteObject, type GracePeriod } from '../write/delete.ts';
import { mentions, type Observer } from './observe.ts';
import { changeMetadata, isRace, OWN, readObject, removeFinalizer, targetOfKey } from './own-writes.ts';
import { OwnerGraph } from './owner-graph.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

type OwnerState = 'solid' | 'dangling' | 'waiting' | 'unknown';

export function garbageCollector(core: HubCore, gracePeriod: GracePeriod, signal: AbortSignal): Observer {
  const graph = new OwnerGraph();
  /** Owners that wait for their dependents: uid → store key. */
  const waitingOwners = new Map<string, string>();
  const queueOf = (process: (key: string) => Promise<void>) =>
    new WorkQueue({
      process: (key) => process(key).catch(retryLater),
      signal,
      clock: core.clock,
      concurrency: 8,
      backoff: { firstMs: 100, maxMs: 30_000, factor: 2, jitter: 0.2 },
      onError: (key, error) => core.log.warn({ err: error, key }, 'garbage collection will be tried again'),
    });
  const dependents = queueOf(collectDependent);
  const owners = queueOf(releaseOwner);

  /** A lost race is looked at again at once by the event that won it. */
  function retryLater(error: unknown): void {
    if (!isRace(error)) throw error;
  }

  function observe(event: FeedEvent): void {
    const { change } = event;
    if (change.type === 'delete') {
      observeDelete(event);
      return;
    }
    const known = graph.get(change.key) !== undefined;
    if (known || mentions(change.value, '"ownerReferences"')) observeDependent(event);
    if (mentions(change.value, '"deletionTimestamp"')) observeDeletion(event);
  }

  function observeDependent(event: FeedEvent): void {
    const { change } = event;
    const before = graph.get(change.key);
    if (!graph.put(change.key, event.object())) return;
    if (graph.get(change.key) !== undefined) dependents.add(change.key);
    for (const { uid } of before?.owners ?? []) wakeOwner(uid);
  }

  function observeDeletion(event: FeedEvent): void {
    const { finalizers = [], uid = '' } = event.object().metadata;
    if (finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN)) {
      waitingOwners.set(uid, event.change.key);
      owners.add(event.change.key);
    } else waitingOwners.delete(uid);
  }

  function observeDelete(event: FeedEvent): void {
    const node = graph.remove(event.change.key);
    for (const { uid } of node?.owners ?? []) wakeOwner(uid);
    const uid = event.object().metadata.uid ?? '';
    waitingOwners.delete(uid);
    for (const key of graph.dependentsOf(uid)) dependents.add(key);
  }

  function wakeOwner(uid: string): void {
    const key = waitingOwners.get(uid);
    if (key !== undefined) owners.add(key);
  }

  async function stateOf(dependent: Target, reference: OwnerReference): Promise<OwnerState> {
    const owner = await ownerTarget(core, dependent, reference);
    if (owner === undefined) return 'unknown';
    const object = await readObject(core, owner);
    if (object === undefined || object.metadata.uid !== reference.uid) return 'dangling';
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND) ? 'waiting' : 'solid';
  }

  /** Deletes the object when nobody owns it any more; else lets go of owners that are gone. */
  async function collectDependent(key: string): Promise<void> {
    const target = await targetOfKey(core, key);
    const object = target && (await readObject(core, target));
    if (target === undefined || object === undefined) return;
    const { ownerReferences = [], finalizers = [], uid = '', deletionTimestamp } = object.metadata;
    if (ownerReferences.length === 0 || (deletionTimestamp !== undefined && !finalizers.includes(FOREGROUND))) return;
    const states = await Promise.all(ownerReferences.map((reference) => stateOf(target, reference)));
    const held = states.includes('solid') || states.includes('unknown');
    const gone = ownerReferences.filter((_, at) => states[at] === 'dangling' || states[at] === 'waiting');
    if (held) {
      if (gone.length > 0) await dropOwners(target, new Set(gone.map((one) => one.uid)));
      return;
    }
    if (deletionTimestamp !== undefined) return;
    const cascade = states.includes('waiting') && graph.dependentsOf(uid).length > 0;
    await deleteObject(core, target, { uid, propagationPolicy: policyOf(finalizers, cascade) }, OWN, gracePeriod);
  }

  const dropOwners = (target: Target, uids: ReadonlySet<string>): Promise<void> =>
    changeMetadata(core, target, ({ metadata }) => {
      const left = (metadata.ownerReferences ?? []).filter((one) => !uids.has(one.uid));
      if (left.length > 0) metadata.ownerReferences = left;
      else delete metadata.ownerReferences;
    });

  /** Takes the finalizer off an owner once its dependents are gone or let go of. */
  async function releaseOwner(key: string): Promise<void> {
    const target = await targetOfKey(core, key);
    const object = target && (await readObject(core, target));
    const { deletionTimestamp, finalizers = [], uid = '' } = object?.metadata ?? {};
    if (target === undefined || deletionTimestamp === undefined) return;
    // Its copies' dependents fare as its own: clusters read from the finalizer how to delete. Their leaving wakes this again.
    if (finalizers.some((one) => one.startsWith(SYNCER_FINALIZER_PREFIX))) return;
    const keys = graph.dependentsOf(uid).filter((one) => sameWorkspace(one, key));
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of keys) {
        const orphan = await targetOfKey(core, dependent);
        if (orphan !== undefined) await dropOwners(orphan, new Set([uid]));
      }
      return changeMetadata(core, target, (owner) => removeFinalizer(owner, ORPHAN));
    }
    if (!finalizers.includes(FOREGROUND)) return;
    const blocking = keys.filter((one) =>
      graph.get(one)?.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
    if (blocking.length === 0) return changeMetadata(core, target, (owner) => removeFinalizer(owner, FOREGROUND));
    for (const dependent of keys) dependents.add(dependent);
  }

  return { observe };
}

function policyOf(finalizers: readonly string[], cascade: boolean): 'Orphan' | 'Foreground' | 'Background' {
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return cascade || finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

const sameWorkspace = (a: string, b: string): boolean => a.split('/')[1] === b.split('/')[1];

/** Where the owner stands; undefined where that cannot be told: an unknown kind, or a namespaced owner of a cluster-wide object. */
async function ownerTarget(
  core: HubCore,
  { workspace, namespace, definition }: Target,
  { apiVersion, kind, name }: OwnerReference,
): Promise<Target | undefined> {
  const { group, version } = parseApiVersion(apiVersion);
  const catalog = await core.catalog.of(workspace);
  const owner =
    catalog.findKind(group, version, kind) ??
    catalog.definitions.find(({ info }) => info.group === group && info.kind === kind);
  if (owner === undefined || (owner.info.namespaced && !definition.info.namespaced)) return undefined;
  return { workspace, definition: owner, namespace: owner.info.namespaced ? namespace : '', name, subresource: '' };
}
