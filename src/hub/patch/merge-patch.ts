/** RFC 7396 as kube-apiserver applies it. */
import type { Json } from '../../kube/object.ts';
import { badRequest } from '../../kube/status.ts';
import { getKey, goTypeOf, isMap, type JsonMap, setKey } from './json-value.ts';

/** Throws ApiError 400 when the patch is not an object (an array would replace the whole object: never valid here). */
export function applyMergePatch(object: Json, patch: Json): Json {
  if (patch === null || patch === undefined) throw badRequest('Invalid JSON Patch');
  if (!isMap(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${goTypeOf(patch)} into Go value of type map[string]interface {}`,
    );
  return isMap(object) ? merge(object, patch) : withoutNulls(patch);
}

function merge(target: JsonMap, patch: JsonMap): JsonMap {
  const result = { ...target };
  for (const key of Object.keys(patch)) {
    const change = patch[key] as Json;
    const current = getKey(target, key);
    if (change === null) delete result[key];
    else setKey(result, key, isMap(change) && isMap(current) ? merge(current, change) : withoutNulls(change));
  }
  return result;
}

/** A null in the patch means "absent", also where there was nothing to remove; items of lists keep theirs. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMap(value)) return value;
  const result: JsonMap = {};
  for (const key of Object.keys(value)) {
    const item = value[key] as Json;
    if (item !== null) setKey(result, key, withoutNulls(item));
  }
  return result;
}
