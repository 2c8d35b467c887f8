/** CRDs: their names are accepted and they are established; when one goes, its objects go first. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kube/object.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import { WorkQueue } from '../../reconcile/queue.ts';
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore, Target } from '../core.ts';
import { decideCrdStatus, takenNames } from '../crd/crd-status.ts';
import { crdsOf } from '../crd/crds-of.ts';
import {
  CLEANUP_FINALIZER,
  CRD_GROUP,
  CRD_RESOURCE,
  type CustomResourceDefinition,
} from '../crd/custom-resource-definition.ts';
import { definitionsOf, firstStored } from '../crd/definitions-of-crd.ts';
import { kindKey } from '../keys.ts';
import type { GracePeriod } from '../write/delete.ts';
import { updateObject } from '../write/update.ts';
import { emptyCollections } from './empty-collections.ts';
import type { Observer } from './observe.ts';
import { changeMetadata, ignoreNotFound, OWN, readObject, removeFinalizer, targetOfKey } from './own-writes.ts';

const AGAIN_MS = 500;
/** Kinds that make other kinds appear in workspaces. */
const BINDING_KINDS = new Set(['apibindings', 'apiexports', 'apiresourceschemas']);

/** Keeps the catalog true to what workspaces define and bind. */
export function catalogUpkeep(core: HubCore): Observer {
  return {
    observe(event: FeedEvent) {
      const { workspace, group, resource } = event.place;
      if (group === CRD_GROUP && resource === CRD_RESOURCE) {
        const { spec } = event.object() as CustomResourceDefinition;
        if (spec.conversion?.strategy === 'Webhook')
          core.catalog.noteConverted(kindKey({ group: spec.group, resource: spec.names.plural ?? '' }));
        core.catalog.invalidate(workspace);
      }
      // Exports are bound elsewhere; bindings change seldom.
      else if (group === 'apis.kcp.io' && BINDING_KINDS.has(resource))
        core.catalog.invalidate(resource === 'apibindings' ? workspace : '*');
    },
  };
}

export function customResourceLifecycle(core: HubCore, gracePeriod: GracePeriod, signal: AbortSignal): Observer {
  const queue = new WorkQueue({
    process: (key) => reconcileCrd(core, key, gracePeriod),
    signal,
    clock: core.clock,
    concurrency: 4,
    backoff: { firstMs: 100, maxMs: 10_000, factor: 2, jitter: 0.2 },
    onError: (key, error) => core.log.warn({ err: error, key }, 'a CRD could not be reconciled'),
  });
  return {
    observe({ place, change }: FeedEvent) {
      if (place.group !== CRD_GROUP || place.resource !== CRD_RESOURCE) return;
      if (change.type === 'put') queue.add(change.key);
    },
  };
}

async function reconcileCrd(core: HubCore, key: string, gracePeriod: GracePeriod) {
  const target = await targetOfKey(core, key);
  const crd = target && ((await readObject(core, target)) as CustomResourceDefinition | undefined);
  if (target === undefined || crd === undefined) return undefined;
  if (crd.metadata.deletionTimestamp !== undefined) return finishCrd(core, target, crd, gracePeriod);
  const others = (await crdsOf(core, target.workspace)).filter(
    (other) => other.spec.group === crd.spec.group && other.metadata.name !== crd.metadata.name,
  );
  const taken = takenNames(others.map((other) => other.status?.acceptedNames ?? {}));
  const status = decideCrdStatus(crd, taken, rfc3339(core.clock.now()));
  if (isDeepStrictEqual(status, crd.status)) return undefined;
  const change = (object: KubeObject) => ({ ...object, status });
  const asServer = { ...OWN, fieldManager: 'kube-apiserver' };
  await updateObject(core, { ...target, subresource: 'status' }, change, asServer).catch(ignoreNotFound);
  core.catalog.invalidate(target.workspace);
  return undefined;
}

async function finishCrd(core: HubCore, target: Target, crd: CustomResourceDefinition, gracePeriod: GracePeriod) {
  if (!crd.metadata.finalizers?.includes(CLEANUP_FINALIZER)) return undefined;
  const stored = crd.spec.versions.map((version) => ({ ...version, served: version.storage }));
  const definitions = definitionsOf({ ...crd.spec, versions: stored, ...firstStored(crd) });
  const remaining = await emptyCollections(core, target.workspace, '', definitions, gracePeriod);
  if (remaining.kinds.size > 0) return { requeueAfterMs: AGAIN_MS };
  await changeMetadata(core, target, (object) => removeFinalizer(object, CLEANUP_FINALIZER));
  return undefined;
}
