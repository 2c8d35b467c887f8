/** What becomes of unknown and repeated fields: the request's `fieldValidation` (default Warn). */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Takes `?fieldValidation`; anything else than the three words is refused where options are validated. */
export const fieldValidationOf = (query: string | null | undefined): FieldValidation =>
  query === 'Ignore' || query === 'Strict' ? query : 'Warn';

/** Whether repeated keys and unknown fields need to be looked for. */
export const looksStrictly = (validation: FieldValidation): boolean => validation !== 'Ignore';

/** All that a strict decoder says: it does not look for repeated keys in what it does not know. Takes both decoders' texts. */
export function strictErrors(duplicates: readonly string[], unknown: readonly string[]): string[] {
  const unknownPaths = unknown.map((error) => error.slice('unknown field "'.length, -1));
  const inUnknown = (error: string): boolean => {
    const path = error.slice('duplicate field "'.length, -1);
    return unknownPaths.some((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`));
  };
  return [...duplicates.filter((error) => !inUnknown(error)), ...unknown];
}

/** `strict decoding error: …` */
export const strictErrorText = (errors: readonly string[]): string => `strict decoding error: ${errors.join(', ')}`;

/** What the YAML parser's faults begin with, one per line; a warning is one of them. */
export const YAML_FAULTS = 'yaml: unmarshal errors:\n';
const lines = (error: string): string[] =>
  error.startsWith(YAML_FAULTS)
    ? error
        .slice(YAML_FAULTS.length)
        .split('\n')
        .map((line) => line.trim())
    : [error];

/**
 * Takes what strict decoding found in a whole object, and how an object with such faults is refused. Answers the warnings
 * to send; throws under Strict.
 */
export function settleStrictErrors(
  errors: readonly string[],
  validation: FieldValidation,
  refuse: (fault: string) => Error,
): readonly string[] {
  if (errors.length === 0 || validation === 'Ignore') return [];
  if (validation === 'Warn') return errors.flatMap(lines);
  throw refuse(strictErrorText(errors));
}
