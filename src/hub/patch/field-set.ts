/**
 * Sets of field paths: what a manager owns (structured-merge-diff `fieldpath`, wire form `fieldsV1`).
 * A path element is its wire text, canonical so that equal elements are equal strings:
 * `f:<field>`, `k:{"<key>":<value>,…}` with sorted keys, `v:<value>`, `i:<index>`.
 */
import { LRUCache } from 'lru-cache';
import { parseJson } from '../../kube/exact-json.ts';
import { goJson } from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';
import { type AtomRef, fieldType, resolveAtom } from './apply-schema.ts';
import { compareScalars, compareText, isMap, type JsonMap, pathText } from './json-value.ts';

export type PathElement = string;
export type FieldPath = readonly PathElement[];

export const fieldElement = (name: string): PathElement => `f:${name}`;

/** Keys sorted, as they stand on the wire. */
export function keyElement(keys: JsonMap): PathElement {
  const names = Object.keys(keys);
  if (names.length > 1) names.sort();
  return `k:{${names.map((name) => `${scalarJson(name)}:${scalarJson(keys[name] as Json)}`).join(',')}}`;
}

/** Most keys are plain words, which need no escaping. */
const scalarJson = (value: Json): string =>
  typeof value === 'string' && /^[\w.:/-]*$/.test(value) ? `"${value}"` : goJson(value);

export const valueElement = (value: Json): PathElement => `v:${goJson(value)}`;

interface Node {
  /** The path ending here is in the set. */
  member: boolean;
  children: FieldSet | undefined;
}

/** Immutable to its users but for `insert`, which only its builder calls. Subsets are shared between sets. */
export class FieldSet {
  readonly nodes = new Map<PathElement, Node>();

  static of(...paths: FieldPath[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  insert(path: FieldPath): void {
    let set: FieldSet = this;
    for (let at = 0; at < path.length; at++) {
      const element = path[at] as PathElement;
      let node = set.nodes.get(element);
      if (node === undefined) {
        node = { member: false, children: undefined };
        set.nodes.set(element, node);
      }
      if (at === path.length - 1) {
        node.member = true;
        return;
      }
      node.children ??= new FieldSet();
      set = node.children;
    }
  }

  has(path: FieldPath): boolean {
    let set: FieldSet | undefined = this;
    for (let at = 0; at < path.length - 1; at++) {
      set = set.nodes.get(path[at] as PathElement)?.children;
      if (set === undefined) return false;
    }
    return path.length > 0 && set.nodes.get(path.at(-1) as PathElement)?.member === true;
  }

  get empty(): boolean {
    for (const { member, children } of this.nodes.values()) {
      if (member || (children !== undefined && !children.empty)) return false;
    }
    return true;
  }

  union(other: FieldSet): FieldSet {
    if (other.nodes.size === 0) return this;
    if (this.nodes.size === 0) return other;
    const result = new FieldSet();
    for (const [element, node] of this.nodes) {
      const twin = other.nodes.get(element);
      result.nodes.set(element, twin === undefined ? node : unite(node, twin));
    }
    for (const [element, node] of other.nodes) if (!this.nodes.has(element)) result.nodes.set(element, node);
    return result;
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const [element, node] of this.nodes) {
      const twin = other.nodes.get(element);
      if (twin === undefined) continue;
      const children = node.children && twin.children && node.children.intersection(twin.children);
      result.put(element, node.member && twin.member, children);
    }
    return result;
  }

  /** Paths of this set that are not in the other; what lies below a removed path stays. */
  difference(other: FieldSet): FieldSet {
    if (other.nodes.size === 0) return this;
    const result = new FieldSet();
    for (const [element, node] of this.nodes) {
      const twin = other.nodes.get(element);
      if (twin === undefined) result.nodes.set(element, node);
      else {
        const children = node.children && (twin.children ? node.children.difference(twin.children) : node.children);
        result.put(element, node.member && !twin.member, children);
      }
    }
    return result;
  }

  /** As `difference`, but everything below a path of the other set goes too. */
  recursiveDifference(other: FieldSet): FieldSet {
    if (other.nodes.size === 0) return this;
    const result = new FieldSet();
    for (const [element, node] of this.nodes) {
      const twin = other.nodes.get(element);
      if (twin === undefined) result.nodes.set(element, node);
      else if (!twin.member) {
        const children =
          node.children && (twin.children ? node.children.recursiveDifference(twin.children) : node.children);
        result.put(element, node.member, children);
      }
    }
    return result;
  }

  /** Named struct fields that only have children become members too, so that pruning treats them as present. */
  withNamedFields(type: AtomRef | undefined): FieldSet {
    const atom = type && resolveAtom(type);
    const result = new FieldSet();
    for (const [element, { member, children }] of this.nodes) {
      const name = element.startsWith('f:') ? element.slice(2) : undefined;
      const named = name !== undefined && children !== undefined && atom?.map?.fields.has(name) === true;
      let childType: AtomRef | undefined;
      if (name !== undefined) childType = atom?.map && fieldType(atom.map, name);
      else if (element.startsWith('k:')) childType = atom?.list?.elementType;
      result.nodes.set(element, { member: member || named, children: children?.withNamedFields(childType) });
    }
    return result;
  }

  /** Every path, members of a level before what lies below it, both in order. */
  *paths(prefix: FieldPath = []): Generator<FieldPath> {
    const sorted = this.sorted();
    for (const [element, node] of sorted) if (node.member) yield [...prefix, element];
    for (const [element, node] of sorted) if (node.children) yield* node.children.paths([...prefix, element]);
  }

  sorted(): [PathElement, Node][] {
    return [...this.nodes].sort(([left], [right]) => compareElements(left, right));
  }

  private put(element: PathElement, member: boolean, children: FieldSet | undefined): void {
    const kept = children === undefined || children.empty ? undefined : children;
    if (member || kept !== undefined) this.nodes.set(element, { member, children: kept });
  }
}

const unite = (left: Node, right: Node): Node => ({
  member: left.member || right.member,
  children: left.children && right.children ? left.children.union(right.children) : (left.children ?? right.children),
});

const ELEMENT_RANK = 'fkvi';

/** Parsing an element costs more than all else done with it, and the same few occur in every object of a kind. */
const parsedElements = new LRUCache<PathElement, { readonly value: Json }>({ max: 5_000 });

function parseElement(element: PathElement): Json {
  let parsed = parsedElements.get(element);
  if (parsed === undefined) {
    parsed = { value: parseJson(element.slice(2)) };
    parsedElements.set(element, parsed);
  }
  return parsed.value;
}

function compareElements(left: PathElement, right: PathElement): number {
  const kind = left[0] as string;
  if (kind !== right[0]) return ELEMENT_RANK.indexOf(kind) - ELEMENT_RANK.indexOf(right[0] as string);
  if (kind === 'f') return compareText(left, right);
  const [leftValue, rightValue] = [parseElement(left), parseElement(right)];
  return kind === 'k'
    ? compareKeys(leftValue as JsonMap, rightValue as JsonMap)
    : compareScalars(leftValue, rightValue);
}

function compareKeys(left: JsonMap, right: JsonMap): number {
  const [leftNames, rightNames] = [Object.keys(left), Object.keys(right)];
  for (let at = 0; at < Math.min(leftNames.length, rightNames.length); at++) {
    const [leftName, rightName] = [leftNames[at] as string, rightNames[at] as string];
    const order = compareText(leftName, rightName) || compareScalars(left[leftName] as Json, right[rightName] as Json);
    if (order !== 0) return order;
  }
  return leftNames.length - rightNames.length;
}

/** Wire form: `{}` is a member, `.` a member that has children as well. */
export function encodeFieldSet(set: FieldSet): JsonMap {
  const fields: JsonMap = {};
  for (const [element, { member, children }] of set.sorted()) {
    const below = children === undefined ? {} : encodeFieldSet(children);
    fields[element] = member && children !== undefined && children.nodes.size > 0 ? { '.': {}, ...below } : below;
  }
  return fields;
}

/** Throws SyntaxError on what is not a set; elements of unknown kinds are skipped, as upstream does for forward compatibility. */
export const decodeFieldSet = (fields: unknown): FieldSet => decodeLevel(fields).children ?? new FieldSet();

function decodeLevel(fields: unknown): Node {
  if (!isMap(fields)) throw new SyntaxError('expected an object of fields');
  let member = false;
  let children: FieldSet | undefined;
  for (const key of Object.keys(fields)) {
    if (key === '.') {
      member = true;
      continue;
    }
    const element = canonicalElement(key);
    if (element === undefined) continue;
    children ??= new FieldSet();
    children.nodes.set(element, decodeLevel(fields[key]));
  }
  return { member: member || children === undefined, children };
}

function canonicalElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new SyntaxError('key must be 2 characters long:');
  if (text[1] !== ':') throw new SyntaxError(`missing colon: ${text}`);
  const rest = text.slice(2);
  switch (text[0]) {
    case 'f':
      return text;
    case 'v':
      return valueElement(parseElement(text));
    case 'k': {
      const keys = parseElement(text);
      if (!isMap(keys)) throw new SyntaxError(`expected an object: ${rest}`);
      return keyElement(keys);
    }
    case 'i':
      if (!/^[-+]?\d+$/.test(rest)) throw new SyntaxError(`strconv.Atoi: parsing "${rest}": invalid syntax`);
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}

/** `.spec.containers[name="app"].image`, as conflicts are reported. */
export const formatPath = (path: FieldPath): string => path.map(formatElement).join('');

export function formatElement(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'k': {
      const keys = Object.entries(parseJson(rest) as JsonMap);
      return `[${keys.map(([name, value]) => `${name}=${pathText(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${pathText(parseJson(rest))}]`;
    default:
      return `[${rest}]`;
  }
}
