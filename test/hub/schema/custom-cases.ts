/** A custom resource's schema with something of everything, and objects to hold against it. */
import type { Json } from '../../../src/kube/object.ts';
import type { Schema } from '../../../src/kube/schema.ts';

const string: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };

export const SPEC: Schema = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 10 },
    ratio: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true, multipleOf: 0.25 },
    name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
    color: { type: 'string', enum: ['red', 'green'], default: 'red' },
    level: { type: 'integer', enum: [1, 2] },
    flag: { type: 'boolean', default: true },
    port: { 'x-kubernetes-int-or-string': true },
    when: { type: 'string', format: 'date-time' },
    address: { type: 'string', format: 'ipv4' },
    odd: { type: 'string', format: 'no-such-format' },
    small: { type: 'integer', format: 'int32' },
    nullable: { type: 'string', nullable: true, default: 'n' },
    list: { type: 'array', items: string, minItems: 1, maxItems: 3 },
    set: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
    map: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key'],
        properties: {
          key: string,
          value: { type: 'integer', default: 7 },
          protocol: { type: 'string', default: 'TCP' },
        },
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['key', 'protocol'],
    },
    labels: { type: 'object', additionalProperties: string, maxProperties: 2, minProperties: 1 },
    nested: {
      type: 'object',
      default: {},
      properties: { a: { type: 'string', default: 'x' }, deep: { type: 'object', properties: { b: integer } } },
    },
    free: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { known: { type: 'object', properties: { a: string } } },
    },
    any: { 'x-kubernetes-preserve-unknown-fields': true },
    either: { type: 'object', properties: { a: string, b: string }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
    some: { type: 'object', properties: { a: string, b: string }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    all: { type: 'integer', allOf: [{ minimum: 3 }, { maximum: 5 }] },
    not: { type: 'string', not: { enum: ['bad'] } },
    embedded: {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { spec: { type: 'object', properties: { a: string } } },
    },
  },
};

export const ROOT: Schema = {
  type: 'object',
  properties: { spec: SPEC, status: { type: 'object', properties: { phase: string } } },
};

/** Specs of creates. */
export const SPECS: readonly (readonly [name: string, spec: Json])[] = [
  ['minimal', { size: 1 }],
  ['missing required', {}],
  ['wrong types', { size: '1', flag: 'yes', name: 5, list: {}, labels: [], nested: 'x', ratio: 'y' }],
  ['fraction for integer', { size: 1.5 }],
  ['out of range', { size: 11, ratio: 1 }],
  ['under the range', { size: 0, ratio: 0 }],
  ['not a multiple', { size: 1, ratio: 0.3 }],
  ['too long', { size: 1, name: 'abcdef' }],
  ['too short', { size: 1, name: 'a' }],
  ['pattern', { size: 1, name: 'AB' }],
  ['enum', { size: 1, color: 'blue', level: 3 }],
  ['int or string, an integer', { size: 1, port: 80 }],
  ['int or string, a string', { size: 1, port: 'http' }],
  ['int or string, neither', { size: 1, port: true }],
  ['formats met', { size: 1, when: '2020-01-01T00:00:00Z', address: '1.2.3.4', odd: 'anything' }],
  ['formats missed', { size: 1, when: 'yesterday', address: '1.2.3' }],
  ['int32 overflow', { size: 1, small: 3000000000 }],
  ['nulls', { size: 1, nullable: null, color: null, name: null, nested: null, flag: null }],
  ['null for required', { size: null }],
  ['list too short', { size: 1, list: [] }],
  ['list too long', { size: 1, list: ['a', 'b', 'c', 'd'] }],
  ['item of a wrong type', { size: 1, list: ['a', 1, null] }],
  ['set with duplicates', { size: 1, set: ['a', 'b', 'a', 'a'] }],
  [
    'map with duplicates',
    { size: 1, map: [{ key: 'a' }, { key: 'a', protocol: 'UDP' }, { key: 'a', protocol: 'TCP' }] },
  ],
  ['map without a key', { size: 1, map: [{ value: 1 }] }],
  ['too many properties', { size: 1, labels: { a: '1', b: '2', c: '3' } }],
  ['too few properties', { size: 1, labels: {} }],
  ['wrong property', { size: 1, labels: { a: 1 } }],
  ['unknown fields', { size: 1, zzz: 1, nested: { b: 2, deep: { b: 1, c: { d: 1 } } }, map: [{ key: 'k', x: 1 }] }],
  ['unknown fields kept', { size: 1, free: { x: { y: 1 }, known: { a: 'b', c: 'd' } }, any: [1, { a: null }] }],
  [
    'unknown fields kept in lists',
    { size: 1, any: { list: [{ a: null }, [{ b: 1 }]] }, free: { list: [{ c: null }] } },
  ],
  ['oneOf none', { size: 1, either: {} }],
  ['oneOf both', { size: 1, either: { a: 'x', b: 'y' } }],
  ['oneOf one', { size: 1, either: { a: 'x' } }],
  ['anyOf none', { size: 1, some: {} }],
  ['anyOf one', { size: 1, some: { b: 'x' } }],
  ['allOf', { size: 1, all: 7 }],
  ['not', { size: 1, not: 'bad' }],
  [
    'embedded',
    {
      size: 1,
      embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { a: 'b', c: 'd' }, more: 1 },
    },
  ],
  ['embedded without type', { size: 1, embedded: { spec: { a: 'b' } } }],
  ['several faults', { size: 99, color: 'x', list: [], name: 'A' }],
];
