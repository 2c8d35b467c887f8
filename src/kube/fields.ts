/** Safe reading of untrusted JSON: absent or wrongly typed parts are undefined, never an exception. */
export type Fields = Readonly<Record<string, unknown>>;

export const record = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

/** The value at a path of own keys. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    const fields = record(here);
    if (fields === undefined || !Object.hasOwn(fields, key)) return undefined;
    here = fields[key];
  }
  return here;
}

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
export const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** Map of strings, without entries of another type. */
export const strings = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record(value) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
