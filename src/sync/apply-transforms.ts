/**
 * ResourceTransforms on one copy: which concern it, in which order, and what they do to it. Pure, but that the draft it
 * is given is changed. Order: lower priority first, equal ones by name, each in the order of its steps; each sees what
 * the ones before it made, so the highest priority has the last word.
 */
import type { ResourceTransform, TransformStep } from '../hub/kinds/resource-transform.ts';
import { parseTemplate, renderTemplate, type TemplateValues } from '../hub/kinds/transform-template.ts';
import { getKey, isMap, type JsonMap, setKey } from '../hub/patch/json-value.ts';
import { parsePointer } from '../kube/json-pointer.ts';
import type { Json, KubeObject } from '../kube/object.ts';
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

function applyStep(draft: JsonMap, step: TransformStep, values: TemplateValues): void {
  const segments = parsePointer(step.path) ?? [];
  const last = segments.at(-1);
  if (last === undefined) throw new Error('it is no path into an object');
  const parent = OPERATIONS[step.operation];
  parent(draft, segments.slice(0, -1), last, () =>
    step.operation === 'Template' ? renderTemplate(parseTemplate(step.template ?? ''), values) : clone(step.value),
  );
}

const clone = (value: Json | undefined): Json => structuredClone(value ?? null);

type Operation = (draft: JsonMap, parents: readonly string[], last: string, value: () => Json) => void;

const set: Operation = (draft, parents, last, value) => put(descend(draft, parents, true), last, value(), true);

const OPERATIONS: Readonly<Record<TransformStep['operation'], Operation>> = {
  Set: set,
  Template: set,
  Replace: (draft, parents, last, value) => put(descend(draft, parents, false), last, value(), false),
  Delete: (draft, parents, last) => {
    const container = find(draft, parents);
    if (Array.isArray(container)) {
      const at = position(container, last);
      if (at < container.length) container.splice(at, 1);
    } else if (isMap(container)) delete container[last];
  },
};

type Container = JsonMap | Json[];

const isContainer = (value: Json | undefined): value is Container => Array.isArray(value) || isMap(value);

/** What stands at the path, undefined where nothing does. */
function find(draft: JsonMap, path: readonly string[]): Json | undefined {
  let here: Json | undefined = draft;
  for (const segment of path) {
    here = Array.isArray(here) ? here[position(here, segment)] : isMap(here) ? getKey(here, segment) : undefined;
  }
  return here;
}

function descend(draft: JsonMap, path: readonly string[], make: boolean): Container {
  let here: Container = draft;
  for (const segment of path) {
    let next: Json | undefined = Array.isArray(here) ? here[position(here, segment)] : getKey(here, segment);
    if ((next === undefined || next === null) && make && isMap(here)) {
      next = {};
      setKey(here, segment, next);
    }
    if (!isContainer(next)) throw new Error(next === undefined ? `there is no ${segment}` : `${segment} has no fields`);
    here = next;
  }
  return here;
}

function put(container: Container, key: string, value: Json, add: boolean): void {
  if (!Array.isArray(container)) {
    if (!add && !Object.hasOwn(container, key)) throw new Error(`there is no ${key}`);
    setKey(container, key, value);
    return;
  }
  if (add && key === '-') {
    container.push(value);
    return;
  }
  const at = position(container, key);
  if (at >= container.length) throw new Error(`the list has no element ${key}`);
  container[at] = value;
}

/** RFC 6901: digits without leading zeros. */
function position(list: readonly Json[], segment: string): number {
  if (!/^(0|[1-9]\d*)$/.test(segment)) throw new Error(`a list of ${list.length} has no element "${segment}"`);
  return Number(segment);
}
