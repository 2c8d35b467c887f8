/**
 * tmc.kcp.io/v1alpha1 ResourceTransform (MISSION A9): how copies of a workspace's objects differ from the objects, by
 * cluster. The syncer applies it on the way down (src/sync/apply-transforms.ts). What it may not touch is refused here.
 */
import { child, forbiddenField, index, invalidValue, requiredValue } from '../../kube/field-error.ts';
import { parsePointer } from '../../kube/json-pointer.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { fromLabelSelector } from '../../kube/selector.ts';
import type { StatusCause } from '../../kube/status.ts';
import { defineKind, LABEL_SELECTOR, list, object, oneOf, optional, STRING, STRINGS } from './define-kind.ts';
import { parseTemplate } from './transform-template.ts';
import type { LabelSelector } from './workload.ts';

export interface TransformStep {
  /** Set makes parents that are missing, Replace wants a value there, Delete does not mind its absence. */
  operation: 'Set' | 'Delete' | 'Replace' | 'Template';
  /** JSON pointer into the object. */
  path: string;
  value?: Json;
  /** A text with `{{ .cluster.name }}` and the like (transform-template.ts); set like a value. */
  template?: string;
}

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
const MAPS: ReadonlySet<string> = new Set(['labels', 'annotations']);
/** Domains whose labels and annotations are written by TMC. */
const isOurs = (key: string): boolean => /(^|\.)kcp\.io\//.test(key);

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
    ...transforms.flatMap((step, at) => stepCauses(step, index('spec.transforms', at))),
    ...selectorCauses(spec.selector, 'spec.selector'),
    ...selectorCauses(spec.clusterSelector, 'spec.clusterSelector'),
  ];
}

function stepCauses({ operation, path, value, template }: TransformStep, at: string): StatusCause[] {
  const needsValue = operation === 'Set' || operation === 'Replace';
  return [
    ...pathCauses(path, value, child(at, 'path')),
    ...metadataCauses(parsePointer(path) ?? [], operation, value, child(at, 'value')),
    ...(needsValue && value === undefined ? [requiredValue(child(at, 'value'))] : []),
    ...(!needsValue && value !== undefined ? [forbiddenField(child(at, 'value'), `${operation} takes none`)] : []),
    ...templateCauses(operation, template, child(at, 'template')),
  ];
}

function templateCauses(operation: string, template: string | undefined, at: string): StatusCause[] {
  if (operation !== 'Template') return template === undefined ? [] : [forbiddenField(at, `${operation} takes none`)];
  if (template === undefined || template === '') return [requiredValue(at)];
  try {
    parseTemplate(template);
    return [];
  } catch (error) {
    return [invalidValue(at, template, error instanceof Error ? error.message : String(error))];
  }
}

/** Identity, bookkeeping and status are not the author's; of metadata there are labels and annotations, but not TMC's. */
function pathCauses(path: string, value: unknown, at: string): StatusCause[] {
  const segments = parsePointer(path);
  if (segments === undefined) return [invalidValue(at, path, "must be a JSON pointer, such as '/spec/replicas'")];
  const [top, map, key, ...deeper] = segments;
  if (top === undefined || top === '') return [forbiddenField(at, 'the whole object cannot be transformed')];
  if (top === 'apiVersion' || top === 'kind' || top === 'status') return [forbiddenField(at, `${top} is protected`)];
  if (top !== 'metadata') return [];
  if (map === undefined || !MAPS.has(map) || deeper.length > 0)
    return [forbiddenField(at, 'of metadata only labels and annotations can be transformed')];
  const keys = key !== undefined ? [key] : Object.keys(typeof value === 'object' && value !== null ? value : {});
  const ours = keys.find(isOurs);
  return ours === undefined ? [] : [forbiddenField(at, `${ours} is written by TMC`)];
}

/** What stands in labels and annotations is text. */
function metadataCauses(
  [top, map, key]: readonly string[],
  operation: string,
  value: unknown,
  at: string,
): StatusCause[] {
  if (top !== 'metadata' || map === undefined || !MAPS.has(map) || operation === 'Delete') return [];
  if (key === undefined) return isStringMap(value) ? [] : [invalidValue(at, value ?? null, 'must be a map of strings')];
  return operation === 'Template' || value === undefined || typeof value === 'string'
    ? []
    : [invalidValue(at, value, 'must be a string')];
}

const isStringMap = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((one) => typeof one === 'string');

function selectorCauses(selector: LabelSelector | undefined, at: string): StatusCause[] {
  try {
    if (selector !== undefined) fromLabelSelector(selector);
    return [];
  } catch (error) {
    return [invalidValue(at, selector, error instanceof Error ? error.message : String(error))];
  }
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
      transforms: list(
        object(
          {
            operation: oneOf('Set', 'Delete', 'Replace', 'Template'),
            path: STRING,
            value: { 'x-kubernetes-preserve-unknown-fields': true },
            template: STRING,
          },
          'operation',
          'path',
        ),
      ),
    },
    'resources',
    'transforms',
  ),
});
