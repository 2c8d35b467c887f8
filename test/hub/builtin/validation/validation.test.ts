import { expect, test } from 'vitest';
import { validateFor } from '../../../../src/hub/builtin/validation/validate-for.ts';
import type { KubeObject } from '../../../../src/kube/object.ts';
import { SAMPLES } from '../../../support/builtin-samples.ts';
import { INVALID_SAMPLES } from '../../../support/invalid-samples.ts';
import recorded from './recorded-causes.json' with { type: 'json' };
import { causeTexts, validated } from './validated.ts';

/** What kube-apiserver answered; validation.kube.test.ts holds it against a running one. */
const answers: Readonly<Record<string, readonly string[]>> = recorded;

test.each(INVALID_SAMPLES.map(({ what, object }) => [what, object] as const))('%s', (what, object) => {
  expect(causeTexts(validated(object))).toEqual(answers[what]);
});

test.each(SAMPLES.map(({ object }) => [`${object.kind} ${object.metadata.name}`, object] as const))(
  '%s is valid, and stays so when it is written again',
  (_, object) => {
    expect(validated(object)).toEqual([]);
    expect(validated(object, object)).toEqual([]);
  },
);

const pod = (spec: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'a:1' }], ...spec },
});

test('a pod may change its images and nothing else of its containers', () => {
  const image = pod({ containers: [{ name: 'c', image: 'a:2' }] });
  expect(validated(image, pod({}))).toEqual([]);
  const command = pod({ containers: [{ name: 'c', image: 'a:1', command: ['x'] }] });
  expect(validated(command, pod({}))).toMatchObject([{ reason: 'FieldValueForbidden', field: 'spec' }]);
  const more = pod({
    containers: [
      { name: 'c', image: 'a:1' },
      { name: 'd', image: 'b:1' },
    ],
  });
  expect(causeTexts(validated(more, pod({})))).toEqual([
    'spec.containers: Forbidden: pod updates may not add or remove containers',
  ]);
});

test('an immutable config map keeps its data and its mark', () => {
  const map = (data: Record<string, string>, immutable?: boolean): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data,
    ...(immutable === undefined ? {} : { immutable }),
  });
  expect(validated(map({ a: '1' }, true), map({ a: '1' }, true))).toEqual([]);
  expect(causeTexts(validated(map({ a: '2' }), map({ a: '1' }, true)))).toEqual([
    'data: Forbidden: field is immutable when `immutable` is set',
    'immutable: Forbidden: field is immutable when `immutable` is set',
  ]);
});

test('kinds without rules are taken as their type allows', () => {
  expect(validateFor({ group: 'example.com', kind: 'Thing' })).toBeUndefined();
  expect(validateFor({ group: '', kind: 'constructor' })).toBeUndefined();
});
