/** What one step does to an object: Set, Replace, Delete, Template. Paths are JSON pointers (RFC 6901). */
import { parsePointer } from '../../kube/json-pointer.ts';
import type { Json } from '../../kube/object.ts';
import { getKey, isMap, type JsonMap, setKey } from '../patch/json-value.ts';
import type { TransformStep } from './transform-step.ts';
import { parseTemplate, renderTemplate, type TemplateValues } from './transform-template.ts';

/** Changes the draft. Throws Error with why it cannot be applied. */
export function applyStep(draft: JsonMap, step: TransformStep, values: TemplateValues): void {
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
