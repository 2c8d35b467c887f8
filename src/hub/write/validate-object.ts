/** Everything that makes an object invalid (422): its kind's own rules, its schema, its metadata. */
import { invalidValue } from '../../kube/field-error.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { invalid, type StatusCause } from '../../kube/status.ts';
import { validateRules } from '../cel/rules.ts';
import type { Target } from '../core.ts';
import { embeddedCauses } from '../schema/embedded.ts';
import { validate } from '../schema/validate.ts';
import { validateMetadata, validateMetadataUpdate } from './validate-metadata.ts';
import { scaleCauses } from './validate-scale.ts';

/** Throws ApiError 422 with all causes. `old` is there for an update. */
export function validateObject(
  { definition, name, subresource }: Target,
  object: KubeObject,
  old: KubeObject | undefined,
): void {
  const ofMetadata = [
    ...validateMetadata(definition, object),
    ...(old === undefined ? [] : validateMetadataUpdate(object.metadata, old.metadata)),
  ];
  const causes: StatusCause[] = [
    ...ofMetadata,
    ...(definition.custom ? schemaCauses(definition.schema, object, old, ofMetadata) : []),
    ...(definition.custom ? scaleCauses(definition, object) : []),
    ...(definition.validate?.(object, old, subresource) ?? []),
  ];
  if (causes.length > 0) throw invalid(definition.info, object.metadata.name ?? name, causes);
}

const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const NOT_CHECKED = invalidValue(
  '',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

const withRules = new WeakMap<object, boolean>();

function hasRules(schema: Target['definition']['schema']): boolean {
  if (schema === undefined) return false;
  const known = withRules.get(schema);
  if (known !== undefined) return known;
  const found = JSON.stringify(schema.root).includes('"x-kubernetes-validations"');
  withRules.set(schema, found);
  return found;
}

function schemaCauses(
  schema: Target['definition']['schema'],
  object: KubeObject,
  old: KubeObject | undefined,
  ofMetadata: readonly StatusCause[],
): StatusCause[] {
  const [value, before] = [object as unknown as Json, old as unknown as Json | undefined];
  const causes = [...validate(value, before, schema), ...embeddedCauses(value, schema)];
  if (!hasRules(schema)) return causes;
  // Rules rely on what the schema promises (customresource/strategy.go hasBlockingErr).
  if ([...ofMetadata, ...causes].some(({ reason }) => BLOCKING.has(reason ?? ''))) return [...causes, NOT_CHECKED];
  return [...causes, ...validateRules(value, before, schema)];
}
