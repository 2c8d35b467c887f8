/** The key that seals Secrets at rest, in `<data dir>/encryption.key`: one `id:base64` per line, the newest first. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { EncryptionKey } from './hub/value-cipher.ts';

/** Reads the keys, making the first. Throws when a line is malformed; the message never quotes it. */
export async function openEncryptionKeys(path: string): Promise<EncryptionKey[]> {
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    const made = `key1:${randomBytes(32).toString('base64')}\n`;
    await writeFile(path, made, { mode: 0o600, flag: 'wx' });
    return made;
  });
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const [id, secret] = line.trim().split(':');
      const bytes = Buffer.from(secret ?? '', 'base64');
      if (!id || bytes.length !== 32) throw new Error(`${path} line ${index + 1} must be "id:" and 32 bytes in base64`);
      return { id, secret: bytes };
    });
}
