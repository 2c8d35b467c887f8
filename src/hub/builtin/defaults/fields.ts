/** What defaulting rules work on. */
import type { Json } from '../../../kube/object.ts';

/** One object of a body; rules set what is missing. */
export type Fields = { [field: string]: Json | undefined };

/** By definition name. */
export type DefaultingRules = Readonly<Record<string, (value: Fields) => void>>;

/** Sets the fields that are missing; an empty string or null in a field that is always written is missing too. */
export function fill(value: Fields, defaults: Readonly<Record<string, Json>>): void {
  for (const [field, fallback] of Object.entries(defaults)) {
    const given = value[field];
    if (given === undefined || given === null || given === '') value[field] = structuredClone(fallback);
  }
}

/** A rule that only fills in constants. */
export const constants =
  (defaults: Readonly<Record<string, Json>>): ((value: Fields) => void) =>
  (value) =>
    fill(value, defaults);

/** The same for numbers that are always written: zero is missing too. */
export const positive =
  (defaults: Readonly<Record<string, number>>): ((value: Fields) => void) =>
  (value) => {
    for (const [field, fallback] of Object.entries(defaults)) value[field] ||= fallback;
  };

/** The object in a field, made when it is missing. */
export function ensure(value: Fields, field: string): Fields {
  value[field] ??= {};
  return value[field] as Fields;
}

export const objectIn = (value: Fields, field: string): Fields | undefined => {
  const found = value[field];
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Fields) : undefined;
};

export const listIn = (value: Fields, field: string): readonly Fields[] => {
  const found = value[field];
  return Array.isArray(found) ? (found as Fields[]) : [];
};
