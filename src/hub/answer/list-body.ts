/** A list as bytes, chunk by chunk: heads and stored tails laid side by side. */
import { apiVersionOf } from '../../kube/resource.ts';
import type { HubCore, Target } from '../core.ts';
import type { ListResult } from '../read/list.ts';
import type { Segment } from '../read/segments.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { StoredEntry } from '../store/store.ts';
import { itemHead, metadataHead, tailStart, typeNames } from '../stored-object.ts';
import { entryObject } from './respond.ts';

const CHUNK_BYTES = 256 * 1024;

export const listKindOf = ({ info }: ResourceDefinition): string => info.listKind ?? `${info.kind}List`;

export const listMetadata = (list: ListResult): Record<string, unknown> => ({
  resourceVersion: String(list.revision),
  ...(list.continue === undefined ? {} : { continue: list.continue }),
  ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
});

export async function* listBytes(core: HubCore, target: Target, list: ListResult): AsyncGenerator<Uint8Array> {
  const { definition } = target;
  const head = {
    kind: listKindOf(definition),
    apiVersion: apiVersionOf(definition.info),
    metadata: listMetadata(list),
  };
  const passes = core.objects.passesBytes(definition) && target.workspace !== '*';
  // Upstream's typed lists leave out each item's kind.
  const prefix = itemHead(definition.custom ? typeNames(definition.info) : undefined);
  let separator = `${JSON.stringify(head).slice(0, -1)},"items":[`;
  if (passes && list.segments !== undefined) {
    yield* segmentBytes(separator, list.segments, prefix);
    return;
  }
  for await (const entries of list.chunks) {
    const writer = new ChunkWriter(entries);
    for (const entry of entries) {
      if (passes && entry.value.length > CHUNK_BYTES) {
        yield* writer.chunks();
        yield* pieces(separator + prefix + metadataHead(entry.revision), entry.value.subarray(tailStart));
      } else if (passes) writer.add(separator + prefix + metadataHead(entry.revision), entry.value.subarray(tailStart));
      else writer.add(separator, Buffer.from(itemJson(core, target, entry)));
      separator = ',';
    }
    yield* writer.chunks();
  }
  yield Buffer.from(`${separator === ',' ? '' : separator}]}\n`);
}

/** A collection in memory goes out as it lies there; the first object's comma is left out. */
function* segmentBytes(opening: string, segments: readonly Segment[], prefix: string): Generator<Uint8Array> {
  yield Buffer.from(opening);
  for (const [at, segment] of segments.entries()) yield segment.encoded(prefix).subarray(at === 0 ? 1 : 0);
  yield Buffer.from(']}\n');
}

/** A large object goes as it is, in pieces: a reader that stops keeps one copy of it, and the socket one piece. */
function* pieces(head: string, tail: Uint8Array): Generator<Uint8Array> {
  yield Buffer.from(head);
  for (let at = 0; at < tail.length; at += CHUNK_BYTES) yield tail.subarray(at, at + CHUNK_BYTES);
}

function itemJson(core: HubCore, target: Target, entry: StoredEntry): string {
  const { kind, apiVersion, ...rest } = entryObject(core, target, entry);
  return JSON.stringify(target.definition.custom ? { kind, apiVersion, ...rest } : rest);
}

/** Gathers small pieces into buffers of a size worth a system call. */
class ChunkWriter {
  #full: Buffer[] = [];
  #buffer: Buffer;
  #used = 0;

  constructor(entries: readonly StoredEntry[]) {
    const bytes = entries.reduce((sum, entry) => sum + entry.value.length + 256, 256);
    this.#buffer = Buffer.allocUnsafe(Math.min(bytes, CHUNK_BYTES));
  }

  add(head: string, tail: Uint8Array): void {
    const bytes = Buffer.byteLength(head) + tail.length;
    if (this.#used + bytes > this.#buffer.length) {
      this.#flush();
      this.#buffer = Buffer.allocUnsafe(Math.max(bytes, CHUNK_BYTES));
    }
    this.#used += this.#buffer.write(head, this.#used);
    this.#buffer.set(tail, this.#used);
    this.#used += tail.length;
  }

  /** What was added since they were last taken. */
  chunks(): readonly Buffer[] {
    this.#flush();
    const full = this.#full;
    this.#full = [];
    return full;
  }

  #flush(): void {
    if (this.#used > 0) this.#full.push(this.#buffer.subarray(0, this.#used));
    // What was given away is not written again.
    this.#buffer = this.#buffer.subarray(this.#used);
    this.#used = 0;
  }
}
