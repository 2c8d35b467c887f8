import { expect, test } from 'vitest';
import { ambiguousName, mustQualify, parseViewName } from '../../src/aggregate/names.ts';

test.each([
  ['web', 'web', undefined],
  ['web@east', 'web', 'east'],
  ['system:user@example.com@east', 'system:user@example.com', 'east'],
  ['@east', '@east', undefined],
  ['web@', 'web@', undefined],
  ['', '', undefined],
])('%j is the name %j in cluster %j', (text, name, clusterName) => {
  expect(parseViewName(text)).toEqual({ name, clusterName });
});

test.each([
  [false, 1, false],
  [false, 2, true],
  [true, 1, true],
])('in the hub: %s, clusters: %d → qualified: %s', (inHub, clusters, qualified) => {
  expect(mustQualify(inHub, clusters)).toBe(qualified);
});

test('an ambiguous name is a Conflict that lists what to say instead', () => {
  const { status } = ambiguousName({ group: 'apps', resource: 'replicasets' }, 'web', ['west', 'east']);
  expect(status).toMatchObject({
    code: 409,
    reason: 'Conflict',
    details: { name: 'web', group: 'apps', kind: 'replicasets' },
  });
  expect(status.message).toBe(
    'replicasets.apps "web" is ambiguous: it exists in 2 clusters, use one of "web@east", "web@west"',
  );
});
