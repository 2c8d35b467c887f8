/** Who owns which fields: managedFields of a write that is not an apply. */
import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf, parseApiVersion } from '../../kube/resource.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import { builtinDefinitionName, builtinType } from '../builtin/tables.ts';
import type { HubCore, Target, WriteOptions } from '../core.ts';
import { keepTimestampsIfUnchanged } from '../patch/managed-fields.ts';
import { type ApplyType, recordUpdate } from '../patch/server-side-apply.ts';
import { zeroObject } from '../schema/go-decode.ts';
import { type ConvertNow, withConversions } from './ask-conversions.ts';

export function applyType(
  { definition: { info, schema, custom, schemaOfVersion } }: Target,
  convert?: ConvertNow,
): ApplyType {
  const apiVersion = apiVersionOf(info);
  const builtin = custom ? undefined : builtinDefinitionName(info);
  return {
    apiVersion,
    kind: info.kind,
    schema,
    ...(convert === undefined ? {} : { convert }),
    ...(builtin === undefined ? {} : { empty: zeroObject(apiVersion, info.kind, builtin) }),
    versions: (other) => {
      const { group, version } = parseApiVersion(other);
      if (group !== info.group) return undefined;
      return custom ? schemaOfVersion?.(version) : builtinType({ ...info, version });
    },
  };
}

/** What the endpoint does not write is never owned through it. */
export function resetFieldsOf({ definition, subresource }: Target): readonly string[] {
  if (!definition.status) return [];
  if (subresource !== 'status') return ['status'];
  const { statusKeeps = [] } = definition;
  return ['spec', ...(statusKeeps === 'metadata' ? ['metadata'] : statusKeeps.map((field) => `metadata.${field}`))];
}

/** Mutates `object`, a private copy. */
export function recordManager(
  core: Pick<HubCore, 'clock'>,
  target: Target,
  old: KubeObject | undefined,
  object: KubeObject,
  options: WriteOptions,
): void {
  keepManagedFields(object, recordOf(core, target, old, object, options, undefined));
}

/** The same where versions of the kind may be converted by a webhook. */
export async function recordManagerConverted(
  core: Pick<HubCore, 'clock' | 'objects'>,
  target: Target,
  old: KubeObject | undefined,
  object: KubeObject,
  options: WriteOptions,
): Promise<void> {
  const recorded = await withConversions(core, target, (convert) =>
    recordOf(core, target, old, object, options, convert),
  );
  keepManagedFields(object, recorded);
}

function recordOf(
  core: Pick<HubCore, 'clock'>,
  target: Target,
  old: KubeObject | undefined,
  object: KubeObject,
  options: WriteOptions,
  convert: ConvertNow | undefined,
): KubeObject {
  return recordUpdate({
    type: applyType(target, convert),
    manager: options.fieldManager,
    subresource: target.subresource,
    now: rfc3339(core.clock.now()),
    resetFields: resetFieldsOf(target),
    before: old,
    after: object,
  });
}

/** A repeated apply that changes nothing but its own time is no write. */
export function keepUnchangedTimes(object: KubeObject, old: KubeObject): void {
  keepManagedFields(object, keepTimestampsIfUnchanged(object, old));
}

function keepManagedFields(object: KubeObject, { metadata: { managedFields } }: KubeObject): void {
  if (managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = managedFields;
}
