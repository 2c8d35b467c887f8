import { expect, test } from 'vitest';
import { findAll, parseJsonPath } from '../../../src/hub/printing/json-path.ts';
import { printerFor } from '../../../src/hub/printing/printer-for.ts';
import type { Json } from '../../../src/kube/object.ts';

const value: Json = {
  spec: { replicas: 3, list: [{ name: 'a', n: 1 }, { name: 'b', n: 2 }, { name: 'c' }], 'a.b': 'dotted' },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
  },
};

test.each<[string, Json[]]>([
  ['.spec.replicas', [3]],
  ['spec.replicas', []],
  ['.spec.missing.more', []],
  ['.spec.list[*].name', ['a', 'b', 'c']],
  ['.spec.list[0].name', ['a']],
  ['.spec.list[-1].name', ['c']],
  ['.spec.list[1:].name', ['b', 'c']],
  ['.spec.list[0,2].name', ['a', 'c']],
  ["['spec']['replicas']", [3]],
  ['.spec.a\\.b', ['dotted']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ["$.status.conditions[?(@.type=='Other')].status", ['False']],
  ['.spec.list[?(@.n)].name', ['a', 'b']],
  ['.spec.list[?(@.n>1)].name', ['b']],
  ['.spec..name', ['a', 'b', 'c']],
])('%s finds its values', (path, found) => {
  if (path === 'spec.replicas') expect(() => parseJsonPath(path)).toThrow(SyntaxError);
  else expect(findAll(parseJsonPath(path), value)).toEqual(found);
});

test.each(['.spec[', '.spec[x]', '.a b', '.list[?(@.a==b)]'])('%s is refused', (path) => {
  expect(() => parseJsonPath(path)).toThrow(SyntaxError);
});

const info = { group: 'example.com', resource: 'things', kind: 'Thing' };
const now = Date.parse('2026-03-01T12:00:00Z');
const thing = {
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name: 't', creationTimestamp: '2026-03-01T11:55:00Z' },
  spec: { n: 1.5, b: true, s: 'x', o: { a: 1 }, when: '2026-03-01T10:00:00Z', bad: 'yesterday', none: null },
};

test('cells are shown by the type of their column', () => {
  const types = ['string', 'integer', 'number', 'boolean', 'date'];
  const shown = (path: string) =>
    printerFor(
      info,
      types.map((type) => ({ name: type, type, jsonPath: path })),
    )
      .cells(thing, now)
      .slice(1);
  expect(shown('.spec.n')).toEqual(['1.5', 1, 1.5, null, null]);
  expect(shown('.spec.b')).toEqual(['true', null, null, true, null]);
  expect(shown('.spec.s')).toEqual(['x', null, null, null, '<invalid>']);
  expect(shown('.spec.o')).toEqual(['{"a":1}', null, null, null, null]);
  expect(shown('.spec.when')[4]).toBe('120m');
  expect(shown('.spec.bad')[4]).toBe('<invalid>');
  expect(shown('.spec.missing')).toEqual([null, null, null, null, null]);
});

test('without columns of its own a custom resource shows its age', () => {
  const printer = printerFor(info, []);
  expect(printer.columns.map(({ name }) => name)).toEqual(['Name', 'Age']);
  expect(printer.cells(thing, now)).toEqual(['t', '5m']);
});

test('kinds without printer show when they were created, and TMC’s kinds have columns', () => {
  expect(printerFor(info).cells(thing, now)).toEqual(['t', '2026-03-01T11:55:00Z']);
  const targets = printerFor({ group: 'workload.kcp.io', resource: 'synctargets', kind: 'SyncTarget' });
  expect(targets.columns.map(({ name }) => name)).toContain('Ready');
});
