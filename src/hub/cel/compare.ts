/** Equality and order of CEL values. */

export function celEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    // Numbers are equal across their types.
    return isNumber(left) && isNumber(right) && Number(left) === Number(right);
  }
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime();
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, at) => celEqual(item, right[at]));
  }
  if (left instanceof Map) {
    return (
      right instanceof Map &&
      left.size === right.size &&
      [...left].every(([key, item]) => right.has(key) && celEqual(item, right.get(key)))
    );
  }
  if (left.constructor !== right.constructor) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && celEqual((left as never)[key], (right as never)[key]))
  );
}

const isNumber = (value: unknown): value is bigint | number => typeof value === 'bigint' || typeof value === 'number';

/** Throws where the values have no order. */
export function compareCel(left: unknown, right: unknown): number {
  const [a, b] = [orderable(left), orderable(right)];
  if (typeof a !== typeof b && !(isNumber(a) && isNumber(b))) throw new Error('no such overload: comparison');
  return a < b ? -1 : a > b ? 1 : 0;
}

function orderable(value: unknown): bigint | number | string | boolean {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'string' || typeof value === 'boolean' || isNumber(value)) return value;
  if (typeof value === 'object' && value !== null && 'valueOf' in value) {
    const primitive = value.valueOf();
    if (isNumber(primitive)) return primitive;
  }
  throw new Error('no such overload: comparison');
}
