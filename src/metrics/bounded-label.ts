/** Keeps a label that users can influence from growing without bound. */

/** Gives the value itself for the first `limit` different ones, `other` for all later ones. */
export function boundedLabel(limit: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit) return 'other';
    known.add(value);
    return value;
  };
}
