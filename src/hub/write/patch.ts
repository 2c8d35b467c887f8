/** PATCH: the four patch types over one update loop. */
import { goJson } from '../../kube/field-error.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { badRequest, conflict, notFound } from '../../kube/status.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import { isConverted } from '../conversion/converted-entries.ts';
import type { HubCore, Target, WriteOptions, Written } from '../core.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { goText, type JsonMap } from '../patch/json-value.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { serverSideApply } from '../patch/server-side-apply.ts';
import { applyStrategicMergePatch } from '../patch/strategic-merge.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type ConvertNow, withConversions } from './ask-conversions.ts';
import { createObject } from './create.ts';
import { applyType, resetFieldsOf } from './field-managers.ts';
import { refuseApplied, refusePatched } from './refusal.ts';
import { type ShapeOptions, shape } from './shape.ts';
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
    (old, warn) => {
      const patched = patchedObject(target.definition, old, patch, { ...options, warn });
      matchUrl(target, patched);
      return patched;
    },
    options,
  );

/** What the patch makes of an object, in the shape of its kind. Throws ApiError 422 where it is none of its kind any more. */
export function patchedObject(
  definition: ResourceDefinition,
  old: KubeObject,
  patch: PatchDocument,
  options: ShapeOptions,
): KubeObject {
  const patched = applyPatch(definition, old as unknown as JsonMap, patch);
  const isMap = patch.type === 'strategic' && !definition.custom;
  // A strategic merge goes from map to object, other patches from text to text, and errors show what they went through.
  const refuse = refusePatched(() => (isMap ? goText(patch.body as Json) : goJson(patched)));
  const decodedFrom = isMap ? 'map' : 'text';
  return shape(definition, asObject(definition, patched, refuse), { ...options, refuse, decodedFrom });
}

function applyPatch(definition: ResourceDefinition, old: JsonMap, { type, body }: PatchDocument): Json {
  const patch = body as Json;
  if (type === 'json') return applyJsonPatch(old, patch);
  // Where no type says how lists merge, a strategic merge is a plain one (the hub's own calls on custom resources).
  if (type === 'merge' || definition.schema === undefined || definition.custom) return applyMergePatch(old, patch);
  return applyStrategicMergePatch(old, patch, definition.schema);
}

type Merge = (live: KubeObject | undefined, warn: (text: string) => void) => KubeObject | Promise<KubeObject>;

const APPLIED = { managersRecorded: true, byUpdate: true };

/** Throws ApiError 409 where the object says that it is one that exists. */
async function applyToNothing({ definition, name }: Target, merge: Merge): Promise<KubeObject> {
  // Creation warns again.
  const object = await merge(undefined, () => {});
  const uid = object.metadata.uid ?? '';
  if (uid !== '')
    throw conflict(
      definition.info,
      name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  return object;
}

/** Keys that an applied text repeats are looked for once it is merged. Throws ApiError 400 under Strict. */
function refuseRepeated({ duplicates = [], fieldValidation }: WriteOptions): void {
  if (duplicates.length > 0 && fieldValidation === 'Strict')
    throw badRequest(`error strict decoding patch: error converting YAML to JSON: ${duplicates.join(', ')}`);
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
  const mergeNow = (
    live: KubeObject | undefined,
    warn: (text: string) => void,
    convert: ConvertNow | undefined,
  ): KubeObject => {
    const merged = structuredClone(
      serverSideApply({
        type: applyType(target, convert),
        manager: options.fieldManager,
        subresource: target.subresource,
        now: rfc3339(core.clock.now()),
        resetFields: resetFieldsOf(target),
        live,
        applied,
        force: options.force,
      }).object,
    );
    refuseRepeated(options);
    const refuse = refuseApplied(target.definition.info, applied);
    const shaped = shape(target.definition, merged, { ...options, warn, refuse, decodedFrom: 'map' });
    matchUrl(target, shaped);
    return shaped;
  };
  const merge: Merge = (live, warn) =>
    isConverted(target.definition)
      ? withConversions(core, target, (convert) => mergeNow(live, warn, convert))
      : mergeNow(live, warn, undefined);
  for (;;) {
    const exists = (await core.objects.read(target)) !== undefined;
    if (!exists && target.subresource !== '') throw notFound(target.definition.info, target.name);
    try {
      if (!exists) return await createObject(core, target, await applyToNothing(target, merge), options, APPLIED);
      return await updateObject(core, target, merge, options, { managersRecorded: true });
    } catch (error) {
      // Created or deleted in between: decide anew.
      const code = (error as { code?: number }).code;
      const raced = exists ? code === 404 : code === 409 && (error as { reason?: string }).reason === 'AlreadyExists';
      if (!raced) throw error;
    }
  }
}
