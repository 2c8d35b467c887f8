/** `semver("1.2.3")` (apiserver `cel/library/semverlib.go`). */
import type { Environment } from '@marcbachmann/cel-js';

const PATTERN =
  /^(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;

class Semver {
  readonly parts: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  constructor(text: string) {
    const match = PATTERN.exec(text);
    if (match === null) throw new Error(`semver parse error during conversion from string: ${JSON.stringify(text)}`);
    this.parts = [BigInt(match[1] as string), BigInt(match[2] as string), BigInt(match[3] as string)];
    this.pre = match[4]?.split('.') ?? [];
  }
}

function compare(a: Semver, b: Semver): number {
  for (const at of [0, 1, 2] as const) if (a.parts[at] !== b.parts[at]) return a.parts[at] < b.parts[at] ? -1 : 1;
  if (a.pre.length === 0 || b.pre.length === 0)
    return b.pre.length - a.pre.length === 0 ? 0 : a.pre.length === 0 ? 1 : -1;
  for (let at = 0; at < Math.max(a.pre.length, b.pre.length); at++) {
    const [left, right] = [a.pre[at], b.pre[at]];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const [leftNumber, rightNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftNumber && rightNumber) return BigInt(left) < BigInt(right) ? -1 : 1;
    if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}

export function registerVersions(env: Environment): void {
  env.registerType('kubernetes.Semver', Semver);
  const fn = (signature: string, handler: (...args: never[]) => unknown) =>
    env.registerFunction(signature, handler as (...args: unknown[]) => unknown);
  const type = 'kubernetes.Semver';
  fn(`semver(string): ${type}`, (text: string) => new Semver(text));
  fn('isSemver(string): bool', (text: string) => PATTERN.test(text));
  fn(`${type}.major(): int`, (version: Semver) => version.parts[0]);
  fn(`${type}.minor(): int`, (version: Semver) => version.parts[1]);
  fn(`${type}.patch(): int`, (version: Semver) => version.parts[2]);
  fn(`${type}.compareTo(${type}): int`, (a: Semver, b: Semver) => BigInt(compare(a, b)));
  fn(`${type}.isGreaterThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) > 0);
  fn(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0);
  env.registerOperator(`${type} == ${type}`, (a: Semver, b: Semver) => compare(a, b) === 0);
}
