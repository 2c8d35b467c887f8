/** The replica fields that a definition names must hold numbers (apiextensions `customresource/validator.go`). */
import { invalidValue } from '../../kube/field-error.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { getKey, goText, isMap } from '../patch/json-value.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

const MAX = 2 ** 31 - 1;

/** Takes a whole custom resource. */
export function scaleCauses({ scale }: ResourceDefinition, object: KubeObject): StatusCause[] {
  if (scale === undefined) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...numberCauses(object, specReplicasPath),
    ...numberCauses(object, statusReplicasPath),
    ...(labelSelectorPath === undefined ? [] : textCauses(object, labelSelectorPath)),
  ];
}

function numberCauses(object: KubeObject, path: string): StatusCause[] {
  const { value, fault } = nested(object, path, 'int64', (found) => Number.isInteger(found));
  if (fault !== undefined) return [invalidValue(path, 0, fault)];
  if (value === undefined) return [];
  if (Number(value) < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return Number(value) > MAX ? [invalidValue(path, value, `should be less than or equal to ${MAX}`)] : [];
}

function textCauses(object: KubeObject, path: string): StatusCause[] {
  const { fault } = nested(object, path, 'string', (found) => typeof found === 'string');
  return fault === undefined ? [] : [invalidValue(path, '', fault)];
}

/** What stands at a path without lists, or upstream's words for why that cannot be said. */
function nested(
  object: KubeObject,
  path: string,
  type: string,
  fits: (value: Json) => boolean,
): { value?: Json; fault?: string } {
  let value = object as unknown as Json;
  for (const field of path.split('.').filter((part) => part !== '')) {
    if (value === null) return {};
    if (!isMap(value)) return { fault: accessorFault(path, value, 'map[string]interface{}') };
    const next = getKey(value, field);
    if (next === undefined) return {};
    value = next;
  }
  return fits(value) ? { value } : { fault: accessorFault(path, value, type) };
}

const accessorFault = (path: string, value: Json, expected: string): string =>
  `${path} accessor error: ${goText(value)} is of the type ${goTypeOf(value)}, expected ${expected}`;

function goTypeOf(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
