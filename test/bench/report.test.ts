import { expect, test } from 'vitest';
import { measure, percentiles } from './load.ts';
import { holds, markdown } from './report.ts';

test('a bound holds on its own side', () => {
  expect([holds(3, '≥ 3'), holds(2.9, '≥ 3'), holds(0.25, '≤ 0.25'), holds(0.26, '≤ 0.25')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test('the table gives the ratio and whether it is what was wanted', () => {
  const text = markdown([{ what: 'creates', unit: '1/s', baseline: 1000, ours: 3500, wanted: '≥ 3' }], ['fact']);
  expect(text).toContain('| creates | 1/s | 1000 | 3500 | 3.50 | ≥ 3 | yes |');
});

test('a figure without a baseline is held against its own bound', () => {
  const text = markdown([{ what: 'memory', unit: 'MB', ours: 512, wanted: '≤ 500' }], []);
  expect(text).toContain('| memory | MB |  | 512 |  | ≤ 500 | no |');
});

test('percentiles of 1…100', () => {
  expect(percentiles(Array.from({ length: 100 }, (_, index) => index + 1))).toEqual({ p50: 51, p99: 100 });
});

test('a measure makes exactly the calls asked for', async () => {
  const seen: number[] = [];
  const sample = await measure({ workers: 4, count: 25 }, async (index) => void seen.push(index));
  expect([sample.count, new Set(seen).size]).toEqual([25, 25]);
});
