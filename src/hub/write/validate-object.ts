/** Everything that makes an object invalid (422): its kind's own rules, its schema, its metadata. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { invalid, type StatusCause } from '../../kube/status.ts';
import type { Target } from '../core.ts';
import { embeddedCauses } from '../schema/embedded.ts';
import { validate } from '../schema/validate.ts';
import { validateMetadata, validateMetadataUpdate } from './validate-metadata.ts';

/** Throws ApiError 422 with all causes. `old` is there for an update. */
export function validateObject({ definition, name }: Target, object: KubeObject, old: KubeObject | undefined): void {
  const causes: StatusCause[] = [
    ...validateMetadata(definition, object),
    ...(old === undefined ? [] : validateMetadataUpdate(object.metadata, old.metadata)),
    ...(definition.custom ? schemaCauses(definition.schema, object, old) : []),
    ...(definition.validate?.(object, old) ?? []),
  ];
  if (causes.length > 0) throw invalid(definition.info, object.metadata.name ?? name, causes);
}

function schemaCauses(
  schema: Target['definition']['schema'],
  object: KubeObject,
  old: KubeObject | undefined,
): StatusCause[] {
  const value = object as unknown as Json;
  return [...validate(value, old as unknown as Json | undefined, schema), ...embeddedCauses(value, schema)];
}
