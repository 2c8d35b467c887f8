/** tmc.kcp.io/v1alpha1 ResourceTransform (MISSION A9) and AggregatedView (MISSION A8). */
import { requiredValue } from '../../kube/field-error.ts';
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
  open,
  optional,
  STRING,
  STRINGS,
} from './define-kind.ts';

const COUNT = { type: 'integer', format: 'int64' } as const;
const ANY = { 'x-kubernetes-preserve-unknown-fields': true } as const;

interface Transform {
  operation: string;
  path?: string;
  template?: string;
  value?: unknown;
}

/** Each operation needs its own fields. */
function validate(given: KubeObject): StatusCause[] {
  const { transforms = [] } = (given.spec ?? {}) as { transforms?: Transform[] };
  return transforms.flatMap((one, at) => {
    const path = `spec.transforms[${at}]`;
    if (one.operation === 'Template' && !one.template) return [requiredValue(`${path}.template`)];
    const needsValue = one.operation === 'Set' || one.operation === 'Replace';
    return needsValue && one.value === undefined ? [requiredValue(`${path}.value`)] : [];
  });
}

export const RESOURCE_TRANSFORM = defineKind({
  group: 'tmc.kcp.io',
  version: 'v1alpha1',
  kind: 'ResourceTransform',
  plural: 'resourcetransforms',
  requiredSpec: true,
  validate,
  spec: open(
    object({
      resources: list(object({ group: STRING, resource: STRING }, 'resource')),
      selector: object(LABEL_SELECTOR_FIELDS),
      clusterSelector: LABEL_SELECTOR,
      clusters: STRINGS,
      direction: oneOf('Down', 'Up', 'View'),
      projection: object({
        mode: optional(oneOf('All', 'Selective', 'Conditional'), 'All'),
        include: STRINGS,
        exclude: STRINGS,
        condition: STRING,
      }),
      transforms: list(
        object(
          { operation: oneOf('Set', 'Delete', 'Replace', 'Template'), path: STRING, value: ANY, template: STRING },
          'operation',
          'path',
        ),
      ),
      merge: oneOf('Union', 'Intersection', 'Priority', 'Latest'),
      conflict: oneOf('LastWriter', 'FirstWriter', 'ClusterWeight', 'Manual'),
      status: oneOf('Combined', 'Primary', 'Aggregated'),
      health: oneOf('All', 'Majority', 'Any', 'Weighted'),
      weights: { type: 'object', additionalProperties: { type: 'integer', format: 'int32' } },
      priority: { type: 'integer', format: 'int32' },
    }),
  ),
  statusSchema: object({ conditions: CONDITIONS }),
});

export const AGGREGATED_VIEW = defineKind({
  group: 'tmc.kcp.io',
  version: 'v1alpha1',
  kind: 'AggregatedView',
  plural: 'aggregatedviews',
  spec: object({ workspaceName: STRING, resources: list(object({ group: STRING, resource: STRING }, 'resource')) }),
  statusSchema: object({
    workspaceName: STRING,
    syncTargets: STRINGS,
    resourceCount: { type: 'object', additionalProperties: COUNT },
    healthStatus: object({ healthy: COUNT, degraded: COUNT, unhealthy: COUNT, unknown: COUNT }),
    lastUpdated: STRING,
    conditions: CONDITIONS,
  }),
});
