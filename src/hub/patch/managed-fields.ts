/** `metadata.managedFields` ⇄ owned sets by manager (apimachinery `util/managedfields/internal`). */
import type { KubeObject, ManagedFieldsEntry } from '../../kube/object.ts';
import { badRequest } from '../../kube/status.ts';
import { decodeFieldSet, encodeFieldSet, type FieldSet } from './field-set.ts';
import { compareText, deepEqual, type JsonMap } from './json-value.ts';

export interface ManagerName {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** Part of an updater's identity; an applier has one entry over all versions. */
  readonly apiVersion: string;
  readonly subresource: string;
}

export interface OwnedFields extends ManagerName {
  readonly set: FieldSet;
  /** RFC 3339, seconds; absent where a manager came to own fields without changing the object. */
  readonly time: string | undefined;
}

/** By identity: at most one entry per manager, operation, subresource and, for updates, version. */
export type ManagedFields = ReadonlyMap<string, OwnedFields>;

/** Upstream's identifier, whose text also decides the order in which conflicts are told. */
export function managerId({ manager, operation, apiVersion, subresource }: ManagerName): string {
  // The JSON of an object with those that are not empty, without making one: every write asks.
  const named = manager === '' ? '' : `"manager":${JSON.stringify(manager)},`;
  const versioned = operation === 'Update' && apiVersion !== '' ? `,"apiVersion":${JSON.stringify(apiVersion)}` : '';
  const below = subresource === '' ? '' : `,"subresource":${JSON.stringify(subresource)}`;
  return `{${named}"operation":"${operation}"${versioned}${below}}`;
}

const FAULT = 'metadata.managedFields';

/** Throws ApiError 400 on malformed entries. */
export function decodeManagedFields(entries: readonly ManagedFieldsEntry[] | undefined): Map<string, OwnedFields> {
  const managed = new Map<string, OwnedFields>();
  for (const [at, entry] of (entries ?? []).entries()) {
    const { operation, apiVersion = '', manager = '', subresource = '', time } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw badRequest('operation must be `Apply` or `Update`');
    if (apiVersion === '') throw badRequest('apiVersion must not be empty');
    if (entry.fieldsType !== 'FieldsV1') {
      const type: unknown = entry.fieldsType ?? '';
      throw badRequest(
        type === ''
          ? `missing fieldsType in managed fields entry ${at}`
          : `invalid fieldsType "${type}" in managed fields entry ${at}`,
      );
    }
    const name = { manager, operation, apiVersion, subresource };
    managed.set(managerId(name), { ...name, set: decodeSet(entry.fieldsV1), time });
  }
  return managed;
}

function decodeSet(fields: unknown): FieldSet {
  try {
    return decodeFieldSet(fields ?? {});
  } catch (error) {
    throw badRequest(`${FAULT}: error decoding set: ${(error as Error).message}`);
  }
}

/** Sorted as upstream: appliers first, oldest first, then by name. Undefined when there is none. */
export function encodeManagedFields(managed: ManagedFields): ManagedFieldsEntry[] | undefined {
  if (managed.size === 0) return undefined;
  return [...managed.values()].sort(compareOwners).map(encodeEntry);
}

/** In upstream's order of fields. Spreads of what may be empty would cost several times as much. */
function encodeEntry({ manager, operation, apiVersion, subresource, set, time }: OwnedFields): ManagedFieldsEntry {
  const fields = { fieldsType: 'FieldsV1' as const, fieldsV1: encodeFieldSet(set) };
  const timed = time === undefined ? { apiVersion, ...fields } : { apiVersion, time, ...fields };
  const entry = manager === '' ? { operation, ...timed } : { manager, operation, ...timed };
  return subresource === '' ? entry : { ...entry, subresource };
}

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));

const compareOwners = (left: OwnedFields, right: OwnedFields): number =>
  compareText(left.operation, right.operation) ||
  seconds(left.time) - seconds(right.time) ||
  compareText(left.manager, right.manager) ||
  compareText(left.apiVersion, right.apiVersion) ||
  compareText(left.subresource, right.subresource);

const MAX_UPDATERS = 10;
const ANCIENT = 'ancient-changes';

/** At most ten updaters: the oldest are merged into one entry per version. */
export function capUpdaters(managed: Map<string, OwnedFields>): void {
  const updaters = [...managed]
    .filter(([, owned]) => owned.operation === 'Update')
    .sort(
      ([leftId, left], [rightId, right]) => seconds(left.time) - seconds(right.time) || compareText(leftId, rightId),
    );
  let count = updaters.length;
  const firstOfVersion = new Map<string, string>();
  for (const [id, owned] of updaters) {
    if (count <= MAX_UPDATERS) return;
    const name: ManagerName = { manager: ANCIENT, operation: 'Update', apiVersion: owned.apiVersion, subresource: '' };
    const bucketId = managerId(name);
    const first = firstOfVersion.get(owned.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(owned.apiVersion, id);
      continue;
    }
    let bucket = managed.get(bucketId);
    if (bucket === undefined) {
      bucket = managed.get(first) as OwnedFields;
      managed.delete(first);
    }
    managed.delete(id);
    managed.set(bucketId, { ...name, set: owned.set.union(bucket.set), time: owned.time });
    count--;
  }
}

/** The object without its managedFields. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export function withManagedFields<T extends KubeObject>(object: T, managed: ManagedFields): T {
  const entries = encodeManagedFields(managed);
  const bare = withoutManagedFields(object);
  return entries === undefined ? bare : { ...bare, metadata: { ...bare.metadata, managedFields: entries } };
}

/** `managedFields: []` and `[{}]` in an update ask for tracking to start anew. */
export const isReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  Array.isArray(entries) &&
  (entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0));

/**
 * Where nothing changed but times in managedFields, the old times stay, so that a repeated apply is no write at all.
 * Takes the object as it would be stored (generation and resourceVersion carried over) and the stored one.
 */
export function keepTimestampsIfUnchanged<T extends KubeObject>(after: T, before: T): T {
  const [afterEntries, beforeEntries] = [after.metadata.managedFields ?? [], before.metadata.managedFields ?? []];
  if (afterEntries.length === 0 || afterEntries.length !== beforeEntries.length) return after;
  if (afterEntries.every((entry, at) => entry.time === beforeEntries[at]?.time)) return after;
  const timeless = (entries: readonly ManagedFieldsEntry[]): JsonMap[] =>
    entries.map(({ time: _, ...entry }) => entry as JsonMap);
  if (!deepEqual(timeless(afterEntries), timeless(beforeEntries))) return after;
  if (!deepEqual(withoutManagedFields(after), withoutManagedFields(before))) return after;
  return { ...after, metadata: { ...after.metadata, managedFields: beforeEntries } };
}

const MAX_MANAGER_BYTES = 128;

/** `?fieldManager`, or what stands before the first `/` of the User-Agent, printable characters only. */
export function managerName(fieldManager: string | undefined, userAgent: string | undefined): string {
  if (fieldManager !== undefined && fieldManager !== '') return fieldManager;
  let name = '';
  for (const char of (userAgent ?? '').split('/')[0] as string) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) continue;
    if (Buffer.byteLength(name + char) > MAX_MANAGER_BYTES) break;
    name += char;
  }
  return name;
}
