/** What the server, not the client, decides about an object before it is stored (registry/rest BeforeCreate, BeforeUpdate). */
import { isDeepStrictEqual } from 'node:util';
import type { Json, KubeObject, ObjectMeta } from '../../kube/object.ts';
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
  else if (subresource === 'ephemeralcontainers') keepAllButEphemeral(object, old);
  else if (definition.status && subresource === '') keepStatus(object, old);
  const { metadata } = object;
  if (!metadata.uid) metadata.uid = old.metadata.uid as string;
  metadata.name ??= old.metadata.name as string;
  if (definition.info.namespaced) metadata.namespace ??= old.metadata.namespace as string;
  copyField(object, old, 'creationTimestamp');
  if (old.metadata.deletionTimestamp !== undefined) copyField(object, old, 'deletionTimestamp');
  if (metadata.deletionGracePeriodSeconds === undefined) copyField(object, old, 'deletionGracePeriodSeconds');
  delete (metadata as Record<string, unknown>).selfLink;
  copyField(object, old, 'generation');
  definition.prepareForUpdate?.(object, old, subresource);
}

/** Counts a change of the desired state. Mutates `object`, a private copy, once all that changes it is done. */
export function countGeneration({ definition, subresource }: Target, object: KubeObject, old: KubeObject): void {
  if (definition.generation && subresource !== 'status' && desiredStateDiffers(definition, object, old))
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function keepStatus(object: KubeObject, old: KubeObject): void {
  if (Object.hasOwn(old, 'status')) object.status = old.status;
  else delete object.status;
}

/** A status write changes status, and of metadata what its kind lets it. */
function keepAllButStatus(definition: ResourceDefinition, object: KubeObject, old: KubeObject): void {
  const { status } = object;
  const given = object.metadata;
  for (const key of Object.keys(object)) if (key !== 'apiVersion' && key !== 'kind') delete object[key];
  for (const [key, value] of Object.entries(old))
    if (key !== 'apiVersion' && key !== 'kind' && key !== 'metadata' && key !== 'status') object[key] = value;
  if (status !== undefined) object.status = status;
  const { statusKeeps = [] } = definition;
  if (statusKeeps === 'metadata') {
    object.metadata = { ...old.metadata, ...pick(given, ['resourceVersion', 'uid', 'managedFields']) };
    return;
  }
  object.metadata = { ...given };
  for (const field of statusKeeps) copyField(object, old, field);
}

/** Pods: that subresource adds containers and does nothing else (core/pod strategy dropNonEphemeralContainerUpdates). */
function keepAllButEphemeral(object: KubeObject, old: KubeObject): void {
  const { ephemeralContainers } = (object.spec ?? {}) as { ephemeralContainers?: Json };
  const given = object.metadata;
  for (const key of Object.keys(object)) if (key !== 'apiVersion' && key !== 'kind') delete object[key];
  const { ephemeralContainers: _before, ...spec } = (old.spec ?? {}) as Record<string, Json>;
  for (const [key, value] of Object.entries(old)) if (key !== 'apiVersion' && key !== 'kind') object[key] = value;
  object.spec = ephemeralContainers === undefined ? spec : { ...spec, ephemeralContainers };
  object.metadata = { ...old.metadata, ...pick(given, ['resourceVersion', 'uid', 'managedFields']) };
}

const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<T> =>
  Object.fromEntries(
    keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]),
  ) as unknown as Partial<T>;

function copyField(object: KubeObject, old: KubeObject, field: keyof ObjectMeta): void {
  if (old.metadata[field] === undefined) delete object.metadata[field];
  else Object.assign(object.metadata, { [field]: old.metadata[field] });
}

/** What placement and the syncer note on an object is no wish of its author. */
const authored = (annotations: Readonly<Record<string, string>> = {}): object =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !/^[^/]*\bkcp\.io\//.test(key)));

/** Anything but metadata and status, and annotations for the kind where they count. */
function desiredStateDiffers(
  { annotationsAreState }: ResourceDefinition,
  object: KubeObject,
  old: KubeObject,
): boolean {
  const state = ({ apiVersion: _a, kind: _k, metadata, status: _s, ...rest }: KubeObject): object =>
    annotationsAreState === true ? { ...rest, annotations: authored(metadata.annotations) } : rest;
  return !isDeepStrictEqual(state(object), state(old));
}
