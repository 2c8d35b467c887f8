import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFieldSet, encodeFieldSet, FieldSet, formatPath, keyElement } from '../../../src/hub/patch/field-set.ts';
import { fromScaleManagers, toScaleManagers } from '../../../src/hub/patch/scale-managers.ts';
import type { ManagedFieldsEntry } from '../../../src/kube/object.ts';

const element = fc.constantFrom(
  'f:a',
  'f:b',
  'f:c',
  'k:{"name":"x"}',
  'k:{"name":"y","port":80}',
  'v:"s"',
  'v:1',
  'i:0',
);
const sets = fc
  .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 12 })
  .map((paths) => FieldSet.of(...paths));
const texts = (set: FieldSet) => [...set.paths()].map((path) => path.join(' ')).sort();
const check = (law: (a: FieldSet, b: FieldSet) => void) => () =>
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const before = [texts(a), texts(b)];
      law(a, b);
      expect([texts(a), texts(b)]).toEqual(before);
    }),
    { seed: 20261120, numRuns: 500 },
  );

describe('the algebra of field sets is that of sets of paths, and leaves its operands as they were', () => {
  test(
    'union',
    check((a, b) => expect(texts(a.union(b))).toEqual([...new Set([...texts(a), ...texts(b)])].sort())),
  );
  test(
    'intersection',
    check((a, b) => expect(texts(a.intersection(b))).toEqual(texts(a).filter((path) => texts(b).includes(path)))),
  );
  test(
    'difference',
    check((a, b) => expect(texts(a.difference(b))).toEqual(texts(a).filter((path) => !texts(b).includes(path)))),
  );
  test(
    'recursive difference takes what lies below too',
    check((a, b) => {
      const below = (path: string) => texts(b).some((other) => path === other || path.startsWith(`${other} `));
      expect(texts(a.recursiveDifference(b))).toEqual(texts(a).filter((path) => !below(path)));
    }),
  );
  test(
    'the wire form loses nothing',
    check((a) => expect(texts(decodeFieldSet(encodeFieldSet(a)))).toEqual(texts(a))),
  );
});

describe('field sets', () => {
  test('keys are the same however they are written', () => {
    expect(keyElement({ port: 80, name: 'a b"<' })).toBe('k:{"name":"a b\\"\\u003c","port":80}');
    const spaced = decodeFieldSet({ 'k:{"port": 80, "name": "x"}': {} });
    expect(spaced.has([keyElement({ name: 'x', port: 80 })])).toBe(true);
  });

  test('paths are told as upstream tells them', () => {
    expect(formatPath(['f:spec', 'k:{"containerPort":80,"protocol":"TCP"}', 'f:name', 'v:"x"', 'i:3'])).toBe(
      '.spec[containerPort=80,protocol="TCP"].name[="x"][3]',
    );
  });

  test.each<[unknown]>([['x'], [{ f: {} }], [{ 'f:a': 1 }], [{ 'k:[]': {} }], [{ 'i:x': {} }], [{ fa: {} }]])(
    '%j is no set',
    (fields) => {
      expect(() => decodeFieldSet(fields)).toThrow();
    },
  );
});

describe('ownership through scale', () => {
  const entry = (manager: string, fields: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
    manager,
    operation: 'Apply',
    apiVersion: 'apps/v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: fields as Record<string, unknown>,
    ...more,
  });
  const paths = { 'apps/v1': '.spec.replicas' };
  const replicas = { 'f:spec': { 'f:replicas': {} } };
  const parent = [
    entry('a', { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }),
    entry('b', { 'f:spec': { 'f:paused': {} } }),
  ];

  test('shows only who owns the replicas', () => {
    expect(toScaleManagers(parent, paths)).toEqual([entry('a', replicas, { apiVersion: 'autoscaling/v1' })]);
  });

  test('a new owner takes them from the old one, who keeps the rest', () => {
    const scale = [entry('hpa', replicas, { apiVersion: 'autoscaling/v1', operation: 'Update', subresource: 'scale' })];
    expect(fromScaleManagers(parent, scale, 'apps/v1', paths)).toEqual([
      entry('a', { 'f:spec': { 'f:paused': {} } }),
      entry('b', { 'f:spec': { 'f:paused': {} } }),
      // Upstream takes the time from the parent's entries, where there is none.
      { ...entry('hpa', replicas, { operation: 'Update', subresource: 'scale' }), time: undefined },
    ]);
  });

  test('who owned them before still does where scale says so', () => {
    const scale = [entry('a', replicas, { apiVersion: 'autoscaling/v1' })];
    expect(fromScaleManagers(parent, scale, 'apps/v1', paths)).toEqual(parent);
  });
});
