import { describe, expect, test } from 'vitest';
import type { JsonMap } from '../../../src/hub/patch/json-value.ts';
import { applyDefaults } from '../../../src/hub/schema/defaults.ts';
import { embeddedCauses } from '../../../src/hub/schema/embedded.ts';
import { hasFormat } from '../../../src/hub/schema/formats.ts';
import { prune } from '../../../src/hub/schema/prune.ts';
import { structuralCauses } from '../../../src/hub/schema/structural.ts';
import { validate } from '../../../src/hub/schema/validate.ts';
import type { Json } from '../../../src/kube/object.ts';
import type { TypeSchema } from '../../../src/kube/schema.ts';
import { ROOT } from './custom-cases.ts';
import { SCHEMAS } from './structural-cases.ts';

const type: TypeSchema = { root: ROOT, resolve: () => undefined };
const thing = (spec: Json, metadata: Json = { name: 'x' }): JsonMap => ({
  apiVersion: 'test.io/v1',
  kind: 'Thing',
  metadata,
  spec,
});

describe('pruning and defaulting', () => {
  test('drops what is not specified and tells its paths', () => {
    const input = thing(
      { size: 1, zzz: 1, map: [{ key: 'k', x: 1 }], free: { kept: { y: 1 } } },
      { name: 'x', nope: 1 },
    );
    const before = structuredClone(input);
    const { value, unknown } = prune(input, type);
    expect(value.spec).toEqual({ size: 1, map: [{ key: 'k' }], free: { kept: { y: 1 } } });
    expect(unknown).toEqual([
      'unknown field "metadata.nope"',
      'unknown field "spec.map[0].x"',
      'unknown field "spec.zzz"',
    ]);
    expect(input).toEqual(before);
  });

  test('metadata of a wrong type is told', () => {
    expect(prune(thing({ size: 1 }, { labels: { a: 1 } }), type).metadataError).toBe(
      'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    );
  });

  test('defaults fill what is absent, and nulls that may not be', () => {
    const { spec } = applyDefaults(
      thing({ size: 1, color: null, nullable: null, name: null, map: [{ key: 'k' }] }),
      type,
    );
    expect(spec).toEqual({
      size: 1,
      color: 'red',
      nullable: null,
      flag: true,
      nested: { a: 'x' },
      map: [{ key: 'k', value: 7, protocol: 'TCP' }],
    });
  });
});

describe('validation', () => {
  test.each<[Json, string, string]>([
    [{}, 'spec.size', 'Required value'],
    [{ size: 'a' }, 'spec.size', 'Invalid value: "string": spec.size in body must be of type integer: "string"'],
    [{ size: 11 }, 'spec.size', 'Invalid value: 11: spec.size in body should be less than or equal to 10'],
    [{ size: 1, name: 'A' }, 'spec.name', 'Invalid value: "A": spec.name in body should be at least 2 chars long'],
    [{ size: 1, name: 'abcdef' }, 'spec.name', 'Too long: may not be more than 5 bytes'],
    [{ size: 1, name: 'AB' }, 'spec.name', 'Invalid value: "AB": spec.name in body should match \'^[a-z]+$\''],
    [{ size: 1, color: 'blue' }, 'spec.color', 'Unsupported value: "blue": supported values: "red", "green"'],
    [{ size: 1, list: ['a', 'b', 'c', 'd'] }, 'spec.list', 'Too many: 4: must have at most 3 items'],
    [{ size: 1, set: ['a', 'a'] }, 'spec.set[1]', 'Duplicate value: "a"'],
    [
      {
        size: 1,
        map: [
          { key: 'a', protocol: 'x' },
          { key: 'a', protocol: 'x' },
        ],
      },
      'spec.map[1]',
      'Duplicate value: {"key":"a","protocol":"x"}',
    ],
    [
      { size: 1, port: true },
      'spec.port',
      'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    [{ size: 1, some: {} }, '<nil>', 'Invalid value: "": "spec.some" must validate at least one schema (anyOf)'],
  ])('%j', (spec, field, message) => {
    expect(validate(thing(spec), undefined, type)).toContainEqual(expect.objectContaining({ field, message }));
  });

  test('what an update leaves alone is not held against it', () => {
    const causes = validate(thing({ size: 99, name: 'CD' }), thing({ size: 99, name: 'AB' }), type);
    expect(causes.map(({ field }) => field)).toEqual(['spec.name']);
  });

  test('embedded objects name their type', () => {
    const causes = embeddedCauses(thing({ size: 1, embedded: { kind: 'a b' } }), type);
    expect(causes.map(({ field }) => field)).toEqual(['spec.embedded.apiVersion', 'spec.embedded.kind']);
  });

  test('a pattern that backtracking engines choke on is harmless', () => {
    const root = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } } as const;
    const start = performance.now();
    expect(validate({ a: `${'a'.repeat(20_000)}!` }, undefined, { root, resolve: () => undefined })).toHaveLength(1);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test.each([
    ['ipv4', '1.2.3.4', '1.2.3'],
    ['ipv6', '::1', '1.2.3.4'],
    ['cidr', '10.0.0.0/8', '10.0.0.0'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', 'x'],
    ['date', '2024-02-29', '2023-02-29'],
    ['date-time', '2020-01-01T00:00:00Z', '2020-01-01'],
    ['duration', '1h30m', 'soon'],
    ['byte', 'AAEC', 'A*'],
    ['hostname', 'a.b-c', '-a'],
    ['uri', 'https://x.io/y', 'not a uri'],
    ['email', 'a@b.c', 'a'],
    ['mac', '00:11:22:33:44:55', '00:11'],
  ])('format %s', (format, good, bad) => {
    expect([hasFormat(format, good), hasFormat(format, bad), hasFormat('unknown', bad)]).toEqual([true, false, true]);
  });
});

describe('structural schemas', () => {
  const named = (name: string) => SCHEMAS.find(([one]) => one === name)?.[1] ?? {};
  test.each([
    ['everything', []],
    [
      'no type of a field',
      ['x.properties[spec].properties[f].type: Required value: must not be empty for specified object fields'],
    ],
    [
      'unique items',
      [
        'x.properties[spec].properties[f].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ],
    ],
    [
      'default with unknown fields',
      ['x.properties[spec].properties[f].default: Invalid value: {"b":1}: must not have unknown fields'],
    ],
    ['type in anyOf', ['x.properties[spec].properties[f].anyOf[0].type: Forbidden: must be empty to be structural']],
  ])('%s', (name, expected) => {
    expect(structuralCauses(named(name), 'x', false).map(({ field, message }) => `${field}: ${message}`)).toEqual(
      expected,
    );
  });
});
