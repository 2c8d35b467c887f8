/** PATCH: the four patch types over one update loop. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { notFound } from '../../kube/status.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import type { HubCore, Target, WriteOptions, Written } from '../core.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import type { JsonMap } from '../patch/json-value.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { serverSideApply } from '../patch/server-side-apply.ts';
import { applyStrategicMergePatch } from '../patch/strategic-merge.ts';
import { createObject } from './create.ts';
import { applyType, resetFieldsOf } from './field-managers.ts';
import { asObject, matchUrl } from './type-check.ts';
import { updateObject } from './update.ts';

export interface PatchDocument {
  readonly type: 'json' | 'merge' | 'strategic';
  readonly body: unknown;
}

/** Throws ApiError, 404 when there is nothing to patch. */
export const patchObject = (
  core: HubCore,
  target: Target,
  patch: PatchDocument,
  options: WriteOptions,
): Promise<Written> =>
  updateObject(
    core,
    target,
    (old) => {
      const patched = asObject(target.definition, applyPatch(target, old as unknown as JsonMap, patch));
      matchUrl(target, patched);
      return patched;
    },
    options,
  );

function applyPatch({ definition }: Target, old: JsonMap, { type, body }: PatchDocument): Json {
  const patch = body as Json;
  if (type === 'json') return applyJsonPatch(old, patch);
  // Where no type says how lists merge, a strategic merge is a plain one (the hub's own calls on custom resources).
  if (type === 'merge' || definition.schema === undefined || definition.custom) return applyMergePatch(old, patch);
  return applyStrategicMergePatch(old, patch, definition.schema);
}

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
}

/** Server-side apply: creates what does not exist. Takes a private copy. */
export async function applyObject(
  core: HubCore,
  target: Target,
  applied: KubeObject,
  options: ApplyOptions,
): Promise<Written> {
  // The object is merged as it came, so that errors name what was sent.
  matchUrl(target, structuredClone(applied));
  const merge = (live: KubeObject | undefined): KubeObject =>
    structuredClone(
      serverSideApply({
        type: applyType(target),
        manager: options.fieldManager,
        subresource: target.subresource,
        now: rfc3339(core.clock.now()),
        resetFields: resetFieldsOf(target),
        live,
        applied,
        force: options.force,
      }).object,
    );
  for (;;) {
    const exists = (await core.objects.read(target)) !== undefined;
    if (!exists && target.subresource !== '') throw notFound(target.definition.info, target.name);
    try {
      if (exists) return await updateObject(core, target, (old) => merge(old), options, { managersRecorded: true });
      return await createObject(core, target, merge(undefined), options, { managersRecorded: true });
    } catch (error) {
      // Created or deleted in between: decide anew.
      const code = (error as { code?: number }).code;
      const raced = exists ? code === 404 : code === 409 && (error as { reason?: string }).reason === 'AlreadyExists';
      if (!raced) throw error;
    }
  }
}
