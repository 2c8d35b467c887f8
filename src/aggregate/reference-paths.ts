/**
 * Where objects of clusters name other objects of the same cluster, as data: what controllers write to say which object is
 * meant. What authors write (the ConfigMap of a volume, the Service of an Ingress) stands in templates too and is left as
 * it is. `*` stands for every element of a list.
 */
import type { Reference } from '../clusters/reflector.ts';
import { OPEN_BRACE, OPEN_BRACKET } from '../kube/json-bytes.ts';
import { type ByteRange, eachElement, eachMember, type ScannedObject, textOf } from '../kube/object-scan.ts';
import { type GroupResource, groupResourceName, parseApiVersion } from '../kube/resource.ts';

export interface ReferencePath {
  readonly path: readonly string[];
  /** Of a plain name; undefined: an ObjectReference, which says its kind itself. */
  readonly kind?: string;
  /** Nearly every object has it. */
  readonly usual?: boolean;
}

const reference = (path: string): ReferencePath => ({ path: path.split('.') });
const nameOf = (kind: string, path: string): ReferencePath => ({ path: path.split('.'), kind });

const REFERENCES: Readonly<Record<string, readonly ReferencePath[]>> = {
  events: [reference('involvedObject'), reference('related')],
  'events.events.k8s.io': [reference('regarding'), reference('related')],
  pods: [
    { ...nameOf('/Node', 'spec.nodeName'), usual: true },
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

/** Kinds that the resource's objects are all but bound to name. */
export const usuallyNamed = (gr: GroupResource): readonly string[] =>
  referencePaths(gr).flatMap(({ kind, usual }) => (usual === true && kind !== undefined ? [kind] : []));

/** Paths that begin alike as one, so that no part of an object is gone over twice. */
interface Step {
  /** Set where a path ends. */
  readonly found: ReferencePath | undefined;
  readonly next: ReadonlyMap<string, Step>;
}

function stepsOf(paths: readonly ReferencePath[], depth: number): Step {
  const next = new Map<string, Step>();
  const found = paths.find(({ path }) => path.length === depth);
  for (const name of new Set(paths.flatMap(({ path }) => path[depth] ?? [])))
    next.set(
      name,
      stepsOf(
        paths.filter(({ path }) => path[depth] === name),
        depth + 1,
      ),
    );
  return { found, next };
}

const OWNER_STEPS = stepsOf([{ path: OWNERS.path.slice(2) }], 0);
const STEPS: ReadonlyMap<readonly ReferencePath[], Step> = new Map(
  Object.values(REFERENCES).map((paths) => [paths, stepsOf(paths, 0)]),
);
const NO_PATHS: readonly ReferencePath[] = [];
const NO_STEPS: Step = stepsOf([], 0);

/** Beside owners, which objects of every kind have. */
export const referencePaths = (gr: GroupResource): readonly ReferencePath[] => {
  const name = groupResourceName(gr);
  return Object.hasOwn(REFERENCES, name) ? (REFERENCES[name] as readonly ReferencePath[]) : NO_PATHS;
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
  const { bytes, at, members } = scanned;
  const found: Reference[] = [];
  const take: Take = (range, { kind }) => {
    const one = kind === undefined ? objectAt(bytes, range, namespace) : nameAt(bytes, range, kind, namespace);
    if (one !== undefined) found.push(one);
  };
  if (at.ownerReferences !== undefined) walk(bytes, at.ownerReferences, OWNER_STEPS, take);
  for (const [name, step] of (STEPS.get(paths) ?? NO_STEPS).next) {
    const member = members.get(name);
    if (member !== undefined) walk(bytes, member, step, take);
  }
  return found;
}

type Take = (range: ByteRange, path: ReferencePath) => void;

function walk(bytes: Buffer, range: ByteRange, { found, next }: Step, take: Take): void {
  if (found !== undefined) {
    take(range, found);
    return;
  }
  const each = next.get('*');
  if (each !== undefined) {
    if (bytes[range.start] !== OPEN_BRACKET) return;
    eachElement(bytes, range.start, (start, end) => walk(bytes, { start, end }, each, take));
  } else if (bytes[range.start] === OPEN_BRACE) {
    eachMember(bytes, range.start, (name, start, end) => {
      const step = next.get(name);
      if (step !== undefined) walk(bytes, { start, end }, step, take);
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
