/**
 * In which version a custom resource is stored. Most kinds have had one storage version only, and their values say nothing of
 * it; where it has changed, what is stored in another one than the first begins with a mark: `@v2{"metadata":{…`.
 */
import type { StoredEntry } from '../store/store.ts';

const MARK = 0x40;
const BRACE = 0x7b;

/** What the store has under a key, its value plain JSON. */
export interface OpenedEntry extends StoredEntry {
  /** The version that the value was marked with. */
  readonly mark?: string;
}

export const marked = (mark: string, plain: Buffer): Buffer => Buffer.concat([Buffer.from(`@${mark}`), plain]);

export const isMarked = (value: Uint8Array): boolean => value[0] === MARK;

export function unmarked(value: Uint8Array): { readonly value: Uint8Array; readonly mark: string } {
  const end = value.indexOf(BRACE);
  return { value: value.subarray(end), mark: Buffer.from(value.subarray(1, end)).toString() };
}
