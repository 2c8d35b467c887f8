/** What the syncer writes on hub objects: status reports, errors, and the release of a target that is done. */
import type { HubClient } from '../hub/client.ts';
import { heldTargets } from '../hub/kinds/placed-object.ts';
import {
  DELETION_ANNOTATION_PREFIX,
  GIVEN_SPEC_ANNOTATION_PREFIX,
  SPEC_DIFF_ANNOTATION_PREFIX,
  STATE_LABEL_PREFIX,
  STATUS_ANNOTATION_PREFIX,
  SYNC_CONFLICT_ANNOTATION_PREFIX,
  SYNC_ERROR_ANNOTATION_PREFIX,
  SYNCER_FIELD_MANAGER,
  SYNCER_FINALIZER_PREFIX,
} from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';

const ATTEMPTS = 8;
const MANAGER = { fieldManager: SYNCER_FIELD_MANAGER };

const refOf = (id: string) => {
  const { resource, workspace, namespace, name } = parseObjectId(id);
  return { ...resource, workspace, namespace, name };
};

/** Sets (or with undefined removes) annotations of one target; nothing is written when they stand already. */
export async function annotate(
  hub: HubClient,
  id: string,
  hubObject: KubeObject,
  wanted: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const present = hubObject.metadata.annotations ?? {};
  const changed = Object.entries(wanted).filter(([name, value]) => present[name] !== value);
  if (changed.length === 0) return;
  const annotations = Object.fromEntries(changed.map(([name, value]) => [name, value ?? null]));
  const { uid } = hubObject.metadata;
  try {
    await hub.patch(refOf(id), { type: 'merge', body: { metadata: { uid, annotations } } }, MANAGER);
  } catch (error) {
    // Gone, or another object of that name: there is nobody left to tell.
    if (!isGone(error)) throw error;
  }
}

const isGone = (error: unknown): boolean => error instanceof ApiError && (error.code === 404 || error.code === 409);

/**
 * Takes everything of the target off the hub object: the target confirmed that it holds nothing, or exists no more.
 * Several targets may let go at the same moment, so the finalizer list is written against the version that was read.
 */
export async function release(hub: HubClient, id: string, key: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const hubObject = await hub.get(refOf(id));
    if (hubObject === undefined || !heldTargets(hubObject).has(key)) return;
    try {
      await hub.patch(refOf(id), { type: 'merge', body: releasePatch(hubObject, key) }, MANAGER);
      return;
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return;
      if (!(error instanceof ApiError) || error.code !== 409 || attempt === ATTEMPTS) throw error;
    }
  }
}

function releasePatch({ metadata }: KubeObject, key: string): object {
  const annotations = [
    SPEC_DIFF_ANNOTATION_PREFIX,
    DELETION_ANNOTATION_PREFIX,
    STATUS_ANNOTATION_PREFIX,
    GIVEN_SPEC_ANNOTATION_PREFIX,
    SYNC_ERROR_ANNOTATION_PREFIX,
    SYNC_CONFLICT_ANNOTATION_PREFIX,
  ]
    .map((prefix) => prefix + key)
    .filter((name) => metadata.annotations?.[name] !== undefined);
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      labels: { [STATE_LABEL_PREFIX + key]: null },
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations.map((name) => [name, null])) }),
      finalizers: (metadata.finalizers ?? []).filter((finalizer) => finalizer !== SYNCER_FINALIZER_PREFIX + key),
    },
  };
}
