/** `quantity("1.5Gi")` and its arithmetic (apiserver `cel/library/quantity.go`). */
import type { Environment } from '@marcbachmann/cel-js';
import { formatQuantity, parseQuantity, type Quantity, quantityToNumber } from '../../kube/quantity.ts';

const NANO = 1_000_000_000n;

class CelQuantity {
  readonly value: Quantity;
  constructor(value: Quantity) {
    this.value = value;
  }
  valueOf(): bigint {
    return this.value.nanos;
  }
  toString(): string {
    return formatQuantity(this.value);
  }
}

type Q = CelQuantity;

const isQuantity = (text: string): boolean => {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
};
const plus = (q: Q, nanos: bigint): Q => new CelQuantity({ ...q.value, nanos: q.value.nanos + nanos });
const order = (a: Q, b: Q): number => (a.value.nanos < b.value.nanos ? -1 : a.value.nanos > b.value.nanos ? 1 : 0);
const isInteger = (q: Q): boolean =>
  q.value.nanos % NANO === 0n && BigInt.asIntN(64, q.value.nanos / NANO) === q.value.nanos / NANO;

export function registerQuantities(env: Environment): void {
  env.registerType('kubernetes.Quantity', CelQuantity);
  const fn = (signature: string, handler: (...args: never[]) => unknown) =>
    env.registerFunction(signature, handler as (...args: unknown[]) => unknown);
  const type = 'kubernetes.Quantity';
  fn(`quantity(string): ${type}`, (text: string) => new CelQuantity(parseQuantity(text)));
  fn('isQuantity(string): bool', isQuantity);
  fn(`sign(${type}): int`, (q: Q) => (q.value.nanos > 0n ? 1n : q.value.nanos < 0n ? -1n : 0n));
  fn(`${type}.isInteger(): bool`, isInteger);
  fn(`${type}.asInteger(): int`, (q: Q) => {
    if (!isInteger(q)) throw new Error('cannot convert value to integer');
    return q.value.nanos / NANO;
  });
  fn(`${type}.asApproximateFloat(): double`, (q: Q) => quantityToNumber(q.value));
  fn(`${type}.compareTo(${type}): int`, (a: Q, b: Q) => BigInt(order(a, b)));
  fn(`${type}.isGreaterThan(${type}): bool`, (a: Q, b: Q) => order(a, b) > 0);
  fn(`${type}.isLessThan(${type}): bool`, (a: Q, b: Q) => order(a, b) < 0);
  fn(`${type}.add(${type}): ${type}`, (a: Q, b: Q) => plus(a, b.value.nanos));
  fn(`${type}.add(int): ${type}`, (a: Q, b: bigint) => plus(a, b * NANO));
  fn(`${type}.sub(${type}): ${type}`, (a: Q, b: Q) => plus(a, -b.value.nanos));
  fn(`${type}.sub(int): ${type}`, (a: Q, b: bigint) => plus(a, -b * NANO));
  env.registerOperator(`${type} == ${type}`, (a: Q, b: Q) => order(a, b) === 0);
}
