/**
 * Encryption at rest: AES-256-GCM under named keys. A sealed value is `0x01, length of the key id, key id, nonce (12),
 * tag (16), ciphertext`; plain values begin with `{`. The store key is authenticated too, so a value cannot be moved
 * to another object. The first key seals, all of them open: rotation is adding a key in front and re-encrypting.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';

const SEALED = 0x01;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Kinds that are sealed when there is a key. */
const SEALED_KINDS: ReadonlySet<string> = new Set(['secrets']);

export interface EncryptionKey {
  /** 1 to 255 bytes; stands in every value that it sealed. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

export interface ValueCipher {
  seal(key: string, kind: GroupResource, plain: Buffer): Buffer;
  /** Throws when the key id is unknown or the value was tampered with. */
  open(key: string, value: Uint8Array): Uint8Array;
  /** Not sealed with the first key: re-encryption is due. */
  isStale(kind: GroupResource, value: Uint8Array): boolean;
}

export function createValueCipher(keys: readonly EncryptionKey[]): ValueCipher {
  for (const { id, secret } of keys) {
    const idBytes = Buffer.byteLength(id);
    if (idBytes === 0 || idBytes > 255) throw new Error(`Encryption key id "${id}" must be 1 to 255 bytes`);
    if (secret.length !== 32) throw new Error(`Encryption key "${id}" has ${secret.length} bytes, AES-256 needs 32`);
  }
  const byId = new Map(keys.map((key) => [key.id, key]));
  const first = keys[0];
  return {
    seal(key, kind, plain) {
      if (first === undefined || !SEALED_KINDS.has(groupResourceName(kind))) return plain;
      const id = Buffer.from(first.id);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', first.secret, nonce).setAAD(Buffer.from(key));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([Buffer.from([SEALED, id.length]), id, nonce, cipher.getAuthTag(), sealed]);
    },
    open(key, value) {
      if (value[0] !== SEALED) return value;
      const { id, rest } = splitHeader(value);
      const found = byId.get(id);
      if (found === undefined)
        throw new Error(`Cannot read ${key}: it is encrypted with key "${id}", which is not given`);
      const decipher = createDecipheriv('aes-256-gcm', found.secret, rest.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(key))
        .setAuthTag(rest.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(rest.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    },
    isStale: (kind, value) =>
      first !== undefined &&
      SEALED_KINDS.has(groupResourceName(kind)) &&
      (value[0] !== SEALED || splitHeader(value).id !== first.id),
  };
}

function splitHeader(value: Uint8Array): { id: string; rest: Buffer } {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const end = 2 + (bytes[1] ?? 0);
  return { id: bytes.toString('utf8', 2, end), rest: bytes.subarray(end) };
}
