/**
 * How much of a long list is read from the store in one go: less than a millisecond's worth, then the event loop gets its
 * turn. A reader that stops in the middle keeps one page.
 */
export const PAGE = { limit: 500, bytes: 256 * 1024, count: false } as const;
