/**
 * tmc.kcp.io/v1alpha1 ResourceTransform (MISSION A9): how copies of a workspace's objects differ from the objects, by
 * cluster. The syncer applies it on the way down (src/sync/apply-transforms.ts). What it may not touch is refused here.
 */
import { forbiddenField, index, requiredValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { defineKind, LABEL_SELECTOR, list, object, optional, STRING, STRINGS } from './define-kind.ts';
import { selectorCauses } from './selector-causes.ts';
import { stepCauses, TRANSFORM_STEP, type TransformStep } from './transform-step.ts';
import type { LabelSelector } from './workload.ts';

export interface ResourceTransform extends KubeObject {
  spec: {
    resources: { group: string; resource: string }[];
    /** Absent: all; cluster-scoped objects are in none. */
    namespaces?: string[];
    /** On the object's labels. */
    selector?: LabelSelector;
    /** SyncTargets by name, and by their labels; absent: all. Both given: both must hold. */
    clusters?: string[];
    clusterSelector?: LabelSelector;
    /** Lower is applied first, equal ones by name; default 0. */
    priority?: number;
    transforms: TransformStep[];
  };
}

/** Groups whose objects say who may do what: a transform must not grant in a cluster what nobody granted here. */
const GUARDED_GROUPS: ReadonlySet<string> = new Set(['rbac.authorization.k8s.io']);
const GUARDED_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'status']);

function validate(given: KubeObject): StatusCause[] {
  const { resources = [], transforms = [], ...spec } = (given as ResourceTransform).spec ?? {};
  return [
    ...(resources.length === 0 ? [requiredValue('spec.resources')] : []),
    ...resources.flatMap(({ group }, at) =>
      GUARDED_GROUPS.has(group)
        ? [forbiddenField(`${index('spec.resources', at)}.group`, 'access rules are not transformed')]
        : [],
    ),
    ...(transforms.length === 0 ? [requiredValue('spec.transforms')] : []),
    ...transforms.flatMap((step, at) => stepCauses(step, index('spec.transforms', at), GUARDED_FIELDS)),
    ...selectorCauses(spec.selector, 'spec.selector'),
    ...selectorCauses(spec.clusterSelector, 'spec.clusterSelector'),
  ];
}

export const RESOURCE_TRANSFORM = defineKind({
  group: 'tmc.kcp.io',
  version: 'v1alpha1',
  kind: 'ResourceTransform',
  plural: 'resourcetransforms',
  requiredSpec: true,
  validate,
  spec: object(
    {
      resources: list(object({ group: optional(STRING, ''), resource: STRING }, 'resource')),
      namespaces: STRINGS,
      selector: LABEL_SELECTOR,
      clusters: STRINGS,
      clusterSelector: LABEL_SELECTOR,
      priority: { type: 'integer', format: 'int32' },
      transforms: list(TRANSFORM_STEP),
    },
    'resources',
    'transforms',
  ),
});
