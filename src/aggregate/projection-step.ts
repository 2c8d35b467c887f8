/** One ResourceProjection, compiled: what it asks of an object, and what it leaves of it. Pure. */
import { applyStep } from '../hub/kinds/apply-step.ts';
import { compileCondition, type ProjectionCondition } from '../hub/kinds/projection-condition.ts';
import type { ProjectionRule, ResourceProjection } from '../hub/kinds/resource-projection.ts';
import type { TransformStep } from '../hub/kinds/transform-step.ts';
import type { TemplateValues } from '../hub/kinds/transform-template.ts';
import type { JsonMap } from '../hub/patch/json-value.ts';
import type { KubeObject } from '../kube/object.ts';
import { fromLabelSelector, type LabelRequirements, matchesLabels } from '../kube/selector.ts';
import { type FieldMask, maskObject, parseMask } from './field-mask.ts';
import type { Item } from './item.ts';

interface SelectRule {
  readonly source: ProjectionRule;
  readonly clusterSelector: LabelRequirements | undefined;
  readonly selector: LabelRequirements | undefined;
  readonly names: ((name: string) => boolean) | undefined;
}

export interface ProjectionStep {
  readonly projection: ResourceProjection;
  /** Undefined: all. */
  readonly rules: readonly SelectRule[] | undefined;
  readonly condition: ProjectionCondition | undefined;
  readonly mask: FieldMask | undefined;
  readonly transforms: readonly TransformStep[];
}

export function compileStep(projection: ResourceProjection): ProjectionStep {
  const { projection: type, select, condition, fields = [], transforms = [] } = projection.spec;
  return {
    projection,
    rules: type === 'Selective' ? (select ?? []).map(compileRule) : undefined,
    condition: type === 'Conditional' ? conditionOf(condition ?? '') : undefined,
    mask: fields.length === 0 ? undefined : parseMask(fields),
    transforms,
  };
}

const compileRule = (source: ProjectionRule): SelectRule => ({
  source,
  clusterSelector: source.clusterSelector && fromLabelSelector(source.clusterSelector),
  selector: source.selector && fromLabelSelector(source.selector),
  names: source.names && anyOf(source.names.map(namePattern)),
});

/** What was refused at creation, should it be there all the same: it has no answer. */
function conditionOf(source: string): ProjectionCondition {
  const compiled = compileCondition(source);
  if ('condition' in compiled) return compiled.condition;
  return () => {
    throw new Error(compiled.fault);
  };
}

const anyOf =
  (tests: readonly ((name: string) => boolean)[]) =>
  (name: string): boolean =>
    tests.some((test) => test(name));

function namePattern(pattern: string): (name: string) => boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return (name) => name === pattern;
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return (name) => name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}

export const holdsInCluster = (
  { source, clusterSelector }: SelectRule,
  { name, labels }: TemplateValues['cluster'],
): boolean =>
  (source.clusters === undefined || source.clusters.includes(name)) &&
  (clusterSelector === undefined || matchesLabels(clusterSelector, labels));

export const holdsFor = ({ source, selector, names }: SelectRule, item: Item, namespace: string): boolean =>
  (source.namespaces === undefined || source.namespaces.includes(namespace)) &&
  (names === undefined || names(item.name)) &&
  (selector === undefined || matchesLabels(selector, item.labels));

export const changes = ({ mask, transforms }: ProjectionStep): boolean => mask !== undefined || transforms.length > 0;

export const reads = (step: ProjectionStep): boolean => step.condition !== undefined || changes(step);

export function changed(draft: KubeObject, { mask, transforms }: ProjectionStep, values: TemplateValues): KubeObject {
  const masked = mask === undefined ? (draft as unknown as JsonMap) : maskObject(draft as unknown as JsonMap, mask);
  for (const step of transforms) {
    try {
      applyStep(masked, step, values);
    } catch (error) {
      throw new Error(
        `cannot ${step.operation} ${step.path}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return masked as unknown as KubeObject;
}
