/**
 * The canonical form of a cached object: kind and apiVersion always first, in a head whose length is the resource's, so
 * that a list may cut it off (upstream's typed lists name the kind once, for the list).
 */

import type { ByteRange, ScannedObject } from '../kube/object-scan.ts';
import { apiVersionOf, type ResourceInfo } from '../kube/resource.ts';
import type { EncodeObject } from './reflector.ts';

export interface Edit extends ByteRange {
  readonly text: string;
}

/** `{"kind":"Pod","apiVersion":"v1",`: how every cached object of the resource begins. */
export const canonicalHead = (resource: ResourceInfo): string =>
  `{"kind":${JSON.stringify(resource.kind)},"apiVersion":${JSON.stringify(apiVersionOf(resource))},`;

/**
 * Copies the object with its canonical head and the edits applied.
 * @param edits in ascending order, not overlapping, behind the head
 * @param follow positions in the original, outside of the edits
 * @returns the copy, where the text of `metadata.name` begins in it, and where the followed positions are
 */
export function encodeWith(
  scanned: ScannedObject,
  resource: ResourceInfo,
  edits: readonly Edit[],
  follow: readonly number[] = [],
): { bytes: Buffer; nameAt: number; followed: number[] } {
  const { bytes } = scanned;
  const head = headBytes(resource);
  const bodyAt = bodyStart(scanned);
  let length = head.length + bytes.length - bodyAt;
  for (const { start, end, text } of edits) length += Buffer.byteLength(text) - (end - start);
  // Its own allocation: a slice of a pooled or received buffer would keep all of it in memory.
  const out = Buffer.allocUnsafeSlow(length);
  out.set(head);
  let to = head.length;
  let from = bodyAt;
  for (const edit of edits) {
    to += bytes.copy(out, to, from, edit.start);
    to += out.write(edit.text, to, 'utf8');
    from = edit.end;
  }
  bytes.copy(out, to, from);
  const moved = (position: number): number => movedBy(edits, position) + head.length - bodyAt;
  const name = scanned.at.name;
  return { bytes: out, nameAt: name === undefined ? 0 : moved(name.start + 1), followed: follow.map(moved) };
}

/** Where a position of the original is behind the edits that stand before it. */
function movedBy(edits: readonly Edit[], position: number): number {
  let moved = position;
  for (const { start, end, text } of edits) {
    if (end > position) break;
    moved += Buffer.byteLength(text) - (end - start);
  }
  return moved;
}

const heads = new WeakMap<ResourceInfo, Buffer>();

function headBytes(resource: ResourceInfo): Buffer {
  const known = heads.get(resource) ?? Buffer.from(canonicalHead(resource));
  heads.set(resource, known);
  return known;
}

/** Where the members behind kind and apiVersion begin; what stands in another order was put in this one by `canonical`. */
function bodyStart({ at }: ScannedObject): number {
  if (at.kind === undefined && at.apiVersion === undefined) return 1;
  return Math.max(at.kind?.end ?? 0, at.apiVersion?.end ?? 0) + 1;
}

/** True when kind and apiVersion stand first (or not at all) and nothing stands between tokens, as API servers write. */
export function isCanonical({ bytes, at, metadata }: ScannedObject): boolean {
  const before = Math.max(at.kind?.end ?? 0, at.apiVersion?.end ?? 0);
  if (bytes[0] !== 0x7b || bytes[1] !== 0x22 || bytes[metadata.start + 1] === 0x20) return false;
  if (before === 0) return true;
  const both = at.kind !== undefined && at.apiVersion !== undefined;
  const first = Math.min(at.kind?.start ?? 0, at.apiVersion?.start ?? 0);
  return both && first <= '{"apiVersion":'.length && isNext(at) && before < metadata.start && bytes[before] === 0x2c;
}

function isNext({ kind, apiVersion }: ScannedObject['at']): boolean {
  if (kind === undefined || apiVersion === undefined) return false;
  const gap = kind.start < apiVersion.start ? apiVersion.start - kind.end : kind.start - apiVersion.end;
  return gap === (kind.start < apiVersion.start ? ',"apiVersion":'.length : ',"kind":'.length);
}

/** The cluster's own form: nothing changed but the head. */
export const encodePlain: EncodeObject = (scanned, _downstream, resource) => {
  const { bytes, nameAt } = encodeWith(scanned, resource, []);
  return { bytes, nameAt };
};
