/**
 * ResourceTransforms on one copy: which concern it, in which order, and what they do to it. Pure, but that the draft it
 * is given is changed. Order: lower priority first, equal ones by name, each in the order of its steps; each sees what
 * the ones before it made, so the highest priority has the last word.
 */
import { applyStep } from '../hub/kinds/apply-step.ts';
import type { ResourceTransform } from '../hub/kinds/resource-transform.ts';
import type { TransformStep } from '../hub/kinds/transform-step.ts';
import type { TemplateValues } from '../hub/kinds/transform-template.ts';
import type { JsonMap } from '../hub/patch/json-value.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { fromLabelSelector, type LabelSelectorObject, matchesLabels } from '../kube/selector.ts';

/** Of the object that is copied, and of the cluster that it is copied to. */
export interface TransformSubject {
  readonly resource: GroupResource;
  /** The hub's, '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cluster: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

/** A transform that cannot be applied to this object, with why. */
export class TransformError extends Error {
  constructor(transform: ResourceTransform, { operation, path }: TransformStep, why: string) {
    super(`ResourceTransform "${transform.metadata.name}" cannot ${operation} ${path}: ${why}`);
    this.name = 'TransformError';
  }
}

/** In the order in which they are applied. */
export function inOrder(transforms: Iterable<ResourceTransform>): ResourceTransform[] {
  const name = ({ metadata }: ResourceTransform): string => metadata.name ?? '';
  return [...transforms].sort(
    (a, b) => (a.spec.priority ?? 0) - (b.spec.priority ?? 0) || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0),
  );
}

export function concerns({ spec }: ResourceTransform, subject: TransformSubject): boolean {
  const { resource, namespace, labels, cluster } = subject;
  return (
    spec.resources.some((one) => one.group === resource.group && one.resource === resource.resource) &&
    names(spec.namespaces, namespace) &&
    selects(spec.selector, labels) &&
    names(spec.clusters, cluster.name) &&
    selects(spec.clusterSelector, cluster.labels)
  );
}

const names = (list: readonly string[] | undefined, name: string): boolean => list === undefined || list.includes(name);

const selects = (selector: LabelSelectorObject | undefined, labels: Readonly<Record<string, string>>): boolean =>
  selector === undefined || matchesLabels(fromLabelSelector(selector), labels);

/** Changes the draft. `transforms` are in their order and concern the object. Throws TransformError. */
export function applyTransforms(
  draft: KubeObject,
  transforms: readonly ResourceTransform[],
  values: TemplateValues,
): void {
  for (const transform of transforms) {
    for (const step of transform.spec.transforms) {
      try {
        applyStep(draft as unknown as JsonMap, step, values);
      } catch (error) {
        throw new TransformError(transform, step, error instanceof Error ? error.message : String(error));
      }
    }
  }
}
