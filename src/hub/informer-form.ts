/** What informers keep of an object, of which a large hub has many that nobody places. */
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { heldTargets } from './kinds/placed-object.ts';
import { withoutManagedFields } from './patch/managed-fields.ts';

/** Kinds that are contents and little else, and where these stand. */
const CONTENTS: Readonly<Record<string, readonly string[]>> = {
  configmaps: ['data', 'binaryData'],
  secrets: ['data'],
};

/**
 * Without managedFields, often larger than the rest of an object, for which no controller asks; ConfigMaps and Secrets
 * that no target holds also without their contents, which only a copy needs.
 */
export function informerForm(resource: GroupResource, given: KubeObject): KubeObject {
  const object = withoutManagedFields(given);
  const fields = CONTENTS[groupResourceName(resource)];
  if (fields === undefined || heldTargets(object).size > 0) return object;
  const rest = { ...object };
  for (const field of fields) delete rest[field];
  return rest;
}
