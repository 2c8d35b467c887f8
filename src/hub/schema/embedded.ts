/** Objects within objects (`x-kubernetes-embedded-resource`) name their type (apiextensions `schema/objectmeta`). */
import { child, type FieldPath, index, invalidValue, requiredValue } from '../../kube/field-error.ts';
import { dnsLabelErrors } from '../../kube/label-syntax.ts';
import type { Json } from '../../kube/object.ts';
import type { Schema, TypeSchema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { getKey, isMap, type JsonMap } from '../patch/json-value.ts';

/** Takes a whole custom resource; its own type is not looked at. */
export const embeddedCauses = (value: Json, type: TypeSchema | undefined): StatusCause[] =>
  type === undefined ? [] : walk(value, type.root, '');

function walk(value: Json, schema: Schema | undefined, path: FieldPath): StatusCause[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item, at) => walk(item, schema.items, index(path, at)));
  if (!isMap(value)) return [];
  const own = schema['x-kubernetes-embedded-resource'] === true ? typeCauses(value, path) : [];
  const { properties, additionalProperties } = schema;
  const below = Object.keys(value).flatMap((key) => {
    const item = value[key] as Json;
    if (properties && Object.hasOwn(properties, key)) return walk(item, properties[key], child(path, key));
    return typeof additionalProperties === 'object' ? walk(item, additionalProperties, index(path, key)) : [];
  });
  return [...own, ...below];
}

function typeCauses(value: JsonMap, path: FieldPath): StatusCause[] {
  return [
    ...textCauses(getKey(value, 'apiVersion'), child(path, 'apiVersion'), (apiVersion) =>
      apiVersion.split('/').length > 2 ? `unexpected GroupVersion string: ${apiVersion}` : '',
    ),
    ...textCauses(getKey(value, 'kind'), child(path, 'kind'), (kind) => {
      const errors = dnsLabelErrors(kind.toLowerCase());
      return errors.length === 0 ? '' : `may have mixed case, but should otherwise match: ${errors.join(',')}`;
    }),
  ];
}

function textCauses(value: Json | undefined, path: FieldPath, fault: (text: string) => string): StatusCause[] {
  if (value === undefined) return [requiredValue(path)];
  if (typeof value !== 'string') return [invalidValue(path, value, 'must be a string')];
  const detail = value === '' ? 'must not be empty' : fault(value);
  return detail === '' ? [] : [invalidValue(path, value, detail)];
}
