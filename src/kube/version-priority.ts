/** Which API version is newer: v2 > v1 > v1beta2 > v1alpha1 > others by name (apimachinery version.CompareKubeAwareVersionStrings). */

/** For sorting: newest first. */
export function newestVersionFirst(a: string, b: string): number {
  const left = rank(a);
  const right = rank(b);
  if (left === undefined || right === undefined) {
    if (left !== undefined) return -1;
    if (right !== undefined) return 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  for (let part = 0; part < left.length; part++) {
    const difference = (right[part] as number) - (left[part] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const STAGES: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

/** Stage, major, minor; undefined where the text is not a Kubernetes version. */
function rank(version: string): readonly number[] | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (match === null) return undefined;
  const [, major, stage, minor] = match;
  return [stage === undefined ? 2 : (STAGES[stage] as number), Number(major), Number(minor ?? 0)];
}
