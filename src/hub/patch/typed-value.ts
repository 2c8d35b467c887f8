/**
 * Values together with their type: check, list fields, merge, compare, prune (structured-merge-diff `typed`).
 * `undefined` is an absent value, `null` an explicit one.
 */
import { goQuote } from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';
import {
  type Atom,
  type AtomRef,
  fieldType,
  type ListType,
  type MapType,
  resolveAtom,
  type ScalarKind,
} from './apply-schema.ts';
import { FieldSet, fieldElement, formatElement, keyElement, type PathElement, valueElement } from './field-set.ts';
import { deepEqual, getKey, goText, isMap, type JsonMap, setKey } from './json-value.ts';

type Value = Json | undefined;

/** Narrows a type that allows several shapes to the value's. */
function deduce(atom: Atom, value: Value): Atom {
  if (value === undefined || value === null) return atom;
  if (Array.isArray(value)) return atom.list ? { list: atom.list } : atom;
  if (isMap(value)) return atom.map ? { map: atom.map } : atom;
  return atom.scalar ? { scalar: atom.scalar } : atom;
}

/** The one shape by which a value is walked: map before scalar before list. */
function shapeOf(ref: AtomRef, value: Value): Atom {
  const atom = deduce(resolveAtom(ref), value);
  if (atom.map) return atom.scalar || atom.list ? { map: atom.map } : atom;
  return atom.scalar && atom.list ? { scalar: atom.scalar } : atom;
}

/** Throws where an item of an associative list lacks its identity. */
export function itemElement(list: ListType, item: Json): PathElement {
  if (list.keys.length === 0) {
    if (isMap(item)) throw new Error("associative list without keys has an element that's a map type");
    if (Array.isArray(item)) throw new Error('not supported: associative list with lists as elements');
    if (item === null) throw new Error("associative list without keys has an element that's an explicit null");
    return valueElement(item);
  }
  if (item === null) throw new Error('associative list with keys may not have a null element');
  if (!isMap(item)) throw new Error('associative list with keys may not have non-map elements');
  const keys: JsonMap = {};
  let found = false;
  for (const name of list.keys) {
    const own = getKey(item, name);
    const value = own === undefined ? resolveAtom(list.elementType).map?.fields.get(name)?.default : own;
    if (value === undefined) continue;
    found = true;
    setKey(keys, name, value);
  }
  if (!found) {
    const names = list.keys.map(goQuote).join(' ');
    throw new Error(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(keys);
}

export interface TypeFault {
  readonly path: string;
  readonly message: string;
}

/** As structured-merge-diff joins its errors. */
export function formatFaults(faults: readonly TypeFault[]): string {
  const texts = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return texts.length === 1 ? (texts[0] as string) : ['errors:', ...texts.map((text) => `  ${text}`)].join('\n');
}

/** What keeps a value from being of the type; live objects may hold duplicates that an applied one may not. */
export function typeFaults(value: Json, ref: AtomRef, allowDuplicates: boolean): TypeFault[] {
  const checker = { path: [] as PathElement[], faults: [] as TypeFault[], allowDuplicates };
  check(value, ref, checker);
  return checker.faults;
}

interface Checker {
  readonly path: PathElement[];
  readonly faults: TypeFault[];
  readonly allowDuplicates: boolean;
}

const report = ({ path, faults }: Checker, message: string, element?: PathElement): void => {
  faults.push({ path: (element === undefined ? path : [...path, element]).map(formatElement).join(''), message });
};

function check(value: Json, ref: AtomRef, checker: Checker): void {
  const { map, scalar, list } = shapeOf(ref, value);
  if (map) checkMap(value, map, checker);
  else if (scalar) checkScalar(value, scalar, checker);
  else if (list) checkList(value, list, checker);
}

function checkMap(value: Json, map: MapType, checker: Checker): void {
  if (value === null) return;
  if (!isMap(value)) {
    report(checker, `expected map, got &{${goText(value)}}`);
    return;
  }
  for (const key of Object.keys(value)) {
    const type = fieldType(map, key);
    if (type === undefined) {
      report(checker, 'field not declared in schema', fieldElement(key));
      return;
    }
    checker.path.push(fieldElement(key));
    check(value[key] as Json, type, checker);
    checker.path.pop();
  }
}

function checkList(value: Json, list: ListType, checker: Checker): void {
  if (value === null) return;
  if (!Array.isArray(value)) {
    report(checker, `expected list, got &{${goText(value)}}`);
    return;
  }
  const seen = new Set<PathElement>();
  for (const [at, item] of value.entries()) {
    let element = `i:${at}`;
    if (!list.atomic) {
      try {
        element = itemElement(list, item);
      } catch (error) {
        report(checker, `element ${at}: ${(error as Error).message}`);
        return;
      }
      if (seen.has(element) && !checker.allowDuplicates) {
        report(checker, `duplicate entries for key ${formatElement(element)}`);
      }
      seen.add(element);
    }
    checker.path.push(element);
    check(item, list.elementType, checker);
    checker.path.pop();
  }
}

const GO_TYPES: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool' };

function checkScalar(value: Json, kind: ScalarKind, checker: Checker): void {
  if (value === null) return;
  const is = typeof value === 'bigint' ? 'number' : typeof value;
  if (kind === 'untyped' ? is !== 'object' : is === (kind === 'numeric' ? 'number' : kind)) return;
  const message = {
    numeric: `expected numeric (int or float), got ${GO_TYPES[is] ?? (Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}')}`,
    string: `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`,
    boolean: `expected boolean, got &{${goText(value)}}`,
    untyped: `expected any scalar, got &{${goText(value)}}`,
  }[kind];
  report(checker, message);
}

/** Go's `%#v` of a decoded JSON value. */
function goSyntax(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isMap(value)) return String(value);
  const keys = Object.keys(value).sort();
  return `map[string]interface {}{${keys.map((key) => `${goQuote(key)}:${goSyntax(value[key] as Json)}`).join(', ')}}`;
}

/** The fields that a value sets: what its applier owns. */
export function toFieldSet(value: Json, ref: AtomRef): FieldSet {
  const set = new FieldSet();
  collect(value, ref, [], set);
  return set;
}

function collect(value: Json, ref: AtomRef, path: PathElement[], set: FieldSet): void {
  const { map, scalar, list } = shapeOf(ref, value);
  if (map) {
    if (map.atomic) set.insert(path);
    else if (isMap(value)) collectMap(value, map, path, set);
  } else if (scalar) set.insert(path);
  else if (list) {
    if (list.atomic) set.insert(path);
    else if (Array.isArray(value)) collectList(value, list, path, set);
  }
}

function collectMap(value: JsonMap, map: MapType, path: PathElement[], set: FieldSet): void {
  for (const key of Object.keys(value)) {
    const item = value[key] as Json;
    path.push(fieldElement(key));
    const type = fieldType(map, key);
    if (type !== undefined) collect(item, type, path, set);
    if (item === null || (isMap(item) && Object.keys(item).length === 0) || !map.fields.has(key)) set.insert(path);
    path.pop();
  }
}

function collectList(value: Json[], list: ListType, path: PathElement[], set: FieldSet): void {
  const elements = value.map((item) => itemElement(list, item));
  const duplicates = new Set(elements.filter((element, at) => elements.indexOf(element) !== at));
  for (const [at, element] of elements.entries()) {
    path.push(element);
    // A repeated item is owned whole: which of the twins a field belongs to cannot be said.
    if (!duplicates.has(element)) collect(value[at] as Json, list.elementType, path, set);
    set.insert(path);
    path.pop();
  }
}

/** The live value with the applied one laid over it; the live value itself where that changes nothing. Undefined where nothing remains. */
export function mergeValues(live: Value, applied: Value, ref: AtomRef): Value {
  const { map, list } = shapeOf(ref, applied === undefined ? live : applied);
  if (map && !map.atomic) {
    const [left, right] = [asMap(live), asMap(applied)];
    if (left || right) return mergeMaps(left ?? {}, right ?? {}, map);
  } else if (list && !list.atomic) {
    const [left, right] = [asList(live), asList(applied)];
    if (left || right) return mergeLists(left ?? [], right ?? [], list);
  }
  return applied === undefined || deepEqual(live, applied) ? live : applied;
}

/** Undefined for anything but a map that has fields: empty containers count as leaves. */
const asMap = (value: Value): JsonMap | undefined =>
  isMap(value) && Object.keys(value).length > 0 ? value : undefined;
const asList = (value: Value): Json[] | undefined => (Array.isArray(value) && value.length > 0 ? value : undefined);

function mergeMaps(live: JsonMap, applied: JsonMap, map: MapType): Value {
  const out: JsonMap = {};
  let filled = false;
  let same = true;
  const put = (key: string, liveItem: Value, appliedItem: Value): void => {
    const type = fieldType(map, key);
    const merged = type === undefined ? (appliedItem ?? liveItem) : mergeValues(liveItem, appliedItem, type);
    same &&= merged === liveItem;
    if (merged === undefined) return;
    setKey(out, key, merged);
    filled = true;
  };
  for (const key of Object.keys(live)) put(key, live[key], getKey(applied, key));
  for (const key of Object.keys(applied)) if (!Object.hasOwn(live, key)) put(key, undefined, applied[key]);
  if (!filled) return undefined;
  return same ? live : out;
}

/**
 * Applied items keep their order; live items that were not applied stay between the neighbours they had.
 * (typed/merge.go visitListItems: the two lists are walked together, `nextShared` is the next item that both have.)
 */
function mergeLists(live: Json[], applied: Json[], list: ListType): Value {
  const liveKeys = live.map((item) => itemElement(list, item));
  const appliedKeys = applied.map((item) => itemElement(list, item));
  const liveItems = new Map<PathElement, Json>();
  for (const [at, key] of liveKeys.entries()) liveItems.set(key, liveItems.has(key) ? null : (live[at] as Json));
  const appliedItems = new Map(appliedKeys.map((key, at) => [key, applied[at] as Json]));
  const shared = appliedKeys.filter((key) => liveItems.has(key));
  let nextShared = shared.shift();
  const placed = new Set<PathElement>();
  const out: Json[] = [];
  const put = (liveItem: Value, appliedItem: Value): void => {
    const merged = mergeValues(liveItem, appliedItem, list.elementType);
    if (merged !== undefined) out.push(merged);
  };
  let l = 0;
  let r = 0;
  while (l < live.length || r < applied.length) {
    const liveKey = liveKeys[l];
    const appliedKey = appliedKeys[r];
    if (liveKey !== undefined && appliedKey !== undefined) {
      if (liveKey === appliedKey) {
        placed.add(liveKey);
        put(liveItems.get(liveKey), appliedItems.get(liveKey));
        l++;
        r++;
        nextShared = shared.shift();
        continue;
      }
      if (appliedItems.has(liveKey) && nextShared !== undefined && nextShared !== liveKey) {
        l++;
        continue;
      }
    }
    if (liveKey !== undefined) {
      if (!appliedItems.has(liveKey)) {
        put(live[l], undefined);
        l++;
        continue;
      }
      if (placed.has(liveKey)) l++;
    }
    if (appliedKey !== undefined) {
      placed.add(appliedKey);
      put(liveItems.get(appliedKey), appliedItems.get(appliedKey));
      r++;
      if (nextShared === appliedKey) nextShared = shared.shift();
    }
  }
  if (out.length === 0) return undefined;
  return out.length === live.length && out.every((item, at) => item === live[at]) ? live : out;
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Which fields differ between two values of one type. */
export function compareValues(before: Json, after: Json, ref: AtomRef): Comparison {
  const comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compare(before, after, ref, [], comparison);
  return comparison;
}

function compare(before: Value, after: Value, ref: AtomRef, path: PathElement[], out: Comparison): void {
  // Shared parts are common (immutable objects): they cannot differ.
  if (before === after) return;
  const shape = shapeOf(ref, after === undefined ? before : after);
  const other = before === undefined || after === undefined ? shape : shapeOf(ref, before);
  if (other.map !== shape.map || other.list !== shape.list) walk(before, after, other, path, out);
  if (walk(before, after, shape, path, out)) return;
  if (before === undefined) out.added.insert(path);
  else if (after === undefined) out.removed.insert(path);
}

/** True where the value was compared whole. */
function walk(before: Value, after: Value, shape: Atom, path: PathElement[], out: Comparison): boolean {
  if (shape.map && !shape.map.atomic) {
    const [left, right] = [asMap(before), asMap(after)];
    if (left || right) {
      compareMaps(left ?? {}, right ?? {}, shape.map, path, out);
      return false;
    }
  } else if (shape.list && !shape.list.atomic) {
    const [left, right] = [asList(before), asList(after)];
    if (left || right) {
      compareLists(left ?? [], right ?? [], shape.list, path, out);
      return false;
    }
  }
  if (before === undefined) out.added.insert(path);
  else if (after === undefined) out.removed.insert(path);
  else if (!deepEqual(before, after)) out.modified.insert(path);
  return true;
}

function compareMaps(before: JsonMap, after: JsonMap, map: MapType, path: PathElement[], out: Comparison): void {
  const visit = (key: string, left: Value, right: Value): void => {
    const type = fieldType(map, key);
    if (type === undefined || left === right) return;
    path.push(fieldElement(key));
    compare(left, right, type, path, out);
    path.pop();
  };
  for (const key of Object.keys(before)) visit(key, before[key], getKey(after, key));
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) visit(key, undefined, after[key]);
}

function groupItems(items: Json[], list: ListType): Map<PathElement, Json[]> {
  const groups = new Map<PathElement, Json[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    const group = groups.get(element);
    if (group === undefined) groups.set(element, [item]);
    else group.push(item);
  }
  return groups;
}

function compareLists(before: Json[], after: Json[], list: ListType, path: PathElement[], out: Comparison): void {
  const lefts = groupItems(before, list);
  const rights = groupItems(after, list);
  for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
    const left = lefts.get(element) ?? [];
    const right = rights.get(element) ?? [];
    path.push(element);
    if (left.length <= 1 && right.length <= 1) compare(left[0], right[0], list.elementType, path, out);
    else if (left.length >= 2 && right.length >= 2) {
      if (!deepEqual(left, right)) out.modified.insert(path);
    } else if (left.length >= 2) {
      if (right.length > 0) compare(undefined, right[0], list.elementType, path, out);
      out.removed.insert(path);
    } else {
      if (left.length > 0) compare(left[0], undefined, list.elementType, path, out);
      out.added.insert(path);
    }
    path.pop();
  }
}

/** The value without the items in the set. What loses all its contents becomes null, as upstream leaves it. */
export function removeItems(value: Json, items: FieldSet, ref: AtomRef): Json {
  const { map, scalar, list } = shapeOf(ref, value);
  if (map) return isMap(value) && !map.atomic ? removeFromMap(value, items, map) : null;
  if (scalar) return value;
  return list && Array.isArray(value) && !list.atomic ? removeFromList(value, items, list) : null;
}

function removeFromMap(value: JsonMap, items: FieldSet, map: MapType): Json {
  const out: JsonMap = {};
  let filled = false;
  for (const key of Object.keys(value)) {
    const node = items.nodes.get(fieldElement(key));
    if (node?.member) continue;
    const item = value[key] as Json;
    const type = fieldType(map, key);
    const below = node?.children;
    setKey(out, key, below && !below.empty && type ? removeItems(item, below, type) : item);
    filled = true;
  }
  return filled ? out : null;
}

function removeFromList(value: Json[], items: FieldSet, list: ListType): Json {
  const out: Json[] = [];
  for (const item of value) {
    const node = items.nodes.get(itemElement(list, item));
    if (node?.member) continue;
    const below = node?.children;
    out.push(below && !below.empty ? removeItems(item, below, list.elementType) : item);
  }
  return out.length > 0 ? out : null;
}
