/** What a partial answer says of the sources that are missing from it or old in it (RFC 7234 §5.5, code 299). */

/** A source that could not give its present state. */
export interface SourceFault {
  readonly clusterName: string;
  /** Age in milliseconds of what is shown instead; undefined: nothing is shown. */
  readonly ageMs: number | undefined;
  readonly reason: string;
}

export function faultText({ clusterName, ageMs, reason }: SourceFault): string {
  const why = reason === '' ? '' : `: ${reason}`;
  return ageMs === undefined
    ? `cluster "${clusterName}" is missing from this answer${why}`
    : `cluster "${clusterName}" is shown as it was ${ageText(ageMs)} ago${why}`;
}

function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes}m` : `${Math.round(minutes / 60)}h`;
}

/** Header values: control characters and what is not latin-1 cannot stand in one. */
export const warningHeader = (text: string): string =>
  `299 - "${text.replace(/[^\x20-\x7e]+/g, ' ').replace(/[\\"]/g, '\\$&')}"`;

/** @param deprecated what is to be said of the kind, whatever is answered */
export function warningHeaders(faults: readonly SourceFault[], deprecated?: string): Record<string, readonly string[]> {
  const texts = [...(deprecated === undefined ? [] : [deprecated]), ...faults.map(faultText)];
  return texts.length === 0 ? {} : { warning: texts.map(warningHeader) };
}

/** Whether one of an answer's warnings tells of a source. */
export const tellsOfFault = (warning: string | readonly string[] | undefined): boolean =>
  [warning].flat().some((header) => header?.startsWith('299 - "cluster '));
