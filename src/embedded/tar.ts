/** Plain ustar archives (POSIX.1-1988): what `kubectl cp` sends and expects. */

export interface TarEntry {
  readonly name: string;
  /** Undefined for a folder. */
  readonly bytes: Buffer | undefined;
}

const BLOCK = 512;

/** Files and folders; other kinds are passed over. Throws on a damaged archive. */
export function readTar(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(text(header, 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > archive.length)
      throw new Error('Unexpected EOF in archive');
    const bytes = archive.subarray(at + BLOCK, at + BLOCK + size);
    const type = String.fromCharCode(header[156] ?? 0);
    const prefix = text(header, 345, 155);
    const name = longName ?? (prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100));
    longName = undefined;
    if (type === 'L') longName = text(bytes, 0, bytes.length);
    else if (type === 'x') longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(bytes.toString())?.[1];
    else if (type === '5') entries.push({ name: name.replace(/\/$/, ''), bytes: undefined });
    else if (type === '0' || type === '\0') entries.push({ name, bytes: Buffer.from(bytes) });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

export function writeTar(entries: readonly { name: string; bytes: Buffer }[]): Buffer {
  const parts = entries.flatMap(({ name, bytes }) => [
    ...(Buffer.byteLength(name) > 100 ? longNameBlocks(name) : []),
    header(name.slice(0, 100), bytes.length, '0'),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function longNameBlocks(name: string): Buffer[] {
  const bytes = Buffer.from(`${name}\0`);
  return [header('././@LongLink', bytes.length, 'L'), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}

function header(name: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const text = (block: Buffer, from: number, length: number): string => {
  const end = block.indexOf(0, from);
  return block.toString('utf8', from, end >= from && end < from + length ? end : from + length);
};
