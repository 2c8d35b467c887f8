/** Defaults that the CEL rules beside them refuse (apiextensions `schema/defaulting/validation.go`). */
import { child, type FieldPath, index } from '../../kube/field-error.ts';
import type { Schema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { validateRules } from '../cel/rules.ts';

const META = new Set(['metadata', 'apiVersion', 'kind']);

/** Takes a structural schema whose rules compile, and its path in the CRD. */
export function defaultRuleCauses(schema: Schema, path: FieldPath, root = true): StatusCause[] {
  const { default: value, items, properties } = schema;
  const own =
    value === undefined || value === null
      ? []
      : validateRules(value, undefined, { root: schema, resolve: () => undefined }).map((cause) => ({
          ...cause,
          field: cause.field === '<nil>' ? child(path, 'default') : `${child(path, 'default')}.${cause.field}`,
        }));
  return [
    ...own,
    ...(items ? defaultRuleCauses(items, child(path, 'items'), false) : []),
    ...Object.entries(properties ?? {}).flatMap(([name, property]) =>
      root && META.has(name) ? [] : defaultRuleCauses(property, index(child(path, 'properties'), name), false),
    ),
  ];
}
