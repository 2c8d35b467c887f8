import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../src/hub/kinds/projection-rules.ts';
import type { HealthPolicy } from '../../src/hub/kinds/resource-projection.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { foldStatus, type TargetReport } from '../../src/sync/status-fold.ts';

const from = (clusterName: string, status: object | undefined, wanted = true): TargetReport => ({
  clusterName,
  wanted,
  status: status as TargetReport['status'],
});
const hubObject = (apiVersion: string, kind: string, status: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'it', generation: 5 },
  status,
});
const condition = (type: string, status: string, reason = 'R', at = '2026-01-01T00:00:00Z', message = 'm') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at,
});
const fold = (object: KubeObject, reports: readonly TargetReport[], current = true) =>
  foldStatus(object, reports, current) as Record<string, unknown> & { conditions: Record<string, unknown>[] };

const DEPLOYMENT = hubObject('apps/v1', 'Deployment', { observedGeneration: 4 });
const up = (replicas: number, observedGeneration = 5) => ({
  replicas,
  updatedReplicas: replicas,
  readyReplicas: replicas,
  availableReplicas: replicas,
  observedGeneration,
  conditions: [condition('Available', 'True'), condition('Progressing', 'True', 'NewReplicaSetAvailable')],
});

describe('foldStatus', () => {
  it('says nothing while nobody has reported', () => {
    expect(foldStatus(DEPLOYMENT, [from('east', undefined)], true)).toBeUndefined();
  });

  it('adds replicas up and leaves zeros out', () => {
    const status = fold(DEPLOYMENT, [from('east', up(2)), from('west', { ...up(3), unavailableReplicas: 0 })]);
    expect(status).toMatchObject({ replicas: 5, updatedReplicas: 5, readyReplicas: 5, availableReplicas: 5 });
    expect(status).not.toHaveProperty('unavailableReplicas');
  });

  it.each<[string, TargetReport[], boolean, number]>([
    ['every target has observed it', [from('east', up(2)), from('west', up(2))], true, 5],
    ['one is behind', [from('east', up(2)), from('west', up(2, 4))], true, 4],
    ['one has not reported', [from('east', up(2)), from('west', undefined)], true, 4],
    ['replicas are not divided anew', [from('east', up(2)), from('west', up(2))], false, 4],
    ['one that is being left is behind', [from('east', up(2)), from('west', up(2, 3), false)], true, 5],
  ])('observes a generation when %s', (_name, reports, current, expected) => {
    expect(fold(DEPLOYMENT, reports, current).observedGeneration).toBe(expected);
  });

  it('counts the pods of a target that is being left, but not its opinion', () => {
    const leaving = { ...up(2), conditions: [condition('Available', 'False')] };
    const status = fold(DEPLOYMENT, [from('east', up(2)), from('west', leaving, false)]);
    expect(status.replicas).toBe(4);
    expect(status.conditions).toMatchObject([{ type: 'Available', status: 'True' }, { type: 'Progressing' }]);
  });

  it.each<[string, object[], object]>([
    ['good news everywhere', [condition('Available', 'True'), condition('Available', 'True')], { status: 'True' }],
    [
      'bad in one',
      [condition('Available', 'True'), condition('Available', 'False', 'Few')],
      { status: 'False', reason: 'Few' },
    ],
    ['unknown in one', [condition('Available', 'True'), condition('Available', 'Unknown')], { status: 'Unknown' }],
    [
      'a failure in one',
      [condition('ReplicaFailure', 'True', 'Quota'), condition('ReplicaFailure', 'False')],
      { status: 'True', reason: 'Quota' },
    ],
    [
      'a rollout that goes on in one',
      [
        condition('Progressing', 'True', 'NewReplicaSetAvailable'),
        condition('Progressing', 'True', 'ReplicaSetUpdated'),
      ],
      { status: 'True', reason: 'ReplicaSetUpdated' },
    ],
    [
      'messages that differ',
      [
        condition('Available', 'False', 'R', '2026-01-01T00:00:00Z', 'a'),
        condition('Available', 'False', 'R', '2026-01-02T00:00:00Z', 'b'),
      ],
      { message: 'c0: a; c1: b', lastTransitionTime: '2026-01-02T00:00:00Z' },
    ],
  ])('merges conditions: %s', (_name, conditions, expected) => {
    const reports = conditions.map((one, at) => from(`c${at}`, { conditions: [one] }));
    expect(fold(hubObject('apps/v1', 'Deployment'), reports).conditions).toMatchObject([expected]);
  });

  it('waits for good news of those that are silent, keeps the time of an unchanged status', () => {
    const silent = fold(DEPLOYMENT, [from('east', up(1)), from('west', { replicas: 1, observedGeneration: 5 })]);
    expect(silent.conditions[0]).toMatchObject({ type: 'Available', status: 'Unknown' });
    const shown = hubObject('apps/v1', 'Deployment', {
      conditions: [condition('Available', 'True', 'R', '2020-01-01T00:00:00Z')],
    });
    expect(fold(shown, [from('east', up(1)), from('west', up(1))]).conditions[0]?.lastTransitionTime).toBe(
      '2020-01-01T00:00:00Z',
    );
  });

  it.each<[HealthPolicy, (string | undefined)[], string]>([
    ['All', ['True', 'True', 'False'], 'False'],
    ['Majority', ['True', 'True', 'False'], 'True'],
    ['Majority', ['True', undefined, 'False'], 'Unknown'],
    ['Any', ['False', 'True', 'False'], 'True'],
    ['Weighted', ['True', 'False', 'False'], 'True'],
    ['Weighted', ['False', 'True', 'True'], 'False'],
  ])('is Available by the rule %s where clusters say %j: %s', (health, statuses, expected) => {
    const reports = statuses.map((status, at) =>
      from(`c${at}`, {
        conditions: status === undefined ? [] : [condition('Available', status), condition('Progressing', status)],
      }),
    );
    const rules = { ...DEFAULT_RULES, health, weight: (name: string) => (name === 'c0' ? 5 : 2) };
    const status = foldStatus(hubObject('apps/v1', 'Deployment'), reports, true, rules) as ReturnType<typeof fold>;
    expect(status.conditions[0]).toMatchObject({ type: 'Available', status: expected });
    // How far a rollout is does not depend on it.
    expect(status.conditions[1]?.status).not.toBe('True');
  });

  it('gives the status of a single cluster as it is', () => {
    const status = { phase: 'Running', podIP: '10.0.0.1', conditions: [condition('Ready', 'True')] };
    expect(fold(hubObject('v1', 'Pod'), [from('east', status)])).toEqual(status);
  });

  it('unites load balancer addresses, each once', () => {
    const at = (...ips: string[]) => ({ loadBalancer: { ingress: ips.map((ip) => ({ ip })) } });
    const status = fold(hubObject('v1', 'Service'), [from('east', at('1', '2')), from('west', at('2', '3'))]);
    expect(status).toEqual({ loadBalancer: { ingress: [{ ip: '1' }, { ip: '2' }, { ip: '3' }] } });
  });

  it('calls a claim bound when it is bound everywhere', () => {
    const claim = hubObject('v1', 'PersistentVolumeClaim');
    expect(fold(claim, [from('east', { phase: 'Bound' }), from('west', { phase: 'Pending' })]).phase).toBe('Pending');
    expect(fold(claim, [from('east', { phase: 'Bound' }), from('west', { phase: 'Bound' })]).phase).toBe('Bound');
  });

  it('takes what changed last of custom resources, with conditions merged', () => {
    const widget = hubObject('example.com/v1', 'Widget');
    const status = fold(widget, [
      from('east', { size: 'new', conditions: [condition('Ready', 'True', 'R', '2026-02-01T00:00:00Z')] }),
      from('west', { size: 'old', conditions: [condition('Ready', 'False', 'R', '2026-01-01T00:00:00Z')] }),
    ]);
    expect(status).toMatchObject({ size: 'new', conditions: [{ type: 'Ready', status: 'False' }] });
  });
});
