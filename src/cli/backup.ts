/** `tmc backup`, `tmc restore` and `tmc rotate-key`: the embedded store's files. */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEncryptionKeys } from '../encryption-key.ts';
import { reencrypt } from '../hub/reencrypt.ts';
import { backupStore, restoreStore } from '../hub/store/backup.ts';
import { openSqliteStore } from '../hub/store/sqlite.ts';
import { createValueCipher } from '../hub/value-cipher.ts';

export interface DataOptions {
  readonly dataDir: string;
}

const storeFile = ({ dataDir }: DataOptions): string => join(dataDir, 'hub.sqlite');
const keyFile = ({ dataDir }: DataOptions): string => join(dataDir, 'encryption.key');

export async function backup(file: string, options: DataOptions): Promise<void> {
  const { objects, revision, sha256 } = backupStore(storeFile(options), file);
  process.stdout.write(`wrote ${file}: ${objects} objects at revision ${revision}, sha256 of its contents ${sha256}\n`);
  process.stderr.write(`Secrets in it are sealed with ${keyFile(options)}: keep a copy of that file elsewhere\n`);
}

export async function restore(file: string, options: DataOptions): Promise<void> {
  restoreStore(file, storeFile(options));
  process.stdout.write(
    `${storeFile(options)} is what ${file} holds; what was there is kept as ${storeFile(options)}.replaced\n`,
  );
}

/** A new key in front, then every sealed value with it, then the new key alone. A crash between leaves both keys. */
export async function rotateKey(options: DataOptions): Promise<void> {
  const file = keyFile(options);
  const before = await openEncryptionKeys(file);
  const id = `key${1 + Math.max(0, ...before.map((key) => Number(/^key(\d+)$/.exec(key.id)?.[1] ?? 0)))}`;
  const line = `${id}:${randomBytes(32).toString('base64')}\n`;
  writeKeys(file, line + readFileSync(file, 'utf8'));
  const store = openSqliteStore(storeFile(options));
  try {
    const count = await reencrypt(store, createValueCipher(await openEncryptionKeys(file)));
    // History still holds what the old key sealed, until it is compacted away.
    await store.compact(await store.revision());
    process.stdout.write(`sealed ${count} values with ${id}\n`);
  } finally {
    await store.close();
  }
  renameSync(file, `${file}.previous`);
  writeKeys(file, line);
  process.stdout.write(`the keys before are kept in ${file}.previous: backups made before need them\n`);
}

function writeKeys(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
