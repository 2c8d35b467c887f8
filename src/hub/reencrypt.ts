/** Rotation of encryption keys: every value that the newest key did not seal is sealed anew. */
import { kindKey, parsePlace } from './keys.ts';
import type { Store } from './store/store.ts';
import type { ValueCipher } from './value-cipher.ts';

const CHUNK = 200;
/** Kinds that the cipher seals. */
const SEALED: readonly { group: string; resource: string }[] = [{ group: '', resource: 'secrets' }];

/**
 * Goes through all sealed kinds; safe while the hub runs, and to repeat. Answers how many values were rewritten.
 * Afterwards compaction removes what the old key sealed, and the old key can be dropped.
 */
export async function reencrypt(store: Store, cipher: ValueCipher): Promise<number> {
  let rewritten = 0;
  for (const kind of SEALED) {
    for (let after: string | undefined; ; ) {
      const page = await store.listKind(kindKey(kind), {
        limit: CHUNK,
        count: false,
        ...(after === undefined ? {} : { after }),
      });
      for (const { key, value, revision } of page.entries) {
        if (!cipher.isStale(kind, value)) continue;
        const sealed = cipher.seal(key, parsePlace(key), Buffer.from(cipher.open(key, value)));
        // A lost race means that somebody wrote it meanwhile, with the newest key.
        const result = await store.commit([{ key, value: sealed, expected: revision }]);
        if (result.ok) rewritten++;
      }
      after = page.entries.at(-1)?.key;
      if (page.remaining === 0 || after === undefined) break;
    }
  }
  return rewritten;
}
