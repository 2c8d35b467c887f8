/**
 * tmc.kcp.io/v1alpha1 ResourceProjection (MISSION A9): what a workspace's view shows of the objects that live in its
 * clusters, and how many become one where several clusters have a word (docs/designs/0002-projections.md).
 */
import { child, forbiddenField, index, invalidValue, requiredValue } from '../../kube/field-error.ts';
import { parsePointer } from '../../kube/json-pointer.ts';
import type { Condition, KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import {
  CONDITIONS,
  defineKind,
  LABEL_SELECTOR,
  list,
  object,
  oneOf,
  optional,
  STRING,
  STRINGS,
} from './define-kind.ts';
import { compileCondition } from './projection-condition.ts';
import { selectorCauses } from './selector-causes.ts';
import { stepCauses, TRANSFORM_STEP, type TransformStep } from './transform-step.ts';
import type { LabelSelector } from './workload.ts';

/** All that is given must hold. */
export interface ProjectionRule {
  /** As the workspace calls them; cluster-scoped objects are in none. */
  namespaces?: string[];
  /** Names without `@cluster`; one `*` in a name stands for any text. */
  names?: string[];
  selector?: LabelSelector;
  /** SyncTargets by name, and by their labels. */
  clusters?: string[];
  clusterSelector?: LabelSelector;
}

export type MergeStrategy = 'Union' | 'Intersection' | 'Priority' | 'Latest';
export type ConflictPolicy = 'LastWriter' | 'FirstWriter' | 'ClusterWeight' | 'Manual';
export type StatusPolicy = 'Combined' | 'Primary' | 'Aggregated';
export type HealthPolicy = 'All' | 'Majority' | 'Any' | 'Weighted';

export interface ResourceProjection extends KubeObject {
  spec: {
    /** Plural names; `*` for all groups or resources. */
    resources: { group: string; resource: string }[];
    /** Higher is applied later and decides where two say different things; equal ones by name. Default 0. */
    priority?: number;
    projection: 'All' | 'Selective' | 'Conditional';
    /** Selective: an object is shown when one of the rules holds. */
    select?: ProjectionRule[];
    /** Conditional: CEL, true for what is shown. */
    condition?: string;
    /** What of an object is shown: JSON pointers, `*` for every element or key. Absent: all of it. */
    fields?: string[];
    /** Applied to what is shown. */
    transforms?: TransformStep[];
    merge?: MergeStrategy;
    conflict?: ConflictPolicy;
    status?: StatusPolicy;
    health?: HealthPolicy;
    /** SyncTarget → 0 to 100; a cluster that is not named weighs 1, as the workspace itself does. */
    weights?: Record<string, number>;
  };
  status?: { conditions?: Condition[] };
}

export const RESOURCE_PROJECTIONS = { group: 'tmc.kcp.io', resource: 'resourceprojections' } as const;

const GUARDED_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

function validate(given: KubeObject): StatusCause[] {
  // Its absence is told by the schema.
  if (given.spec === undefined) return [];
  const { resources = [], fields = [], transforms = [], ...spec } = (given as ResourceProjection).spec;
  return [
    ...(resources.length === 0 ? [requiredValue('spec.resources')] : []),
    ...resources.flatMap(({ resource }, at) =>
      resource === '' ? [requiredValue(child(index('spec.resources', at), 'resource'))] : [],
    ),
    ...onlyWith('Selective', spec.projection, spec.select, 'spec.select'),
    ...(spec.select ?? []).flatMap((rule, at) => ruleCauses(rule, index('spec.select', at))),
    ...onlyWith('Conditional', spec.projection, spec.condition, 'spec.condition'),
    ...conditionCauses(spec.condition),
    ...fields.flatMap((field, at) => fieldCauses(field, index('spec.fields', at))),
    ...transforms.flatMap((step, at) => stepCauses(step, index('spec.transforms', at), GUARDED_FIELDS)),
  ];
}

function onlyWith(wanted: string, projection: string | undefined, value: unknown, at: string): StatusCause[] {
  const given = value !== undefined && !(Array.isArray(value) && value.length === 0) && value !== '';
  if (projection === wanted) return given ? [] : [requiredValue(at, `must be given with projection ${wanted}`)];
  return given ? [forbiddenField(at, `may only be given with projection ${wanted}`)] : [];
}

const RULE_FIELDS = ['namespaces', 'names', 'selector', 'clusters', 'clusterSelector'] as const;

function ruleCauses(rule: ProjectionRule, at: string): StatusCause[] {
  return [
    ...(RULE_FIELDS.some((field) => rule[field] !== undefined)
      ? []
      : [requiredValue(at, `must give at least one of ${RULE_FIELDS.join(', ')}`)]),
    ...(rule.names ?? []).flatMap((name, which) =>
      name === '' || name.indexOf('*') !== name.lastIndexOf('*')
        ? [invalidValue(index(child(at, 'names'), which), name, "must be a name, with one '*' at most")]
        : [],
    ),
    ...selectorCauses(rule.selector, child(at, 'selector')),
    ...selectorCauses(rule.clusterSelector, child(at, 'clusterSelector')),
  ];
}

function conditionCauses(source: string | undefined): StatusCause[] {
  if (source === undefined || source === '') return [];
  const compiled = compileCondition(source);
  return 'fault' in compiled ? [invalidValue('spec.condition', source, compiled.fault)] : [];
}

function fieldCauses(field: string, at: string): StatusCause[] {
  const segments = parsePointer(field);
  if (segments === undefined || segments.length === 0)
    return [invalidValue(at, field, "must be a JSON pointer, such as '/spec/replicas'")];
  return [];
}

const WEIGHT = { type: 'integer', format: 'int32', minimum: 0, maximum: 100 } as const;

export const RESOURCE_PROJECTION = defineKind({
  group: RESOURCE_PROJECTIONS.group,
  version: 'v1alpha1',
  kind: 'ResourceProjection',
  plural: RESOURCE_PROJECTIONS.resource,
  requiredSpec: true,
  validate,
  spec: object(
    {
      resources: list(object({ group: optional(STRING, ''), resource: STRING }, 'resource')),
      priority: { type: 'integer', format: 'int32' },
      projection: optional(oneOf('All', 'Selective', 'Conditional'), 'All'),
      select: list(
        object({
          namespaces: STRINGS,
          names: STRINGS,
          selector: LABEL_SELECTOR,
          clusters: STRINGS,
          clusterSelector: LABEL_SELECTOR,
        }),
      ),
      condition: STRING,
      fields: STRINGS,
      transforms: list(TRANSFORM_STEP),
      merge: oneOf('Union', 'Intersection', 'Priority', 'Latest'),
      conflict: oneOf('LastWriter', 'FirstWriter', 'ClusterWeight', 'Manual'),
      status: oneOf('Combined', 'Primary', 'Aggregated'),
      health: oneOf('All', 'Majority', 'Any', 'Weighted'),
      weights: { type: 'object', additionalProperties: WEIGHT },
    },
    'resources',
  ),
  statusSchema: object({ conditions: CONDITIONS }),
});
