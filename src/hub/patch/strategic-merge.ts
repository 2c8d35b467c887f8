/**
 * Strategic merge patch of built-in kinds (apimachinery `util/strategicpatch`): lists merge by the schema's merge keys,
 * and directives in the patch say more: `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/<f>`, `$setElementOrder/<f>`.
 */
import { isJsonInteger, isJsonNumber } from '../../kube/exact-json.ts';
import type { Json } from '../../kube/object.ts';
import type { TypeSchema } from '../../kube/schema.ts';
import { ApiError, badRequest } from '../../kube/status.ts';
import { unprocessablePatch } from './json-patch.ts';
import { deepEqual, getKey, goText, isMap, type JsonMap, setKey } from './json-value.ts';
import { orderLike } from './list-order.ts';
import { type PatchRule, type PatchType, patchType } from './patch-rules.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
const SET_ORDER = '$setElementOrder';

/** Throws ApiError 400, 422 or 500 as kube-apiserver answers a patch that it cannot apply. */
export function applyStrategicMergePatch(original: JsonMap, patch: Json, type: TypeSchema): JsonMap {
  // Go reads null as a map without anything in it.
  if (patch === null) return original;
  if (!isMap(patch)) {
    const found = Array.isArray(patch) ? 'array' : typeof patch;
    throw badRequest(`json: cannot unmarshal ${found} into Go value of type map[string]interface {}`);
  }
  return mergeMap(structuredClone(original), structuredClone(patch), patchType(type));
}

/** An error upstream has no status for is told as a plain 500. */
const failure = (message: string): ApiError => new ApiError(500, '', message);
const badFormat = (directive: string): ApiError => badRequest(`invalid patch format of ${directive}`);
const noMergeKey = (item: JsonMap, key: string): ApiError =>
  failure(`map: ${goText(item)} does not contain declared merge key: ${key}`);
const badPatchType = (directive: Json, map: JsonMap): ApiError =>
  failure(`unknown patch type: ${goText(directive)} in map: ${goText(map)}`);

/** Both arguments are private copies; the result is one of them. */
function mergeMap(original: JsonMap, patch: JsonMap, type: PatchType): JsonMap {
  const directive = getKey(patch, DIRECTIVE);
  if (directive !== undefined) {
    if (directive === 'delete') return {};
    if (directive !== 'replace') throw badPatchType(directive, patch);
    delete patch[DIRECTIVE];
    return patch;
  }
  retainKeys(original, patch);
  applyElementOrders(original, patch, type);
  for (const key of Object.keys(patch)) mergeField(original, key, patch[key] as Json, type);
  return original;
}

function mergeField(original: JsonMap, patchKey: string, change: Json, type: PatchType): void {
  const deletes = patchKey.startsWith(DELETE_FROM_LIST);
  const key = deletes ? directiveField(patchKey, DELETE_FROM_LIST) : patchKey;
  if (change === null) {
    delete original[key];
    return;
  }
  const current = getKey(original, key);
  if (current === undefined || kindOf(current) !== kindOf(change)) {
    if (deletes) return;
    const cleaned = withoutDirectives(withoutNulls(change));
    if (cleaned === undefined) delete original[key];
    else setKey(original, key, cleaned);
  } else if (isMap(current)) {
    const rule = type.field(key);
    setKey(original, key, rule.replace ? change : mergeMap(current, change as JsonMap, rule.type));
  } else if (Array.isArray(current)) {
    const rule = type.field(key);
    const patchList = change as Json[];
    setKey(original, key, rule.merge || deletes ? mergeList(current, patchList, rule, deletes) : patchList);
  } else setKey(original, key, change);
}

function directiveField(key: string, prefix: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== prefix) {
    throw badFormat(prefix === SET_ORDER ? 'setElementOrder list' : 'primitive list');
  }
  return key.slice(slash + 1);
}

/** Go's types of decoded JSON: what upstream compares before it merges. */
const kindOf = (value: Json): string => {
  if (value === null) return 'nil';
  if (Array.isArray(value)) return 'slice';
  if (isJsonNumber(value)) return isJsonInteger(value) ? 'int64' : 'float64';
  return typeof value === 'object' ? 'map' : typeof value;
};

function retainKeys(original: JsonMap, patch: JsonMap): void {
  const keys = getKey(patch, RETAIN_KEYS);
  if (keys === undefined) return;
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(keys)) throw badFormat('retainKeys');
  for (const key of Object.keys(patch)) {
    const isDirective = key.startsWith(DELETE_FROM_LIST) || key.startsWith(SET_ORDER);
    if (patch[key] !== null && !isDirective && !keys.includes(key)) throw badFormat('retainKeys');
  }
  for (const key of Object.keys(original)) if (!keys.includes(key)) delete original[key];
}

/** Merges the lists that the patch gives an order to, and takes both out of the patch. */
function applyElementOrders(original: JsonMap, patch: JsonMap, type: PatchType): void {
  for (const orderKey of Object.keys(patch).filter((key) => key.startsWith(SET_ORDER))) {
    const order = patch[orderKey] as Json;
    delete patch[orderKey];
    const expected = '[]interface {}';
    if (!Array.isArray(order)) throw failure(`expected a ${expected}, but received a ${goType(order)}`);
    const key = directiveField(orderKey, SET_ORDER);
    const current = listOf(getKey(original, key), expected);
    const change = listOf(getKey(patch, key), expected);
    const rule = type.field(key);
    checkOrder(change ?? [], order, rule.mergeKey);
    if (current === undefined && change === undefined) continue;

    let merged = current ?? [];
    if (change !== undefined) {
      if (current === undefined) merged = withoutDirectives(change) as Json[];
      else merged = rule.merge ? mergeList([...current], change, rule, false) : change;
    }
    if (rule.mergeKey !== '') for (const item of merged) findIn(order, identity(item, rule.mergeKey), rule.mergeKey);
    const kind = elementKind(current ?? [], change ?? []);
    setKey(original, key, partitionAndOrder(merged, order, current ?? [], rule.mergeKey, kind));
    delete patch[key];
  }
}

function listOf(value: Json | undefined, expected: string): Json[] | undefined {
  if (value === undefined || Array.isArray(value)) return value;
  throw failure(`expected a ${expected}, but received a ${goType(value)}`);
}

const GO_TYPES: Readonly<Record<string, string>> = {
  nil: '%!s(<nil>)',
  slice: '[]interface {}',
  map: 'map[string]interface {}',
  boolean: 'bool',
};
const goType = (value: Json): string => GO_TYPES[kindOf(value)] ?? kindOf(value);

/** Items of the patch must come in the order that it asks for. */
function checkOrder(change: Json[], order: Json[], mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return;
  const items = mergeKey === '' ? change : change.filter((item) => !(isMap(item) && Object.hasOwn(item, DIRECTIVE)));
  let at = 0;
  for (const wanted of order) {
    const item = items[at];
    if (item !== undefined && deepEqual(identity(item, mergeKey), identity(wanted, mergeKey))) at++;
  }
  if (at < items.length) {
    throw failure(`The order in patch list:\n${goText(change)}\n doesn't match ${SET_ORDER} list:\n${goText(order)}\n`);
  }
}

function identity(item: Json, mergeKey: string): Json {
  if (mergeKey === '') return item;
  if (!isMap(item)) throw failure(`expected a map[string]interface {}, but received a ${goType(item)}`);
  const value = getKey(item, mergeKey);
  if (value === undefined) throw noMergeKey(item, mergeKey);
  return value;
}

/** Looks for an item of the order. Throws where one before it is nothing that has a key. */
function findIn(order: Json[], value: Json, mergeKey: string): void {
  for (const [at, wanted] of order.entries()) {
    if (!isMap(wanted)) throw failure(`value for key ${at} is not a map`);
    if (deepEqual(identity(wanted, mergeKey), value)) return;
  }
}

function mergeList(current: Json[], change: Json[], rule: PatchRule, deletes: boolean): Json[] {
  if (current.length === 0 && change.length === 0) return current;
  const kind = elementKind(current, change);
  if (kind !== 'map') {
    if (deletes) return current.filter((item) => !change.includes(item));
    return partitionAndOrder(uniqueScalars([...current, ...change]), change, current, '', kind);
  }
  const { mergeKey } = rule;
  if (mergeKey === '') throw failure(`cannot merge lists without merge key for ${rule.type.name}`);
  const [kept, additions] = applyItemDirectives(current as JsonMap[], change as JsonMap[], mergeKey);
  const merged = mergeItems([...kept], additions, mergeKey, rule.type);
  return partitionAndOrder(merged, additions, kept, mergeKey, kind);
}

/** Throws where items are of several kinds, or lists. */
function elementKind(...lists: Json[][]): string {
  const items = lists.flat();
  if (items.length === 0) throw failure('no elements in any of the given slices');
  const kind = kindOf(items[0] as Json);
  if (kind === 'slice') throw unprocessablePatch();
  if (items.some((item) => kindOf(item) !== kind)) {
    throw failure(`list element types are not identical: ${goText(lists)}`);
  }
  return kind;
}

/** Upstream's order: a duplicate's place is taken by the last item. */
function uniqueScalars(items: Json[]): Json[] {
  const list = [...items];
  for (let i = 0; i < list.length - 1; i++) {
    for (let j = i + 1; j < list.length; j++) {
      if (list[i] !== list[j]) continue;
      const last = list.pop() as Json;
      if (j < list.length) list[j--] = last;
    }
  }
  return list;
}

/** `$patch: delete` removes its item, `$patch: replace` makes the patch's list the whole list. */
function applyItemDirectives(current: JsonMap[], change: JsonMap[], mergeKey: string): [JsonMap[], JsonMap[]] {
  let kept = current;
  let replace = false;
  const plain: JsonMap[] = [];
  for (const item of change) {
    const directive = getKey(item, DIRECTIVE);
    if (directive === undefined) plain.push(item);
    else if (directive === 'delete') {
      const value = identity(item, mergeKey);
      kept = kept.filter((old) => !Object.hasOwn(old, mergeKey) || !deepEqual(old[mergeKey], value));
    } else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw failure('merging lists cannot yet be specified in the patch');
    else throw badPatchType(directive, item);
  }
  return replace ? [plain, []] : [kept, plain];
}

function mergeItems(list: JsonMap[], additions: JsonMap[], mergeKey: string, type: PatchType): JsonMap[] {
  for (const item of additions) {
    const value = identity(item, mergeKey);
    const at = list.findIndex((old) => Object.hasOwn(old, mergeKey) && deepEqual(old[mergeKey], value));
    if (at < 0) list.push(item);
    else list[at] = mergeMap(list[at] as JsonMap, item, type);
  }
  return list;
}

/** Items named in `order` in that order, the server's own between the neighbours they had. */
function partitionAndOrder(merged: Json[], order: Json[], serverOrder: Json[], mergeKey: string, kind: string): Json[] {
  const key = (item: Json): Json => (kind === 'map' && isMap(item) ? (getKey(item, mergeKey) ?? null) : item);
  if (kind === 'map') for (const item of [...merged, ...serverOrder]) identity(item, mergeKey);
  const named = order.map(key);
  const isNamed = (item: Json): boolean => named.some((one) => deepEqual(one, key(item)));
  return orderLike(
    merged.filter(isNamed),
    merged.filter((item) => !isNamed(item)),
    named,
    serverOrder.map(key),
    key,
  );
}

/** A private copy without nulls in maps; items of lists that are null stay. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) value.forEach(withoutNulls);
  else if (isMap(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key];
      else withoutNulls(value[key] as Json);
    }
  }
  return value;
}

/** Undefined where the value is nothing but a directive. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item): item is Json => item !== undefined);
  if (!isMap(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const result: JsonMap = {};
  for (const key of Object.keys(value)) {
    const cleaned = withoutDirectives(value[key] as Json);
    if (cleaned !== undefined) setKey(result, key, cleaned);
  }
  return result;
}
