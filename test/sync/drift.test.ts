import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers } from '../../src/sync/drift.ts';

const container = (name: string, more: object = {}) => ({ name, image: 'nginx', ...more });

describe('covers', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['equal values', { a: 1 }, { a: 1 }, true],
    ['fields that others added', { a: 1 }, { a: 1, b: 2 }, true],
    ['a changed value', { a: 1 }, { a: 2 }, false],
    ['a removed field', { a: 1 }, {}, false],
    ['empty values that servers leave out', { a: '', b: [], c: {}, d: false, e: 0 }, {}, true],
    ['an empty value that is now something', { a: false }, { a: true }, true],
    ['containers with defaults', [container('a')], [container('a', { imagePullPolicy: 'Always' })], true],
    ['an injected container', [container('a')], [container('proxy'), container('a')], true],
    ['a missing container', [container('a'), container('b')], [container('a')], false],
    ['a changed container', [container('a')], [container('a', { image: 'other' })], false],
    ['arguments in another order', ['a', 'b'], ['b', 'a'], false],
    ['an argument added', ['a'], ['a', 'b'], false],
    ['another type', { a: [1] }, { a: { 0: 1 } }, false],
    ['a live null', { a: { b: 1 } }, { a: null }, false],
  ])('%s', (_name, desired, live, expected) => {
    expect(covers(desired, live)).toBe(expected);
  });

  it('holds for any value against itself', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => covers(value, value)));
  });
});
