/** The bytes of a list: items are copied from the caches as they are, in buffers of a size worth a system call. */
import { canonicalHead } from '../clusters/reflector-encode.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import type { ApiBody } from '../kube/api.ts';
import { apiVersionOf, type ResourceInfo } from '../kube/resource.ts';
import type { ViewList } from './list.ts';
import type { MergedItem } from './merge.ts';

const CHUNK_BYTES = 256 * 1024;
/** Up to this size an answer is one buffer with a length. */
const WHOLE_BYTES = 1024 * 1024;

export const listKindOf = (info: ResourceInfo): string => info.listKind ?? `${info.kind}List`;

/** Pieces of one item: canonical head or not, its name qualified or not. */
export function* itemPieces(merged: MergedItem, headLength: number, named: boolean): Generator<Uint8Array> {
  const { item, clusterName, qualified } = merged;
  const { bytes } = item;
  if (!named) yield OPEN;
  const from = named ? 0 : headLength;
  if (!qualified || clusterName === undefined) {
    yield bytes.subarray(from);
    return;
  }
  const nameEnd = item.nameAt + Buffer.byteLength(item.name);
  yield bytes.subarray(from, nameEnd);
  yield Buffer.from(`@${clusterName}`);
  yield bytes.subarray(nameEnd);
}

const OPEN = Buffer.from('{');
const COMMA = Buffer.from(',');

/** The item's JSON in one buffer, complete with kind and apiVersion. */
export function itemBytes(merged: MergedItem): Buffer {
  return merged.qualified ? Buffer.concat([...itemPieces(merged, 0, true)]) : merged.item.bytes;
}

export function listBody(info: ResourceInfo, definition: ResourceDefinition, list: ViewList): ApiBody {
  const head = { kind: listKindOf(info), apiVersion: apiVersionOf(info), metadata: list.metadata };
  const opening = Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  // Upstream's typed lists name the kind once, for the list; lists of custom resources name it in each item.
  const form = { headLength: canonicalHead(info).length, named: definition.custom };
  const size = Array.isArray(list.items) ? sizeOf(list.items as readonly MergedItem[]) : Number.POSITIVE_INFINITY;
  return size <= WHOLE_BYTES
    ? Buffer.concat([...allPieces(opening, list.items, form)])
    : chunks(opening, list.items, form, list.resume);
}

/** How items stand in a list: with the head of `headLength` bytes that names their kind, or without. */
interface ItemForm {
  readonly headLength: number;
  readonly named: boolean;
}

const sizeOf = (items: readonly MergedItem[]): number => items.reduce((sum, { item }) => sum + item.bytes.length, 0);

function* allPieces(
  opening: Buffer,
  items: Iterable<MergedItem>,
  { headLength, named }: ItemForm,
): Generator<Uint8Array> {
  yield opening;
  let first = true;
  for (const merged of items) {
    if (!first) yield COMMA;
    first = false;
    yield* itemPieces(merged, headLength, named);
  }
  yield CLOSING;
}

const COMMA_BYTE = 0x2c;
const BRACE_BYTE = 0x7b;

/** The pieces laid into large buffers; the item that most lists consist of is laid down without making pieces. */
async function* chunks(
  opening: Buffer,
  items: Iterable<MergedItem>,
  form: ItemForm,
  resume: () => void,
): AsyncGenerator<Uint8Array> {
  const { headLength, named } = form;
  let buffer = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, opening.length));
  let used = opening.copy(buffer, 0);
  let first = true;
  for (const merged of items) {
    const { bytes } = merged.item;
    // A comma, a brace and a cluster's name at most come to it.
    const needed = bytes.length + ITEM_SLACK;
    if (used + needed > buffer.length) {
      yield buffer.subarray(0, used);
      // The socket may still hold the one before.
      await new Promise((resolve) => setImmediate(resolve));
      resume();
      buffer = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, needed));
      used = 0;
    }
    if (!first) buffer[used++] = COMMA_BYTE;
    first = false;
    if (merged.qualified) {
      for (const piece of itemPieces(merged, headLength, named)) {
        buffer.set(piece, used);
        used += piece.length;
      }
    } else {
      if (!named) buffer[used++] = BRACE_BYTE;
      used += bytes.copy(buffer, used, named ? 0 : headLength);
    }
  }
  yield buffer.subarray(0, used);
  yield CLOSING;
}

const CLOSING = Buffer.from(']}\n');
/** Names of clusters are DNS labels or subdomains: 253 bytes at most. */
const ITEM_SLACK = 512;
