/** Puts in what a webhook or policy made of an object, decoded and defaulted as a body would be. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { internalError } from '../../kube/status.ts';
import type { AdmissionRequest } from '../core.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { deepEqual } from '../patch/json-value.ts';
import { type Scale, scalePaths, setPath, toScale } from '../write/scale-object.ts';
import { shape } from '../write/shape.ts';

/** Mutates the request's own object; answers whether it is another one now. Throws ApiError 400 where it is no such object. */
export function replaceContent({ target, object, options }: AdmissionRequest, mutated: KubeObject): boolean {
  if (target.subresource === 'scale') {
    const replicas = (mutated as Scale).spec?.replicas ?? 0;
    if (replicas === (toScale(target, object).spec?.replicas ?? 0)) return false;
    setPath(object, scalePaths(target).specReplicasPath, replicas);
    return true;
  }
  const shaped = shape(
    target.definition,
    { ...mutated, apiVersion: object.apiVersion, kind: object.kind },
    { ...options, fieldValidation: 'Ignore', duplicates: [], warn: () => {} },
  );
  if (deepEqual(shaped, object)) return false;
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, shaped);
  return true;
}

/** Applies a JSON Patch that is not the client's; where it does not apply, the operation is named. Throws ApiError 500. */
export function patchedBy(object: KubeObject, patch: Json): KubeObject {
  try {
    return applyJsonPatch(object as unknown as Json, patch) as unknown as KubeObject;
  } catch (error) {
    throw internalError(failedOperation(object, patch) ?? (error as Error).message, error);
  }
}

/** Why a patch does not apply, in jsonpatch's words. */
export function failedOperation(object: KubeObject, patch: Json): string | undefined {
  const failing = firstFailing(object, patch);
  if (failing === undefined) return undefined;
  const { op, path } = failing;
  return op === 'test'
    ? `testing value ${path} failed: test failed`
    : `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`;
}

/** The first operation of a patch that does not apply. */
export function firstFailing(
  object: KubeObject,
  patch: Json,
): { readonly op?: Json; readonly path?: Json } | undefined {
  if (!Array.isArray(patch)) return undefined;
  const at = patch.findIndex((_, index) => {
    try {
      applyJsonPatch(object as unknown as Json, patch.slice(0, index + 1));
      return false;
    } catch {
      return true;
    }
  });
  return patch[at] as { readonly op?: Json; readonly path?: Json } | undefined;
}
