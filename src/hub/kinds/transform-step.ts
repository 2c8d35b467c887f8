/** One step of a ResourceTransform or ResourceProjection: what it does to an object, its schema, and what it may not touch. */
import { child, forbiddenField, invalidValue, requiredValue } from '../../kube/field-error.ts';
import { parsePointer } from '../../kube/json-pointer.ts';
import type { Json } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { object, oneOf, STRING } from './define-kind.ts';
import { parseTemplate } from './transform-template.ts';

export interface TransformStep {
  /** Set makes parents that are missing, Replace wants a value there, Delete does not mind its absence. */
  operation: 'Set' | 'Delete' | 'Replace' | 'Template';
  /** JSON pointer into the object. */
  path: string;
  value?: Json;
  /** A text with `{{ .cluster.name }}` and the like (transform-template.ts); set like a value. */
  template?: string;
}

export const TRANSFORM_STEP = object(
  {
    operation: oneOf('Set', 'Delete', 'Replace', 'Template'),
    path: STRING,
    value: { 'x-kubernetes-preserve-unknown-fields': true },
    template: STRING,
  },
  'operation',
  'path',
);

const MAPS: ReadonlySet<string> = new Set(['labels', 'annotations']);
/** Domains whose labels and annotations are written by TMC. */
const isOurs = (key: string): boolean => /(^|\.)kcp\.io\//.test(key);

/** @param guarded top-level fields that are not the author's to change, beside metadata */
export function stepCauses(
  { operation, path, value, template }: TransformStep,
  at: string,
  guarded: ReadonlySet<string>,
): StatusCause[] {
  const needsValue = operation === 'Set' || operation === 'Replace';
  return [
    ...pathCauses(path, value, child(at, 'path'), guarded),
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
function pathCauses(path: string, value: unknown, at: string, guarded: ReadonlySet<string>): StatusCause[] {
  const segments = parsePointer(path);
  if (segments === undefined) return [invalidValue(at, path, "must be a JSON pointer, such as '/spec/replicas'")];
  const [top, map, key, ...deeper] = segments;
  if (top === undefined || top === '') return [forbiddenField(at, 'the whole object cannot be transformed')];
  if (guarded.has(top)) return [forbiddenField(at, `${top} is protected`)];
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
