import { describe, expect, it } from 'vitest';
import { type Autoscaler, autoscalerCauses } from '../../../../src/hub/builtin/validation/scaling.ts';

const autoscaler = (kind: string, apiVersion?: string): Autoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'it' },
  spec: { scaleTargetRef: { kind, name: 'it', ...(apiVersion === undefined ? {} : { apiVersion }) }, maxReplicas: 2 },
});
const messages = (now: Autoscaler, old?: Autoscaler): (string | undefined)[] =>
  autoscalerCauses(now, old).map(({ message }) => message);

describe('what an autoscaler scales', () => {
  it.each([
    ['apps/v1', 'Deployment', undefined],
    ['v1', 'ReplicationController', undefined],
    ['', 'ReplicationController', undefined],
    ['v1', 'Deployment', 'Invalid value: "v1": apiVersion must specify API group'],
    ['a/b/c', 'ReplicationController', 'Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
  ])('%s %s: %s', (apiVersion, kind, message) => {
    expect(messages(autoscaler(kind, apiVersion))).toEqual(message === undefined ? [] : [message]);
  });

  it('may stay as it was, and not become another of no group', () => {
    const before = autoscaler('Deployment', 'v1');
    expect(messages(before, before)).toEqual([]);
    expect(messages(autoscaler('StatefulSet', 'v1'), before)).toHaveLength(1);
  });
});
