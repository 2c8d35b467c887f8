/** tmc.kcp.io/v1alpha1 WorkloadPlacement: placement in full (MISSION D2). */
import { parseGoDuration } from '../../kube/duration.ts';
import { invalidValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import {
  BOOLEAN,
  CONDITIONS,
  defineKind,
  LABEL_SELECTOR,
  LABEL_SELECTOR_FIELDS,
  list,
  object,
  oneOf,
  open,
  STRING,
  STRING_MAP,
  STRINGS,
} from './define-kind.ts';
import { TOLERATIONS } from './placement.ts';

const COUNT = { type: 'integer', format: 'int32', minimum: 0 } as const;
const WEIGHT = { type: 'integer', format: 'int32', minimum: 0, maximum: 100 } as const;
const AFFINITY = object({
  required: list(LABEL_SELECTOR),
  preferred: list(object({ weight: WEIGHT, selector: LABEL_SELECTOR }, 'weight', 'selector')),
});
const TARGETS = list(object({ name: STRING, reason: STRING, score: { type: 'number' }, replicas: COUNT }, 'name'));

interface Checked {
  minClusters?: number;
  maxClusters?: number;
  rebalance?: { coolDown?: string };
  failover?: { gracePeriod?: string };
}

function validate(given: KubeObject): StatusCause[] {
  const { minClusters, maxClusters, rebalance, failover } = (given.spec ?? {}) as Checked;
  const bounds =
    minClusters !== undefined && maxClusters !== undefined && minClusters > maxClusters
      ? [invalidValue('spec.minClusters', minClusters, `must not exceed maxClusters (${maxClusters})`)]
      : [];
  return [
    ...bounds,
    ...durationCauses(rebalance?.coolDown, 'spec.rebalance.coolDown'),
    ...durationCauses(failover?.gracePeriod, 'spec.failover.gracePeriod'),
  ];
}

function durationCauses(text: string | undefined, at: string): StatusCause[] {
  const isGood = text === undefined || (parseGoDuration(text) ?? -1n) >= 0n;
  return isGood ? [] : [invalidValue(at, text, "must be a duration of zero or more, such as '10m' or '1h30m'")];
}

export const WORKLOAD_PLACEMENT = defineKind({
  group: 'tmc.kcp.io',
  version: 'v1alpha1',
  kind: 'WorkloadPlacement',
  plural: 'workloadplacements',
  shortNames: ['wp'],
  requiredSpec: true,
  validate,
  spec: open(
    object({
      workloadSelector: object({
        ...LABEL_SELECTOR_FIELDS,
        resources: list(object({ group: STRING, resource: STRING }, 'resource')),
      }),
      namespaceSelector: LABEL_SELECTOR,
      clusterSelector: LABEL_SELECTOR,
      clusters: STRINGS,
      strategy: STRING,
      minClusters: COUNT,
      maxClusters: COUNT,
      preferences: list(object({ weight: WEIGHT, clusterSelector: LABEL_SELECTOR }, 'weight', 'clusterSelector')),
      tolerations: TOLERATIONS,
      affinity: object({
        clusterAffinity: AFFINITY,
        clusterAntiAffinity: AFFINITY,
        workloadAffinity: AFFINITY,
        workloadAntiAffinity: AFFINITY,
      }),
      spreadConstraints: list(
        object(
          {
            topologyKey: STRING,
            maxSkew: { type: 'integer', format: 'int32', minimum: 1 },
            minDomains: COUNT,
            whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
          },
          'topologyKey',
        ),
      ),
      replicas: object({
        division: oneOf('Divided', 'Duplicated', 'Weighted'),
        weights: { type: 'object', additionalProperties: WEIGHT },
        total: COUNT,
      }),
      failover: object({
        enabled: BOOLEAN,
        gracePeriod: STRING,
        alternatives: STRINGS,
        purge: oneOf('Immediately', 'Gracefully', 'Never'),
      }),
      overrides: list(
        object({
          clusterSelector: LABEL_SELECTOR,
          clusters: STRINGS,
          patch: list({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
        }),
      ),
      rebalance: object({ enabled: BOOLEAN, coolDown: STRING }),
      rollout: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      parameters: STRING_MAP,
      priority: { type: 'integer', format: 'int32' },
    }),
  ),
  statusSchema: {
    ...object({ conditions: CONDITIONS, selectedTargets: TARGETS, rejectedTargets: TARGETS }),
    'x-kubernetes-preserve-unknown-fields': true,
  },
});
