import { expect, it } from 'vitest';
import { newestVersionFirst } from '../../src/kube/version-priority.ts';

it('sorts versions as upstream does', () => {
  const sorted = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
    'v0',
  ];
  expect([...sorted].reverse().sort(newestVersionFirst)).toEqual([...sorted.slice(0, 8), 'foo1', 'foo10', 'v0']);
});
