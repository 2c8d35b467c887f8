/**
 * Where objects of clusters name other objects of the same cluster, as data: what controllers write to say which object is
 * meant. What authors write (the ConfigMap of a volume, the Service of an Ingress) stands in templates too and is left as
 * it is. `*` stands for every element of a list.
 */
import type { Reference } from '../clusters/reflector.ts';
import { OPEN_BRACE, OPEN_BRACKET } from '../kube/json-bytes.ts';
import { type ByteRange, eachElement, eachMember, type ScannedObject, skipValue, textOf } from '../kube/object-scan.ts';
import { type GroupResource, groupResourceName, parseApiVersion } from '../kube/resource.ts';

export interface ReferencePath {
  readonly path: readonly string[];
  /** Of a plain name; undefined: an ObjectReference, which says its kind itself. */
  readonly kind?: string;
}

const reference = (path: string): ReferencePath => ({ path: path.split('.') });
const nameOf = (kind: string, path: string): ReferencePath => ({ path: path.split('.'), kind });

const REFERENCES: Readonly<Record<string, readonly ReferencePath[]>> = {
  events: [reference('involvedObject'), reference('related')],
  'events.events.k8s.io': [reference('regarding'), reference('related')],
  pods: [
    nameOf('/Node', 'spec.nodeName'),
    nameOf('/PersistentVolumeClaim', 'spec.volumes.*.persistentVolumeClaim.claimName'),
  ],
  endpoints: [
    reference('subsets.*.addresses.*.targetRef'),
    nameOf('/Node', 'subsets.*.addresses.*.nodeName'),
    reference('subsets.*.notReadyAddresses.*.targetRef'),
    nameOf('/Node', 'subsets.*.notReadyAddresses.*.nodeName'),
  ],
  'endpointslices.discovery.k8s.io': [reference('endpoints.*.targetRef'), nameOf('/Node', 'endpoints.*.nodeName')],
  persistentvolumeclaims: [nameOf('/PersistentVolume', 'spec.volumeName')],
  persistentvolumes: [reference('spec.claimRef')],
  'volumeattachments.storage.k8s.io': [
    nameOf('/Node', 'spec.nodeName'),
    nameOf('/PersistentVolume', 'spec.source.persistentVolumeName'),
  ],
};

const OWNERS = reference('metadata.ownerReferences.*');

/** Beside owners, which objects of every kind have. */
export const referencePaths = (gr: GroupResource): readonly ReferencePath[] => {
  const name = groupResourceName(gr);
  return Object.hasOwn(REFERENCES, name) ? (REFERENCES[name] as readonly ReferencePath[]) : [];
};

/**
 * What the object names, with positions in its bytes.
 * @param namespace the object's own as the workspace calls it; references' own must have been translated
 */
export function findReferences(
  scanned: ScannedObject,
  paths: readonly ReferencePath[],
  namespace: string,
): Reference[] {
  const { bytes, at } = scanned;
  const found: Reference[] = [];
  const take = (range: ByteRange, kind: string | undefined): void => {
    const one = kind === undefined ? objectAt(bytes, range, namespace) : nameAt(bytes, range, kind, namespace);
    if (one !== undefined) found.push(one);
  };
  if (at.ownerReferences !== undefined)
    walk(bytes, at.ownerReferences, OWNERS.path, 2, (range) => take(range, undefined));
  for (const { path, kind } of paths) {
    const member = scanned.members.get(path[0] as string);
    if (member === undefined) continue;
    const only = path.length > 1 ? onlyMember(bytes, member, path.at(-1) as string) : undefined;
    if (only === 'none') continue;
    if (only !== undefined && kind !== undefined && !path.includes('*')) take(only, kind);
    else walk(bytes, member, path, 1, (range) => take(range, kind));
  }
  return found;
}

/**
 * The value of the only member of this name within a range, at whatever depth: found by a search for bytes, which is much
 * faster than a walk. Quotes within texts are escaped, so what is found is a member. Undefined where there are several.
 */
function onlyMember(bytes: Buffer, { start, end }: ByteRange, name: string): ByteRange | 'none' | undefined {
  const needle = `"${name}":`;
  const first = bytes.indexOf(needle, start, 'latin1');
  if (first < 0 || first >= end) return 'none';
  const second = bytes.indexOf(needle, first + needle.length, 'latin1');
  if (second >= 0 && second < end) return undefined;
  const from = first + needle.length;
  return { start: from, end: skipValue(bytes, from) };
}

function walk(
  bytes: Buffer,
  range: ByteRange,
  path: readonly string[],
  depth: number,
  visit: (range: ByteRange) => void,
): void {
  const key = path[depth];
  if (key === undefined) visit(range);
  else if (key === '*') {
    if (bytes[range.start] === OPEN_BRACKET)
      eachElement(bytes, range.start, (start, end) => walk(bytes, { start, end }, path, depth + 1, visit));
  } else if (bytes[range.start] === OPEN_BRACE) {
    eachMember(bytes, range.start, (name, start, end) => {
      if (name === key) walk(bytes, { start, end }, path, depth + 1, visit);
    });
  }
}

function nameAt(bytes: Buffer, range: ByteRange, kind: string, namespace: string): Reference | undefined {
  const name = textOf(bytes, range);
  return name === '' ? undefined : { target: { kind, namespace, name, uid: '' }, nameEnd: range.end - 1, uidAt: -1 };
}

/** An ObjectReference or an OwnerReference. */
function objectAt(bytes: Buffer, range: ByteRange, namespace: string): Reference | undefined {
  if (bytes[range.start] !== OPEN_BRACE) return undefined;
  const members = new Map<string, ByteRange>();
  eachMember(bytes, range.start, (key, start, end) => members.set(key, { start, end }));
  const text = (key: string): string => textOf(bytes, members.get(key));
  const [name, kind, uid] = [text('name'), text('kind'), text('uid')];
  const end = members.get('name')?.end;
  if (name === '' || kind === '' || end === undefined) return undefined;
  const { group } = parseApiVersion(text('apiVersion'));
  const target = { kind: `${group}/${kind}`, namespace: text('namespace') || namespace, name, uid };
  return { target, nameEnd: end - 1, uidAt: uid === '' ? -1 : (members.get('uid')?.start ?? -2) + 1 };
}

/** Calls `change` with each holder of a reference's name in a parsed object, and the member that it is. */
export function eachReferenceName(
  object: unknown,
  gr: GroupResource,
  change: (holder: Record<string, unknown>, member: string) => void,
): void {
  for (const { path, kind } of referencePaths(gr))
    descend(object, kind === undefined ? [...path, 'name'] : path, 0, change);
}

function descend(
  value: unknown,
  path: readonly string[],
  depth: number,
  change: (holder: Record<string, unknown>, member: string) => void,
): void {
  if (typeof value !== 'object' || value === null) return;
  const key = path[depth] as string;
  const holder = value as Record<string, unknown>;
  if (key === '*') {
    if (Array.isArray(value)) for (const one of value) descend(one, path, depth + 1, change);
  } else if (Object.hasOwn(holder, key)) {
    if (depth === path.length - 1) change(holder, key);
    else descend(holder[key], path, depth + 1, change);
  }
}
