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

/** The first operation that does not apply, in jsonpatch's words. */
function failedOperation(object: KubeObject, patch: Json): string | undefined {
  if (!Array.isArray(patch)) return undefined;
  const applies = (count: number): boolean => {
    try {
      applyJsonPatch(object as unknown as Json, patch.slice(0, count));
      return true;
    } catch {
      return false;
    }
  };
  const { op, path } = (patch.find((_, at) => !applies(at + 1)) ?? {}) as { op?: string; path?: string };
  return op === 'test'
    ? `testing value ${path} failed: test failed`
    : `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`;
}
