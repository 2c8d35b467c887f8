/** Cuts a byte stream into lines, whatever its chunking, and reads watch events out of them. */
import { eachMember, JsonScanError } from '../kube/object-scan.ts';

const NEWLINE = 0x0a;
export const MAX_LINE_BYTES = 32 * 1024 * 1024;

export class LineSplitter {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(limit = MAX_LINE_BYTES) {
    this.#limit = limit;
  }

  /** Lines that are complete now, without their end. Slices of the chunk where they can be. Throws JsonScanError. */
  *push(input: Uint8Array): Generator<Buffer> {
    const chunk = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      const last = chunk.subarray(from, end);
      const line = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
      this.#parts = [];
      this.#bytes = 0;
      from = end + 1;
      if (line.length > 0) yield line;
    }
    if (from === chunk.length) return;
    this.#parts.push(chunk.subarray(from));
    this.#bytes += chunk.length - from;
    if (this.#bytes > this.#limit) throw new JsonScanError(`a line longer than ${this.#limit} bytes`);
  }
}

export type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export interface WatchLine {
  readonly type: WatchType;
  /** A slice of the line. */
  readonly object: Buffer;
}

const TYPES: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

/** Takes `{"type":…,"object":{…}}`. Throws JsonScanError on anything else. */
export function readWatchLine(line: Buffer): WatchLine {
  let type = '';
  let object: Buffer | undefined;
  eachMember(line, 0, (key, start, end) => {
    if (key === 'type') type = line.toString('latin1', start + 1, end - 1);
    else if (key === 'object') object = line.subarray(start, end);
  });
  if (!TYPES.has(type) || object === undefined) throw new JsonScanError('a line that is no watch event');
  return { type: type as WatchType, object };
}
