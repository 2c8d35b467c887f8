/**
 * The form in which views show a cluster's object, computed once as it comes in: the workspace's namespace, the encoded
 * resourceVersion, the cluster's label, owners by the hub's uids. It does not depend on who looks: a downstream namespace
 * belongs to exactly one workspace.
 */
import { LRUCache } from 'lru-cache';
import type { Downstream } from '../clusters/downstream.ts';
import type { EncodedMark, EncodeObject, Reference, ReferenceTarget } from '../clusters/reflector.ts';
import { scanCanonical } from '../clusters/reflector-cache.ts';
import { type Edit, encodeWith } from '../clusters/reflector-encode.ts';
import { APPLIED_HASH_ANNOTATION, CLUSTER_LABEL, COPY_LABEL, COPY_UID_ANNOTATION } from '../hub/kinds/workload.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import { OPEN_BRACE } from '../kube/json-bytes.ts';
import { NAMESPACE_LOCATOR_ANNOTATION } from '../kube/namespace-locator.ts';
import { type ByteRange, eachMember, parseRange, type ScannedObject, scanObject } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { CopyIndex } from './copy-index.ts';
import { foldingOwners, foldUid } from './fold.ts';
import type { Item } from './item.ts';
import { annotationOf, type NamespaceMaps } from './namespace-map.ts';
import { nestedPaths, translateNested, translateSentence } from './nested-namespaces.ts';
import { findReferences, referencePaths } from './reference-paths.ts';
import { encodeVersion } from './resource-version.ts';

/** `copies` may be shared by several encoders. */
export function createEncoder(maps: NamespaceMaps, copies: CopyIndex): EncodeObject {
  const intern = internTargets();
  return (scanned, downstream, resource) => {
    const translate = namespaceTranslation(maps, downstream);
    const namespace = scanned.namespace === '' ? '' : translate(scanned.namespace);
    const copyOf = copyOfHub(scanned);
    if (copyOf !== undefined) {
      const kind = `${resource.group}/${resource.kind}`;
      copies.learn({ clusterUid: downstream.uid, copyUid: scanned.uid, hubUid: copyOf, kind, name: scanned.name });
    }
    if (namespace === undefined) return undefined;
    const nested = withNested(scanned, downstream, resource, translate);
    const found = findReferences(nested, referencePaths(resource), namespace);
    const owner = foldingOwner(nested, resource, found, (uid) => copies.hubUid(downstream.uid, uid));
    const fold = owner && foldUid(owner.hubUid, resource, nested.name);
    if (fold !== undefined) {
      const kind = `${resource.group}/${resource.kind}`;
      copies.learn({ clusterUid: downstream.uid, copyUid: nested.uid, hubUid: fold, kind, name: nested.name });
    }
    const follow = found.flatMap(({ nameEnd, uidAt }) => [nameEnd, uidAt]);
    const edits = editsOf(nested, downstream, namespace, fold);
    const { bytes, nameAt, followed } = encodeWith(nested, resource, edits, follow);
    const refs = found.map(({ target, uidAt }, index): Reference => {
      const reference = {
        target: intern(downstream.uid, target),
        nameEnd: followed[2 * index] as number,
        uidAt: uidAt < 0 ? -1 : (followed[2 * index + 1] as number),
      };
      const hubUid = target.uid === owner?.uid ? owner.hubUid : copies.hubUid(downstream.uid, target.uid);
      replaceUid(bytes, reference, hubUid);
      return reference;
    });
    const mark = markOf(copyOf, refs, fold);
    return mark === undefined ? { bytes, nameAt } : { bytes, nameAt, mark };
  };
}

/** Objects that name the same one share what they say of it: most pods of a cluster name few nodes and owners. */
function internTargets(): (clusterUid: string, target: ReferenceTarget) => ReferenceTarget {
  const known = new LRUCache<string, ReferenceTarget>(TARGETS);
  return (clusterUid, target) => {
    const key = `${clusterUid}|${target.kind}|${target.namespace}|${target.name}|${target.uid}`;
    const present = known.get(key);
    if (present === undefined) known.set(key, target);
    return present ?? target;
  };
}

/** As `maxSize`: room for `max` would be taken at the start. */
const TARGETS = { maxSize: 100_000, sizeCalculation: () => 1 };

type Translate = (namespace: string) => string | undefined;

function namespaceTranslation(maps: NamespaceMaps, downstream: Downstream): Translate {
  if (downstream.namespaceMapping === 'Identity') return (namespace) => namespace;
  const map = maps.known(downstream);
  return (namespace) => map?.tenant(namespace)?.namespace;
}

/**
 * The placed copy that made the object, where what it makes is folded (`fold.ts`). Controllers give what they make the
 * copy's annotations, so the object says itself which hub object it is of, whoever is known first.
 */
function foldingOwner(
  scanned: ScannedObject,
  resource: ResourceInfo,
  refs: readonly Reference[],
  hubUidOf: (uid: string) => string | undefined,
): { readonly uid: string; readonly hubUid: string } | undefined {
  const owners = foldingOwners(resource);
  const uid = owners && refs.find(({ target }) => owners.has(target.kind))?.target.uid;
  const told = uid && annotationOf(scanned, COPY_UID_ANNOTATION);
  return uid && told ? { uid, hubUid: hubUidOf(uid) ?? told } : undefined;
}

/** In ascending order of position. */
function editsOf(scanned: ScannedObject, downstream: Downstream, namespace: string, fold: string | undefined): Edit[] {
  const { at } = scanned;
  const edits: Edit[] = [];
  if (at.namespace !== undefined && namespace !== scanned.namespace) {
    const { start, end } = at.namespace;
    edits.push({ start, end, text: JSON.stringify(namespace) });
  }
  if (at.resourceVersion !== undefined) {
    const { start, end } = at.resourceVersion;
    edits.push({ start, end, text: `"${encodeVersion(downstream.slot, scanned.resourceVersion)}"` });
  }
  edits.push(labelEdit(scanned, downstream.clusterName));
  if (fold !== undefined) edits.push(...partEdits(scanned, fold));
  return edits.sort((a, b) => a.start - b.start);
}

/** A part of what is folded has one uid everywhere, and not the annotations by which its owner is known for a copy. */
function partEdits({ bytes, at, metadata, uid }: ScannedObject, fold: string): Edit[] {
  const edits: Edit[] = [];
  const uidRange = memberOf(bytes, metadata, 'uid');
  if (uidRange !== undefined && uid !== '') edits.push({ ...uidRange, text: JSON.stringify(fold) });
  if (at.annotations !== undefined && bytes[at.annotations.start] === OPEN_BRACE) {
    const annotations = Object.entries(parseRange(bytes, at.annotations) as object);
    const authored = annotations.filter(([key]) => !COPY_ANNOTATIONS.has(key));
    edits.push({ ...at.annotations, text: JSON.stringify(Object.fromEntries(authored)) });
  }
  return edits;
}

const COPY_ANNOTATIONS: ReadonlySet<string> = new Set([
  COPY_UID_ANNOTATION,
  APPLIED_HASH_ANNOTATION,
  NAMESPACE_LOCATOR_ANNOTATION,
]);

function memberOf(bytes: Buffer, { start }: ByteRange, name: string): ByteRange | undefined {
  let found: ByteRange | undefined;
  eachMember(bytes, start, (key, from, to) => {
    if (key === name) found = { start: from, end: to };
  });
  return found;
}

/** Gives the object the label of its cluster. */
export function labelEdit({ at, bytes, metadata, labels }: ScannedObject, clusterName: string): Edit {
  const label = labelText(clusterName);
  if (at.labels === undefined) {
    const start = metadata.start + 1;
    return { start, end: start, text: `"labels":{${label}},` };
  }
  const { start, end } = at.labels;
  if (bytes[start] !== OPEN_BRACE) return { start, end, text: `{${label}}` };
  if (Object.hasOwn(labels, CLUSTER_LABEL))
    return { start, end, text: JSON.stringify({ ...labels, [CLUSTER_LABEL]: clusterName }) };
  const text = Object.keys(labels).length === 0 ? label : `${label},`;
  return { start: start + 1, end: start + 1, text };
}

const LABEL = JSON.stringify(CLUSTER_LABEL);

/** Names of clusters are DNS names: nothing in them needs an escape. */
const labelText = (clusterName: string): string => `${LABEL}:"${clusterName}"`;

/** Parses only where a nested path may hold a downstream namespace: hashed ones all begin alike. */
function withNested(
  scanned: ScannedObject,
  downstream: Downstream,
  resource: ResourceInfo,
  translate: Translate,
): ScannedObject {
  const paths = nestedPaths(resource);
  if (paths.length === 0 || downstream.namespaceMapping === 'Identity') return scanned;
  if (!scanned.bytes.includes('"kcp-', scanned.metadata.end)) return scanned;
  const object = parseJson(scanned.bytes.toString('utf8')) as Record<string, unknown>;
  translateNested(object, paths, translate);
  translateSentence(object, resource, translate);
  return scanObject(Buffer.from(stringifyJson(object)));
}

const copyOfHub = (scanned: ScannedObject): string | undefined =>
  Object.hasOwn(scanned.labels, COPY_LABEL) ? annotationOf(scanned, COPY_UID_ANNOTATION) : undefined;

function markOf(
  copyOf: string | undefined,
  refs: readonly Reference[],
  fold: string | undefined,
): EncodedMark | undefined {
  if (copyOf === undefined && refs.length === 0) return undefined;
  return {
    ...(copyOf === undefined ? {} : { copyOf }),
    ...(refs.length === 0 ? {} : { refs }),
    ...(fold === undefined ? {} : { fold }),
  };
}

/** Overwrites a reference's uid in place: uids are of one length. */
export function replaceUid(bytes: Buffer, { target: { uid }, uidAt }: Reference, to: string | undefined): void {
  if (to !== undefined && uidAt >= 0 && to.length === uid.length) bytes.write(to, uidAt, 'latin1');
}

/** One object that a cluster answered, as an item of a view; undefined where it is of a namespace that is nobody's. Throws JsonScanError. */
export function toItem(
  encode: EncodeObject,
  raw: Buffer,
  downstream: Downstream,
  resource: ResourceInfo,
): Item | undefined {
  const scanned = scanCanonical(raw);
  const encoded = encode(scanned, downstream, resource);
  if (encoded === undefined) return undefined;
  const { name, uid, resourceVersion, labels } = scanned;
  return { name, uid, resourceVersion, labels, ...encoded };
}
