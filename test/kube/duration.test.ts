import { expect, test } from 'vitest';
import { formatGoDuration, humanDuration, parseGoDuration } from '../../src/kube/duration.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-5 * second, '<invalid>'],
  [-1500, '0s'],
  [119.9 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 1 * second, '2m1s'],
  [10 * minute + 59 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 5 * minute, '3h5m'],
  [47 * hour + 59 * minute, '47h'],
  [2 * day, '2d'],
  [2 * day + 3 * hour, '2d3h'],
  [8 * day + 3 * hour, '8d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [731 * day, '2y1d'],
  [8 * 365 * day, '8y'],
])('an age of %d ms is shown as %s', (milliseconds, text) => expect(humanDuration(milliseconds)).toBe(text));

test.each([
  [0n, '0s'],
  [1n, '1ns'],
  [1_500n, '1.5µs'],
  [100_000_000n, '100ms'],
  [1_500_000_000n, '1.5s'],
  [60_000_000_000n, '1m0s'],
  [3_600_000_000_000n, '1h0m0s'],
  [-90_000_000_000n, '-1m30s'],
])('%d ns is written %s and read back', (nanoseconds, text) => {
  expect(formatGoDuration(nanoseconds)).toBe(text);
  expect(parseGoDuration(text)).toBe(nanoseconds);
});

test('durations are read in every form that Go reads', () => {
  expect(parseGoDuration('1.5h')).toBe(5_400_000_000_000n);
  expect(parseGoDuration('.5s')).toBe(500_000_000n);
  expect(parseGoDuration('0')).toBe(0n);
  for (const text of ['', '5', 's', '1 s', '1d', '--1s']) expect(parseGoDuration(text)).toBeUndefined();
});
