/** How much of a long list is read from the store in one go: about a millisecond's worth, then the event loop gets its turn. */
import type { StoredEntry } from '../store/store.ts';

const PAGE_BYTES = 1024 * 1024;
const MAX_ENTRIES = 500;
/** Nothing is known yet of how large the objects are. */
export const FIRST_PAGE = 50;

/** Entries of the next page, by the size of those in the page before. */
export function nextPage(entries: readonly StoredEntry[]): number {
  const bytes = entries.reduce((sum, { value }) => sum + value.length, 0);
  if (bytes === 0) return MAX_ENTRIES;
  return Math.min(MAX_ENTRIES, Math.max(1, Math.floor((PAGE_BYTES * entries.length) / bytes)));
}
