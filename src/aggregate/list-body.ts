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
  const pieces = allPieces(opening, list.items, canonicalHead(info).length, definition.custom);
  const size = Array.isArray(list.items) ? sizeOf(list.items as readonly MergedItem[]) : Number.POSITIVE_INFINITY;
  return size <= WHOLE_BYTES ? Buffer.concat([...pieces]) : chunks(pieces, list.resume);
}

const sizeOf = (items: readonly MergedItem[]): number => items.reduce((sum, { item }) => sum + item.bytes.length, 0);

function* allPieces(
  opening: Buffer,
  items: Iterable<MergedItem>,
  headLength: number,
  named: boolean,
): Generator<Uint8Array> {
  yield opening;
  let first = true;
  for (const merged of items) {
    if (!first) yield COMMA;
    first = false;
    yield* itemPieces(merged, headLength, named);
  }
  yield Buffer.from(']}\n');
}

async function* chunks(pieces: Iterable<Uint8Array>, resume: () => void): AsyncGenerator<Uint8Array> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  for (const piece of pieces) {
    if (used + piece.length > buffer.length) {
      if (used > 0) yield buffer.subarray(0, used);
      // The socket may still hold the one before.
      await new Promise((resolve) => setImmediate(resolve));
      resume();
      buffer = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, piece.length));
      used = 0;
    }
    buffer.set(piece, used);
    used += piece.length;
  }
  yield buffer.subarray(0, used);
}
