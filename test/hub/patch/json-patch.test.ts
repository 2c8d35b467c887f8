import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyJsonPatch } from '../../../src/hub/patch/json-patch.ts';
import { applyMergePatch } from '../../../src/hub/patch/merge-patch.ts';
import type { Json } from '../../../src/kube/object.ts';

const document: Json = { a: { b: [1, 2, 3], 'x/y': 1, 'm~n': 2 }, n: null };

describe('JSON patch', () => {
  test.each<[Json, unknown]>([
    [[{ op: 'add', path: '/a/c', value: 1 }], { a: { ...(document as { a: object }).a, c: 1 }, n: null }],
    [[{ op: 'remove', path: '/a' }], { n: null }],
    [[{ op: 'replace', path: '/missing', value: 1 }], { ...(document as object), missing: 1 }],
    [
      [
        { op: 'test', path: '/missing' },
        { op: 'remove', path: '/a' },
      ],
      { n: null },
    ],
    [
      [
        { op: 'test', path: '/a/x~1y', value: 1 },
        { op: 'remove', path: '/a' },
      ],
      { n: null },
    ],
    [
      [
        { op: 'move', from: '/a/b', path: '/b' },
        { op: 'remove', path: '/a' },
      ],
      { b: [1, 2, 3], n: null },
    ],
    [[{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
  ])('%j', (patch, expected) => {
    expect(applyJsonPatch(document, patch)).toEqual(expected);
  });

  test.each<[Json, Json]>([
    [[{ op: 'add', path: '/l/-', value: 9 }], [1, 2, 3, 9]],
    [[{ op: 'add', path: '/l/1', value: 9 }], [1, 9, 2, 3]],
    [[{ op: 'add', path: '/l/-1', value: 9 }], [1, 2, 3, 9]],
    [[{ op: 'remove', path: '/l/-1' }], [1, 2]],
    [[{ op: 'replace', path: '/l/-3', value: 9 }], [9, 2, 3]],
    [[{ op: 'copy', from: '/l/0', path: '/l/3' }], [1, 2, 3, 1]],
  ])('list: %j', (patch, expected) => {
    expect(applyJsonPatch({ l: [1, 2, 3] }, patch)).toEqual({ l: expected });
  });

  test.each<Json[]>([
    [{ op: 'remove', path: '/missing' }],
    [{ op: 'remove', path: '/a/b/3' }],
    [{ op: 'add', path: '/a/b/x', value: 1 }],
    [{ op: 'add', path: '/a/b/9', value: 1 }],
    [{ op: 'add', path: '/no/such/parent', value: 1 }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'test', path: '/a/x~1y', value: 2 }],
    [{ op: 'frobnicate', path: '/a' }],
    [{ op: 'constructor', path: '/a' }],
    [{ path: '/a' }],
    [
      { op: 'add', path: '/ok', value: 1 },
      { op: 'remove', path: '/missing' },
      { op: 'add', path: '/later', value: 1 },
    ],
  ])('%j does not apply', (...patch: Json[]) => {
    const before = structuredClone(document);
    expect(() => applyJsonPatch(document, patch)).toThrow(
      expect.objectContaining({ code: 422, message: 'the server rejected our request due to an error in our request' }),
    );
    expect(document).toEqual(before);
  });

  test('what is not a patch is 400, too much of one 413', () => {
    expect(() => applyJsonPatch({}, {})).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => applyJsonPatch({}, [1])).toThrow(expect.objectContaining({ code: 400 }));
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a' }));
    expect(() => applyJsonPatch({}, many)).toThrow(
      expect.objectContaining({ code: 413, message: expect.stringContaining('10000, got 10001') }),
    );
  });

  test('copies that double are cut off', () => {
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
    expect(() => applyJsonPatch({ a: ['xxxxxxxxxx'] }, doubling)).toThrow(expect.objectContaining({ code: 422 }));
  });

  test('prototypes cannot be reached', () => {
    expect(() => applyJsonPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: 1 }])).toThrow();
    expect(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }])).toThrow();
    const object = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]) as object;
    expect(Object.keys(object)).toEqual(['__proto__']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('merge patch', () => {
  test.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{ a: 1 }, { a: { b: null, c: [null, { d: null }] } }, { a: { c: [null, {}] } }],
  ])('%j with %j is %j', (object, patch, expected) => {
    expect(applyMergePatch(object, patch)).toEqual(expected);
  });

  test.each<[Json]>([[[]], ['a'], [1], [null]])('%j is not a patch', (patch) => {
    expect(() => applyMergePatch({}, patch)).toThrow(
      expect.objectContaining({
        code: 400,
        message: expect.stringMatching(/Invalid JSON Patch|cannot unmarshal (array|string|number) into Go value/),
      }),
    );
  });

  test('applying twice is applying once, and inputs stay as they were', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (object, patch) => {
          const [target, change] = [object as Json, patch as Json];
          const before = JSON.stringify([target, change]);
          const once = applyMergePatch(target, change);
          expect(applyMergePatch(once, change)).toEqual(once);
          expect(JSON.stringify([target, change])).toBe(before);
        },
      ),
      { seed: 20261120, numRuns: 300 },
    );
  });
});
