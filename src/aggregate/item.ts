import type { EncodedMark } from '../clusters/reflector.ts';
import type { ShownGiven } from './given-spec.ts';

/** One object as a view holds it: bytes in the view's form with its plain name. Cached objects of clusters are items as they are. */
export interface Item {
  /** The source's own name of it. */
  readonly name: string;
  readonly uid: string;
  /** The source's own version. */
  readonly resourceVersion: bigint;
  /** Without the cluster label, but for an authored object that lives in one cluster (`given`). */
  readonly labels: Readonly<Record<string, string>>;
  /** JSON in the canonical form (`reflector-encode.ts`), with namespace and resourceVersion as the view shows them. */
  readonly bytes: Buffer;
  /** Where the text of `metadata.name` begins in `bytes`. */
  readonly nameAt: number;
  /** Of the hub: what its only cluster gave it. */
  readonly given?: ShownGiven | undefined;
  readonly mark?: EncodedMark | undefined;
  /** Stands for one object in each of these clusters (`fold.ts`), by name. */
  readonly folded?: readonly string[] | undefined;
}

/** The uid that a view shows under the plain name. */
export const shownUid = ({ mark, uid }: Item): string => mark?.fold ?? uid;

/** Stands for an object of the hub of which only its name matters. */
export const UNSEEN: Item = { name: '', uid: '', resourceVersion: 0n, labels: {}, bytes: Buffer.alloc(0), nameAt: 0 };

/** Placed copies are folded into the hub object that they copy. */
export const isFolded = (item: Item): boolean => item.mark?.copyOf !== undefined;
