import { expect, test } from 'vitest';
import { BySources } from '../../src/aggregate/sources.ts';

const HUB = {};

test('a value is made once for what it depends on, and once more after a cluster left', () => {
  const values = new BySources<object>(2);
  const first = values.get(HUB, 'east west', () => ({}));
  expect(values.get(HUB, 'east west', () => ({}))).toBe(first);
  expect(values.get({}, 'east west', () => ({}))).not.toBe(first);
  values.clear();
  expect(values.get(HUB, 'east west', () => ({}))).not.toBe(first);
});

test('the value that nobody asked for longest makes room', () => {
  const values = new BySources<string>(2);
  const get = (key: string, made: string): string => values.get(undefined, key, () => made);
  get('a', 'a1');
  get('b', 'b1');
  get('a', 'a2');
  get('c', 'c1');
  expect([get('a', 'a3'), get('c', 'c2'), get('b', 'b2')]).toEqual(['a1', 'c1', 'b2']);
});
