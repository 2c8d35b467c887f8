/**
 * RFC 6902 with kube-apiserver's reading of it: it stops at the first operation that fails, counts negative indices
 * from the end, adds over a missing member on `replace`, and lets `test` of a missing member pass against null.
 */
import { stringifyJson } from '../../kube/exact-json.ts';
import type { Json } from '../../kube/object.ts';
import { ApiError, badRequest, tooLarge } from '../../kube/status.ts';
import { deepEqual, getKey, isMap, type JsonMap, setKey } from './json-value.ts';

const MAX_OPERATIONS = 10_000;
/** Bytes that `copy` may add in one patch: nested copies grow exponentially. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/** 422 without detail: upstream does not tell which operation failed. */
export const unprocessablePatch = (): ApiError =>
  new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

/** Takes the decoded patch document. Throws ApiError 400 (not a patch), 413 (too many operations) or 422 (does not apply). */
export function applyJsonPatch(object: Json, patch: Json): Json {
  const operations = checkPatch(patch);
  const document = { value: structuredClone(object), copied: 0 };
  for (const operation of operations) {
    const apply = Object.hasOwn(OPERATIONS, String(operation.op)) && OPERATIONS[String(operation.op)];
    if (!apply) throw unprocessablePatch();
    apply(document, operation);
  }
  return document.value;
}

function checkPatch(patch: Json): JsonMap[] {
  if (!Array.isArray(patch)) {
    const found = isMap(patch) ? 'object' : typeof patch;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${found} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > MAX_OPERATIONS) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`);
  }
  for (const operation of patch) {
    if (!isMap(operation)) {
      const found = Array.isArray(operation) ? 'array' : typeof operation;
      throw badRequest(`json: cannot unmarshal ${found} into Go value of type jsonpatch.Operation`);
    }
  }
  return patch as JsonMap[];
}

interface Document {
  value: Json;
  copied: number;
}

type Container = JsonMap | Json[];

const OPERATIONS: Readonly<Record<string, (document: Document, operation: JsonMap) => void>> = {
  add: (document, { path, value }) => add(document, path, structuredClone(value ?? null)),
  remove: (document, { path }) => remove(document, path),
  replace: (document, { path, value }) => {
    if (path === '') {
      if (typeof value !== 'object' || value === null) throw unprocessablePatch();
      document.value = structuredClone(value);
      return;
    }
    const [container, key] = locate(document, path);
    put(container, key, structuredClone(value ?? null));
  },
  move: (document, { from, path }) => {
    const value = get(document, from);
    remove(document, from);
    add(document, path, value ?? null);
  },
  copy: (document, { from, path }) => {
    const value = get(document, from) ?? null;
    document.copied += stringifyJson(value).length;
    if (document.copied > MAX_COPIED_BYTES) throw unprocessablePatch();
    add(document, path, structuredClone(value));
  },
  test: (document, { path, value }) => {
    const found = path === '' ? document.value : get(document, path);
    if (!deepEqual(found ?? null, value ?? null)) throw unprocessablePatch();
  },
};

/** The container that holds the path's last segment. */
function locate(document: Document, path: Json | undefined): [Container, string] {
  if (typeof path !== 'string') throw unprocessablePatch();
  const segments = path.split('/').map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (segments.length < 2) throw unprocessablePatch();
  let container: Json | undefined = document.value;
  for (const segment of segments.slice(1, -1)) {
    container = isContainer(container) ? read(container, segment) : undefined;
  }
  if (!isContainer(container)) throw unprocessablePatch();
  return [container, segments.at(-1) as string];
}

const isContainer = (value: Json | undefined): value is Container => Array.isArray(value) || isMap(value);

const read = (container: Container, key: string): Json | undefined =>
  Array.isArray(container) ? container[arrayIndex(key, container.length - 1)] : getKey(container, key);

function get(document: Document, path: Json | undefined): Json | undefined {
  const [container, key] = locate(document, path);
  return read(container, key);
}

function put(container: Container, key: string, value: Json): void {
  if (Array.isArray(container)) container[arrayIndex(key, container.length - 1)] = value;
  else setKey(container, key, value);
}

function add(document: Document, path: Json | undefined, value: Json): void {
  const [container, key] = locate(document, path);
  if (!Array.isArray(container)) setKey(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(arrayIndex(key, container.length), 0, value);
}

function remove(document: Document, path: Json | undefined): void {
  const [container, key] = locate(document, path);
  if (Array.isArray(container)) container.splice(arrayIndex(key, container.length - 1), 1);
  else {
    if (!Object.hasOwn(container, key)) throw unprocessablePatch();
    delete container[key];
  }
}

/** `last` is the highest index allowed; negative indices count back from one past it. */
function arrayIndex(key: string, last: number): number {
  if (!/^[-+]?\d+$/.test(key)) throw unprocessablePatch();
  const given = Number(key);
  const index = given < 0 ? given + last + 1 : given;
  if (index < 0 || index > last) throw unprocessablePatch();
  return index;
}
