import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeVersion,
  encodeVersion,
  MAX_SLOT,
  parseVersionText,
  toSourceVersion,
} from '../../src/aggregate/resource-version.ts';

describe('resourceVersions of a view', () => {
  test('come back as slot and version, and stay below 2^63', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_SLOT }),
        fc.bigInt({ min: 0n, max: 2n ** 49n - 1n }),
        (slot, version) => {
          const encoded = encodeVersion(slot, version);
          expect(decodeVersion(encoded)).toEqual({ slot, version });
          expect(encoded < 2n ** 63n).toBe(true);
        },
      ),
    );
  });

  test('keep the order of one source', () => {
    expect(encodeVersion(3, 8n) > encodeVersion(3, 7n)).toBe(true);
  });

  test.each([
    [-1, 1n],
    [MAX_SLOT + 1, 1n],
    [1.5, 1n],
    [1, 2n ** 49n],
    [1, -1n],
  ])('refuse slot %d with version %d', (slot, version) => {
    expect(() => encodeVersion(slot, version)).toThrow(RangeError);
  });

  test.each([
    ['', ''],
    ['0', '0'],
    [String(encodeVersion(2, 77n)), '77'],
    // Of another source: never current here, so the source answers its Conflict.
    [String(encodeVersion(3, 77n)), '1'],
    ['5', '1'],
  ])('%j is %j for slot 2', (text, own) => {
    expect(toSourceVersion(text, 2)).toBe(own);
  });

  test.each(['x', '-1', '1.5', '99999999999999999999', '9223372036854775808', '1 '])('%j is 400', (text) => {
    expect(() => parseVersionText(text)).toThrow(expect.objectContaining({ code: 400 }));
  });
});
