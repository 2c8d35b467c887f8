/**
 * A range of the store in memory, for lists: its entries in key order, cut into segments of a size worth a write.
 * Segments never change: a write replaces the one that it falls into, so a list that is being sent keeps what it took.
 */
import type { StoredEntry } from '../store/store.ts';
import { metadataHead, STORED_HEAD, storedLabels, tailStart } from '../stored-object.ts';

const MAX_SEGMENT_BYTES = 384 * 1024;
/** Smaller neighbours become one. */
const MIN_SEGMENT_BYTES = 64 * 1024;
/** What an entry costs beside its bytes, roughly. */
const ENTRY_BYTES = 250;

/** One object; its bytes lie in the segment's encoded form once there is one. */
class SegmentEntry implements StoredEntry {
  readonly key: string;
  readonly revision: bigint;
  /** The stored value behind its head. */
  tail: Uint8Array;
  #labels: Readonly<Record<string, string>> | undefined;

  constructor({ key, revision, value }: StoredEntry) {
    this.key = key;
    this.revision = revision;
    this.tail = value.subarray(tailStart);
  }

  /** Put together when asked for: plain lists never ask. */
  get value(): Uint8Array {
    return Buffer.concat([STORED_HEAD_BYTES, this.tail]);
  }

  /** Kept from the first selector on. */
  get labels(): Readonly<Record<string, string>> {
    this.#labels ??= storedLabels(this.value);
    return this.#labels;
  }

  get size(): number {
    return this.tail.length + ENTRY_BYTES;
  }
}

export const labelsOf = (entry: StoredEntry): Readonly<Record<string, string>> =>
  entry instanceof SegmentEntry ? entry.labels : storedLabels(entry.value);

const STORED_HEAD_BYTES = Buffer.from(STORED_HEAD);

export class Segment {
  readonly entries: readonly SegmentEntry[];
  readonly bytes: number;
  #encoded: { readonly itemHead: string; readonly bytes: Buffer } | undefined;

  constructor(entries: readonly SegmentEntry[]) {
    this.entries = entries;
    this.bytes = entries.reduce((sum, { size }) => sum + size, 0);
  }

  get first(): string {
    return (this.entries[0] as SegmentEntry).key;
  }

  get last(): string {
    return (this.entries.at(-1) as SegmentEntry).key;
  }

  /** The objects' JSON, a comma before each. Made once for each `itemHead` (stored-object.ts) in turn. */
  encoded(itemHead: string): Buffer {
    if (this.#encoded?.itemHead === itemHead) return this.#encoded.bytes;
    const heads = this.entries.map(({ revision }) => `,${itemHead}${metadataHead(revision)}`);
    const size = this.entries.reduce(
      (sum, { tail }, at) => sum + Buffer.byteLength(heads[at] as string) + tail.length,
      0,
    );
    const bytes = Buffer.allocUnsafeSlow(size);
    let used = 0;
    for (const [at, entry] of this.entries.entries()) {
      used += bytes.write(heads[at] as string, used);
      bytes.set(entry.tail, used);
      // One copy is enough; and what was read from the database or a request may keep a larger buffer alive.
      entry.tail = bytes.subarray(used, used + entry.tail.length);
      used += entry.tail.length;
    }
    this.#encoded = { itemHead, bytes };
    return bytes;
  }
}

/** The segments of one range. */
export class Segments {
  #segments: Segment[] = [];
  #bytes = 0;

  /** Takes entries in key order. */
  constructor(entries: readonly StoredEntry[]) {
    this.#replace(0, 0, cut(entries.map((entry) => new SegmentEntry(entry))));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What there is now; later changes do not show in it. */
  take(): readonly Segment[] {
    return [...this.#segments];
  }

  put(entry: StoredEntry): void {
    const own = new SegmentEntry(entry);
    const at = Math.max(0, segmentOf(this.#segments, entry.key));
    const entries = [...(this.#segments[at]?.entries ?? [])];
    const place = placeOf(entries, entry.key);
    entries.splice(place, entries[place]?.key === entry.key ? 1 : 0, own);
    this.#replace(at, 1, cut(entries));
  }

  delete(key: string): void {
    const at = segmentOf(this.#segments, key);
    const segment = this.#segments[at];
    if (segment === undefined) return;
    this.#replace(at, 1, cut(segment.entries.filter((entry) => entry.key !== key)));
    this.#join(at);
    this.#join(at - 1);
  }

  /** Makes one of a segment and its next where both are small. */
  #join(at: number): void {
    const [one, next] = [this.#segments[at], this.#segments[at + 1]];
    if (one === undefined || next === undefined || one.bytes > MIN_SEGMENT_BYTES || next.bytes > MIN_SEGMENT_BYTES)
      return;
    this.#replace(at, 2, cut([...one.entries, ...next.entries]));
  }

  #replace(at: number, count: number, segments: readonly Segment[]): void {
    for (const gone of this.#segments.splice(at, count, ...segments)) this.#bytes -= gone.bytes;
    for (const come of segments) this.#bytes += come.bytes;
  }
}

/** The last segment that begins at or before the key; -1 when it stands before all. */
export function segmentOf(segments: readonly Segment[], key: string): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle] as Segment).first <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where the key stands, or would stand. */
export function placeOf(entries: readonly StoredEntry[], key: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as StoredEntry).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As few segments of about equal size as the limit allows. */
function cut(entries: readonly SegmentEntry[]): Segment[] {
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (entries.length === 0) return [];
  if (total <= MAX_SEGMENT_BYTES) return [new Segment(entries)];
  const aim = total / Math.ceil(total / (MAX_SEGMENT_BYTES * 0.75));
  const segments: Segment[] = [];
  let from = 0;
  let size = 0;
  for (const [at, entry] of entries.entries()) {
    size += entry.size;
    if (size < aim) continue;
    segments.push(new Segment(entries.slice(from, at + 1)));
    from = at + 1;
    size = 0;
  }
  if (from < entries.length) segments.push(new Segment(entries.slice(from)));
  return segments;
}
