/** resource.Quantity: exact, in nano units, with Kubernetes' canonical text (apimachinery pkg/api/resource/quantity.go). */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** Billionths of the unit: 1 cpu = 1_000_000_000n. Finer input is rounded away from zero, as upstream. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

const NANO = 1_000_000_000n;
const DECIMAL: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': NANO,
  k: NANO * 10n ** 3n,
  M: NANO * 10n ** 6n,
  G: NANO * 10n ** 9n,
  T: NANO * 10n ** 12n,
  P: NANO * 10n ** 15n,
  E: NANO * 10n ** 18n,
};
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: NANO << 10n,
  Mi: NANO << 20n,
  Gi: NANO << 30n,
  Ti: NANO << 40n,
  Pi: NANO << 50n,
  Ei: NANO << 60n,
};

export const QUANTITY_SYNTAX =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3})?$/;

/** Throws RangeError with upstream's text where the text is no quantity. */
export function parseQuantity(text: string): Quantity {
  const match = text.length <= 128 ? PATTERN.exec(text) : null;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match ?? [];
  if (!match || whole + fraction === '') throw new RangeError(QUANTITY_SYNTAX);
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix);
  const format: QuantityFormat = exponent
    ? 'DecimalExponent'
    : Object.hasOwn(BINARY, suffix)
      ? 'BinarySI'
      : 'DecimalSI';
  const digits = BigInt(whole + fraction);
  const power = (exponent ? Number(exponent[1]) : 0) - fraction.length;
  const unit = exponent ? NANO : ((BINARY[suffix] ?? DECIMAL[suffix]) as bigint);
  const scaled = power >= 0 ? digits * unit * 10n ** BigInt(power) : divideUp(digits * unit, 10n ** BigInt(-power));
  return { nanos: sign === '-' ? -scaled : scaled, format };
}

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;

/** As a floating point number of units: for scores and ratios, not for sums that must be exact. */
export const quantityToNumber = (quantity: Quantity): number =>
  Number(quantity.nanos / NANO) + Number(quantity.nanos % NANO) / 1e9;

/** Sum in the first one's format. */
export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({ nanos: a.nanos + b.nanos, format: a.format });

/** Canonical text: no fraction, the largest suffix that keeps it so (`1500m`, `2Gi`, `1e3`). */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const negative = nanos < 0n;
  const size = negative ? -nanos : nanos;
  // Below 1024, and where a fraction remains, binary quantities are written in decimal, as upstream.
  const binary = format === 'BinarySI' && size >= NANO << 10n && size % NANO === 0n;
  const units = Object.entries(binary ? { '': NANO, ...BINARY } : DECIMAL);
  const fitting = units.filter(([, unit]) => size % unit === 0n).sort(([, a], [, b]) => (a < b ? 1 : -1));
  const [suffix, unit] = fitting[0] as [string, bigint];
  const digits = `${negative ? '-' : ''}${size / unit}`;
  if (format !== 'DecimalExponent') return digits + suffix;
  const exponent = Object.keys(DECIMAL).indexOf(suffix) * 3 - 9;
  return exponent === 0 ? digits : `${digits}e${exponent}`;
}
