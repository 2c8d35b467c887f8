/** Schemas of CustomResourceDefinitions, sound and not. */
import type { Schema } from '../../../src/kube/schema.ts';
import { ROOT } from './custom-cases.ts';

const root = (spec: object, more: object = {}): Schema =>
  ({ type: 'object', properties: { spec: { type: 'object', properties: spec } }, ...more }) as Schema;
const field = (schema: object): Schema => root({ f: schema });
const string = { type: 'string' };

export const SCHEMAS: readonly (readonly [name: string, schema: Schema])[] = [
  ['everything', ROOT],
  ['no type at the root', { properties: { spec: { type: 'object' } } }],
  ['wrong type at the root', { type: 'string' }],
  ['no type of a field', field({ description: 'x' })],
  ['no type of items', field({ type: 'array', items: {} })],
  ['no items', field({ type: 'array' })],
  ['unknown type', field({ type: 'text' })],
  ['type null', field({ type: 'null' })],
  ['nullable at the root', root({}, { nullable: true })],
  ['additionalProperties at the root', { type: 'object', additionalProperties: { type: 'string' } }],
  ['both kinds of properties', field({ type: 'object', properties: { a: string }, additionalProperties: string })],
  ['type in anyOf', field({ type: 'string', anyOf: [{ type: 'string' }, { pattern: 'a' }] })],
  [
    'defaults and more in allOf',
    field({ type: 'string', allOf: [{ default: 'x', description: 'd', title: 't', nullable: true }] }),
  ],
  [
    'int or string by anyOf',
    field({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
  ],
  [
    'int or string that preserves',
    field({ 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true }),
  ],
  ['unique items', field({ type: 'array', items: string, uniqueItems: true })],
  ['preserve false', field({ type: 'object', 'x-kubernetes-preserve-unknown-fields': false })],
  ['list type on a string', field({ type: 'string', 'x-kubernetes-list-type': 'set' })],
  ['unknown list type', field({ type: 'array', items: string, 'x-kubernetes-list-type': 'heap' })],
  ['map type on a list', field({ type: 'array', items: string, 'x-kubernetes-map-type': 'atomic' })],
  ['unknown map type', field({ type: 'object', 'x-kubernetes-map-type': 'x' })],
  [
    'map list without keys',
    field({ type: 'array', items: { type: 'object', properties: { a: string } }, 'x-kubernetes-list-type': 'map' }),
  ],
  [
    'map list of strings',
    field({ type: 'array', items: string, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] }),
  ],
  [
    'key that is no property',
    field({
      type: 'array',
      items: { type: 'object', properties: { a: string } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['b'],
    }),
  ],
  [
    'optional key',
    field({
      type: 'array',
      items: { type: 'object', properties: { a: string } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a'],
    }),
  ],
  [
    'keys twice',
    field({
      type: 'array',
      items: { type: 'object', required: ['a'], properties: { a: string } },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a', 'a'],
    }),
  ],
  [
    'keys without list type',
    field({
      type: 'array',
      items: { type: 'object', required: ['a'], properties: { a: string } },
      'x-kubernetes-list-map-keys': ['a'],
    }),
  ],
  [
    'set of granular objects',
    field({ type: 'array', items: { type: 'object', properties: { a: string } }, 'x-kubernetes-list-type': 'set' }),
  ],
  ['embedded without properties', field({ type: 'object', 'x-kubernetes-embedded-resource': true })],
  ['embedded string', field({ type: 'string', 'x-kubernetes-embedded-resource': true })],
  [
    'metadata specified',
    root({}, { properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } }),
  ],
  [
    'metadata name',
    root({}, { properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 5 } } } } }),
  ],
  ['kind of a wrong type', root({}, { properties: { kind: { type: 'integer' } } })],
  ['default of a wrong type', field({ type: 'integer', default: 'x' })],
  ['default with unknown fields', field({ type: 'object', properties: { a: string }, default: { b: 1 } })],
  [
    'default out of range',
    field({ type: 'object', properties: { a: { type: 'integer', maximum: 3 } }, default: { a: 5 } }),
  ],
  ['default in top-level kind', root({}, { properties: { kind: { type: 'string', default: 'x' } } })],
  ['$ref', field({ type: 'object', $ref: '#/definitions/x' })],
  ['rule that is empty', field({ type: 'string', 'x-kubernetes-validations': [{ rule: ' ' }] })],
  [
    'rule with unknown reason',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: 'true', reason: 'Because' }] }),
  ],
  [
    'rule with a wrong field path',
    field({
      type: 'object',
      properties: { a: string },
      'x-kubernetes-validations': [{ rule: 'true', fieldPath: '.b' }],
    }),
  ],
  [
    'message with line breaks',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: 'true', message: 'a\nb' }] }),
  ],
  [
    'rule with line breaks and no message',
    field({ type: 'string', 'x-kubernetes-validations': [{ rule: 'true ||\n false' }] }),
  ],
  ['rules in anyOf', field({ type: 'string', anyOf: [{ 'x-kubernetes-validations': [{ rule: 'true' }] }] })],
];
