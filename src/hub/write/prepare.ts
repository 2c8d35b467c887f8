/** What the server, not the client, decides about an object before it is stored (registry/rest BeforeCreate, BeforeUpdate). */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kube/object.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import type { HubCore, Target } from '../core.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** What a client cannot give: gone before anyone looks at a new object (registry/rest WipeObjectMetaSystemFields). Mutates a private copy. */
export function wipeSystemFields({ metadata }: KubeObject): void {
  for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'])
    delete (metadata as Record<string, unknown>)[field];
}

/** Mutates a private copy. The name is already there. */
export function prepareForCreate(core: Pick<HubCore, 'clock' | 'newUid'>, target: Target, object: KubeObject): void {
  const { definition } = target;
  const { metadata } = object;
  if (definition.info.namespaced) metadata.namespace = target.namespace;
  wipeSystemFields(object);
  metadata.uid = core.newUid();
  metadata.creationTimestamp = rfc3339(core.clock.now());
  delete metadata.resourceVersion;
  if (definition.generation) metadata.generation = 1;
  else if (!definition.custom) delete metadata.generation;
  if (definition.status) {
    if (definition.initialStatus !== undefined) object.status = structuredClone(definition.initialStatus);
    else delete object.status;
  }
  definition.prepareForCreate?.(object);
}

/** Mutates `object`, a private copy, so that only what this request may change differs from `old`. */
export function prepareForUpdate(target: Target, object: KubeObject, old: KubeObject): void {
  const { definition, subresource } = target;
  if (subresource === 'status') keepAllButStatus(definition, object, old);
  else if (definition.status && subresource === '') keepStatus(object, old);
  const { metadata } = object;
  if (!metadata.uid) metadata.uid = old.metadata.uid as string;
  metadata.name ??= old.metadata.name as string;
  if (definition.info.namespaced) metadata.namespace ??= old.metadata.namespace as string;
  copyField(object, old, 'creationTimestamp');
  if (old.metadata.deletionTimestamp !== undefined) copyField(object, old, 'deletionTimestamp');
  else delete metadata.deletionTimestamp;
  if (metadata.deletionGracePeriodSeconds === undefined || old.metadata.deletionGracePeriodSeconds === undefined)
    copyField(object, old, 'deletionGracePeriodSeconds');
  delete (metadata as Record<string, unknown>).selfLink;
  copyField(object, old, 'generation');
  if (definition.generation && subresource !== 'status' && desiredStateDiffers(object, old))
    metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function keepStatus(object: KubeObject, old: KubeObject): void {
  if (Object.hasOwn(old, 'status')) object.status = old.status;
  else delete object.status;
}

/** A status write changes status, and for custom resources metadata other than managedFields is kept as it stands. */
function keepAllButStatus(definition: ResourceDefinition, object: KubeObject, old: KubeObject): void {
  const { status } = object;
  const given = object.metadata;
  for (const key of Object.keys(object)) if (key !== 'apiVersion' && key !== 'kind') delete object[key];
  for (const [key, value] of Object.entries(old))
    if (key !== 'apiVersion' && key !== 'kind' && key !== 'metadata' && key !== 'status') object[key] = value;
  if (status !== undefined) object.status = status;
  object.metadata = definition.custom
    ? { ...old.metadata, ...pick(given, ['resourceVersion', 'uid', 'managedFields']) }
    : { ...given };
  if (!definition.custom) {
    // Typed kinds let a status write change labels and annotations, as most upstream strategies do.
    for (const field of ['finalizers', 'ownerReferences'] as const) {
      if (old.metadata[field] === undefined) delete object.metadata[field];
      else Object.assign(object.metadata, { [field]: old.metadata[field] });
    }
  }
}

const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<T> =>
  Object.fromEntries(
    keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]),
  ) as unknown as Partial<T>;

function copyField(
  object: KubeObject,
  old: KubeObject,
  field: 'creationTimestamp' | 'deletionTimestamp' | 'deletionGracePeriodSeconds' | 'generation',
): void {
  if (old.metadata[field] === undefined) delete object.metadata[field];
  else Object.assign(object.metadata, { [field]: old.metadata[field] });
}

/** Anything but metadata and status. */
function desiredStateDiffers(object: KubeObject, old: KubeObject): boolean {
  const state = ({ apiVersion: _a, kind: _k, metadata: _m, status: _s, ...rest }: KubeObject): object => rest;
  return !isDeepStrictEqual(state(object), state(old));
}
