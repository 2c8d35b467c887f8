/** How the hub's own controllers write: as nobody, recorded under one manager, with everything that a write does. */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError } from '../../kube/status.ts';
import type { HubCore, Target, WriteOptions } from '../core.ts';
import { parsePlace } from '../keys.ts';
import { updateObject } from '../write/update.ts';

export const OWN: WriteOptions = {
  dryRun: false,
  fieldManager: 'kube-controller-manager',
  fieldValidation: 'Ignore',
  user: undefined,
};

/** The object that a store key names; undefined when its kind is no longer served. */
export async function targetOfKey(core: HubCore, key: string): Promise<Target | undefined> {
  const place = parsePlace(key);
  const definition = (await core.catalog.of(place.workspace)).preferred(place);
  return definition && { ...place, definition, subresource: '' };
}

export async function readObject(core: HubCore, target: Target): Promise<KubeObject | undefined> {
  const entry = await core.objects.read(target);
  return entry && core.objects.decode(target.definition, entry);
}

/** A change of metadata alone; what is gone meanwhile needs none. `change` mutates a private copy. */
export async function changeMetadata(
  core: HubCore,
  target: Target,
  change: (object: KubeObject) => void,
): Promise<void> {
  const apply = (object: KubeObject) => {
    delete object.metadata.resourceVersion;
    change(object);
    return object;
  };
  await updateObject(core, { ...target, subresource: 'finalize' }, apply, OWN).catch(ignoreNotFound);
}

export function removeFinalizer(object: KubeObject, finalizer: string): void {
  const left = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  if (left.length > 0) object.metadata.finalizers = left;
  else delete object.metadata.finalizers;
}

export function ignoreNotFound(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 404) throw error;
}

/** Another writer was first, or the object was replaced: look again, it is no failure. */
export const isRace = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 404 || error.code === 409);
