import { expect, test } from 'vitest';
import { addQuantities, formatQuantity, parseQuantity, quantityToNumber } from '../../src/kube/quantity.ts';

test.each([
  ['0', '0'],
  ['100m', '100m'],
  ['1000m', '1'],
  ['1.5', '1500m'],
  ['0.5Gi', '512Mi'],
  ['1024Mi', '1Gi'],
  ['1023Ki', '1023Ki'],
  ['1000Ki', '1000Ki'],
  ['1000k', '1M'],
  ['1e3', '1e3'],
  ['12E', '12E'],
  ['1E2', '100'],
  ['.5', '500m'],
  ['5.', '5'],
  ['-2Gi', '-2Gi'],
  ['0.1n', '1n'],
  ['500', '500'],
])('%s is written %s', (text, canonical) => {
  expect(formatQuantity(parseQuantity(text))).toBe(canonical);
});

test.each(['', '.', 'Gi', '1 Gi', '1gi', '1.1.1', '0x1', '1Kii', '--1', 'NaN'])('%j is refused', (text) => {
  expect(() => parseQuantity(text)).toThrow(/^quantities must match/);
});

test('sums are exact and keep the first format', () => {
  expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1024Ki')))).toBe('1025Mi');
  expect(quantityToNumber(parseQuantity('250m'))).toBe(0.25);
});
