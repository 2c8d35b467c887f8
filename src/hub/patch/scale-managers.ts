/** Ownership as the scale subresource shows it: only who owns the parent's replicas field (managedfields `scalehandler.go`). */
import type { ManagedFieldsEntry } from '../../kube/object.ts';
import { FieldSet, fieldElement } from './field-set.ts';
import { decodeManagedFields, encodeManagedFields, managerId, type OwnedFields } from './managed-fields.ts';

const SCALE_VERSION = 'autoscaling/v1';
const SCALE_REPLICAS = FieldSet.of([fieldElement('spec'), fieldElement('replicas')]);

/** Where each served version of the parent keeps its replicas, `.spec.replicas`; null where it has none. */
export type ReplicasPaths = Readonly<Record<string, string | null>>;

const pathOf = (replicas: string): string[] =>
  replicas
    .split('.')
    .filter((part) => part !== '')
    .map(fieldElement);

/** The Scale object's managedFields. */
export function toScaleManagers(
  parent: readonly ManagedFieldsEntry[] | undefined,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const managers = new Map<string, OwnedFields>();
  for (const [id, owned] of decodeManagedFields(parent)) {
    const path = paths[owned.apiVersion];
    if (typeof path !== 'string' || !owned.set.has(pathOf(path))) continue;
    managers.set(id, { ...owned, apiVersion: SCALE_VERSION, set: SCALE_REPLICAS });
  }
  return encodeManagedFields(managers);
}

/** The parent's managedFields after a write through scale. Takes the version through which the parent was written. */
export function fromScaleManagers(
  parent: readonly ManagedFieldsEntry[] | undefined,
  scale: readonly ManagedFieldsEntry[] | undefined,
  parentVersion: string,
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const scaleManagers = decodeManagedFields(scale);
  // Scale knows updaters by its own version: compare who, not in which version.
  const identity = (owned: OwnedFields): string => managerId({ ...owned, apiVersion: '' });
  const scalers = new Map([...scaleManagers.values()].map((owned) => [identity(owned), owned]));
  const result = new Map<string, OwnedFields>();
  for (const [id, owned] of decodeManagedFields(parent)) {
    if (!Object.hasOwn(paths, owned.apiVersion)) continue;
    const replicas = paths[owned.apiVersion];
    const path = typeof replicas === 'string' ? pathOf(replicas) : undefined;
    if (path === undefined || !owned.set.has(path)) result.set(id, owned);
    else if (scalers.delete(identity(owned))) result.set(id, owned);
    else {
      const set = owned.set.difference(FieldSet.of(path));
      if (!set.empty) result.set(id, { ...owned, set });
    }
  }
  const target = paths[parentVersion];
  if (typeof target !== 'string') return encodeManagedFields(result);
  for (const owned of scalers.values()) {
    if (!owned.set.has([fieldElement('spec'), fieldElement('replicas')])) continue;
    // Upstream gives the new entry no time.
    const added = { ...owned, time: undefined, apiVersion: parentVersion, set: FieldSet.of(pathOf(target)) };
    const id = managerId(added);
    const known = result.get(id);
    result.set(id, known ? { ...added, set: known.set.union(added.set) } : added);
  }
  return encodeManagedFields(result);
}
