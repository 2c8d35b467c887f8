/** Counts in the status of workloads (pkg/apis/apps/validation `Validate…Status`): not negative, and no part above the whole. */
import { invalidValue } from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Causes } from './scalars.ts';

interface StatusRule {
  readonly counts: readonly string[];
  /** [part, whole, how the whole is called]. */
  readonly parts: readonly (readonly [string, string, string])[];
}

const ofReplicas = (...parts: string[]): StatusRule['parts'] =>
  parts.map((part) => [part, 'replicas', 'status.replicas'] as const);

export const DEPLOYMENT_STATUS: StatusRule = {
  counts: [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ],
  parts: [
    ...ofReplicas('updatedReplicas', 'readyReplicas', 'availableReplicas'),
    ['availableReplicas', 'readyReplicas', 'readyReplicas'],
  ],
};

export const REPLICA_SET_STATUS: StatusRule = {
  counts: [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ],
  parts: [
    ...ofReplicas('fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'),
    ['availableReplicas', 'readyReplicas', 'readyReplicas'],
  ],
};

export const STATEFUL_SET_STATUS: StatusRule = {
  counts: [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ],
  parts: [
    ...ofReplicas('readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'),
    ['availableReplicas', 'readyReplicas', 'status.readyReplicas'],
  ],
};

export const DAEMON_SET_STATUS: StatusRule = {
  counts: [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ],
  parts: [],
};

/** A status write of a kind is looked at for its counts, any other write for what `ofSpec` says. */
export const withStatus =
  <T extends KubeObject>(rule: StatusRule, ofSpec: (object: T, old: T | undefined) => Causes) =>
  (object: T, old: T | undefined, subresource?: string): Causes =>
    subresource === 'status' ? statusCauses(object, rule) : ofSpec(object, old);

function statusCauses(object: KubeObject, { counts, parts }: StatusRule): Causes {
  const status = (object.status ?? {}) as Readonly<Record<string, number | undefined>>;
  const count = (field: string): number => status[field] ?? 0;
  return [
    ...counts
      .filter((field) => count(field) < 0)
      .map((field) => invalidValue(`status.${field}`, count(field), 'must be greater than or equal to 0')),
    ...parts
      .filter(([part, whole]) => count(part) > count(whole))
      .map(([part, , name]) => invalidValue(`status.${part}`, count(part), `cannot be greater than ${name}`)),
  ];
}
