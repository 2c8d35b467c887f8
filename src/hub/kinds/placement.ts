/** placement.kcp.io/v1alpha1 Placement: which workloads go to which clusters (MISSION D1). */
import { invalidValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import {
  CONDITIONS,
  defineKind,
  LABEL_SELECTOR,
  LABEL_SELECTOR_FIELDS,
  list,
  object,
  oneOf,
  STRING,
} from './define-kind.ts';
import type { Placement } from './workload.ts';

export const TOLERATIONS = list(
  object({ key: STRING, operator: oneOf('Exists', 'Equal'), value: STRING, effect: STRING }),
);
const COUNT = { type: 'integer', format: 'int32', minimum: 0 } as const;
const TARGETS = list(object({ name: STRING, reason: STRING }, 'name'));

function validate(given: KubeObject): StatusCause[] {
  const policy = (given as Placement).spec?.placementPolicy;
  const { minClusters, maxClusters } = policy ?? {};
  return minClusters !== undefined && maxClusters !== undefined && minClusters > maxClusters
    ? [invalidValue('spec.placementPolicy.minClusters', minClusters, `must not exceed maxClusters (${maxClusters})`)]
    : [];
}

export const PLACEMENT = defineKind({
  group: 'placement.kcp.io',
  version: 'v1alpha1',
  kind: 'Placement',
  plural: 'placements',
  spec: object({
    workloadSelector: object({
      ...LABEL_SELECTOR_FIELDS,
      resources: list(object({ group: STRING, resource: STRING }, 'resource')),
    }),
    namespaceSelector: LABEL_SELECTOR,
    syncTargetSelector: LABEL_SELECTOR,
    placementPolicy: object({
      strategy: STRING,
      minClusters: COUNT,
      maxClusters: COUNT,
      tolerations: TOLERATIONS,
    }),
    priority: { type: 'integer', format: 'int32' },
  }),
  statusSchema: object({ conditions: CONDITIONS, selectedTargets: TARGETS, rejectedTargets: TARGETS }),
  validate,
});
