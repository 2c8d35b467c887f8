/** Regular expressions of users, by RE2: linear in the text, so that no pattern can stall the process. */
import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';

/** A compiled pattern, or why it is none. */
export type Pattern = { readonly matches: (text: string) => boolean } | { readonly fault: string };

const cache = new LRUCache<string, Pattern>({ max: 1_000 });
const MAX_PATTERN = 100_000;

/** Matches anywhere in the text, as Go's MatchString. */
export function compilePattern(source: string): Pattern {
  let pattern = cache.get(source);
  if (pattern === undefined) {
    pattern = compile(source);
    cache.set(source, pattern);
  }
  return pattern;
}

function compile(source: string): Pattern {
  if (source.length > MAX_PATTERN) return { fault: 'error parsing regexp: expression too large' };
  try {
    const regexp = RE2JS.compile(source);
    return { matches: (text) => regexp.matcher(text).find() };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** False where the pattern is none. */
export function matchesPattern(source: string, text: string): boolean {
  const pattern = compilePattern(source);
  return 'matches' in pattern && pattern.matches(text);
}
