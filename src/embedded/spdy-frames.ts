/**
 * SPDY/3.1 frames as far as Kubernetes' streams use them (kubectl < 1.31, and every port-forward). Peers neither count nor
 * await window updates, so there is no flow control beyond the socket's own.
 */

export const FrameType = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7 } as const;
export const FLAG_FIN = 1;
export const RST_CANCEL = 5;
const HEAD_BYTES = 8;
const CONTROL_V3 = 0x8003;
/** What peers send at a time is 32 KiB or less. */
export const MAX_FRAME_BYTES = 1024 * 1024;

export type Frame =
  | { readonly stream: number; readonly flags: number; readonly data: Buffer }
  | { readonly type: number; readonly flags: number; readonly payload: Buffer };

/** Cuts a stream of bytes into frames. Throws on what is not SPDY/3. */
export async function* readFrames(bytes: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < HEAD_BYTES) break;
      const flagsAndLength = pending.readUInt32BE(4);
      const [flags, length] = [flagsAndLength >>> 24, flagsAndLength & 0xffffff];
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes is too long`);
      if (pending.length < HEAD_BYTES + length) break;
      const body = pending.subarray(HEAD_BYTES, HEAD_BYTES + length);
      const first = pending.readUInt32BE(0);
      pending = pending.subarray(HEAD_BYTES + length);
      if (first < 0x80000000) yield { stream: first, flags, data: body };
      else if (first >>> 16 === CONTROL_V3) yield { type: first & 0xffff, flags, payload: body };
      else throw new Error('not a frame of SPDY/3');
    }
  }
}

export function dataHead(stream: number, flags: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32BE(stream, 0);
  head.writeUInt32BE(((flags << 24) | length) >>> 0, 4);
  return head;
}

export function controlFrame(type: number, words: readonly number[], rest: Buffer = Buffer.alloc(0)): Buffer {
  const length = words.length * 4 + rest.length;
  const frame = Buffer.allocUnsafe(HEAD_BYTES + words.length * 4);
  frame.writeUInt32BE(((CONTROL_V3 << 16) | type) >>> 0, 0);
  frame.writeUInt32BE(length, 4);
  for (const [index, word] of words.entries()) frame.writeUInt32BE(word, HEAD_BYTES + index * 4);
  return Buffer.concat([frame, rest]);
}
