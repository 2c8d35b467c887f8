/** The scale subresource: autoscaling/v1 Scale over the kind's own replica fields (registry/apps/…/storage, apiextensions). */
import type { Json, KubeObject } from '../../kube/object.ts';
import { formatLabelSelector, fromLabelSelector } from '../../kube/selector.ts';
import { badRequest, invalid, notFound } from '../../kube/status.ts';
import type { HubCore, Target, WriteOptions, Written } from '../core.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import type { PatchDocument } from './patch.ts';
import { updateObject } from './update.ts';

const SCALE = { apiVersion: 'autoscaling/v1', kind: 'Scale' };

interface Scale extends KubeObject {
  spec?: { replicas?: number };
}

/** The Scale of a stored object. */
export async function readScale(core: HubCore, target: Target): Promise<KubeObject> {
  const entry = await core.objects.read(target);
  if (entry === undefined) throw notFound(target.definition.info, target.name);
  return toScale(target, core.objects.decode(target.definition, entry));
}

/** Writes `spec.replicas` of a Scale that `change` makes from the present one. */
async function writeScale(
  core: HubCore,
  target: Target,
  change: (present: KubeObject) => unknown,
  options: WriteOptions,
): Promise<Written> {
  const paths = scalePaths(target);
  const written = await updateObject(
    core,
    target,
    (old) => {
      const scale = change(toScale(target, old)) as Scale;
      checkScale(target, scale);
      setPath(old, paths.specReplicasPath, scale.spec?.replicas ?? 0);
      const { resourceVersion, uid } = scale.metadata;
      if (resourceVersion !== undefined) old.metadata.resourceVersion = resourceVersion;
      if (uid !== undefined && uid !== '') old.metadata.uid = uid;
      return old;
    },
    options,
  );
  return { ...written, stored: undefined, object: toScale(target, written.object) };
}

export const replaceScale = (core: HubCore, target: Target, given: unknown, options: WriteOptions): Promise<Written> =>
  writeScale(core, target, () => given, options);

export const patchScale = (
  core: HubCore,
  target: Target,
  { type, body }: PatchDocument,
  options: WriteOptions,
): Promise<Written> =>
  writeScale(
    core,
    target,
    (present) =>
      type === 'json'
        ? applyJsonPatch(present as unknown as Json, body as Json)
        : applyMergePatch(present as unknown as Json, body as Json),
    options,
  );

function scalePaths({ definition }: Target) {
  if (definition.scale === undefined) throw badRequest(`${definition.info.kind} has no scale`);
  return definition.scale;
}

function checkScale(target: Target, scale: Scale): void {
  if (typeof scale !== 'object' || scale === null || typeof scale.metadata !== 'object')
    throw badRequest('the body must be a Scale');
  if (scale.kind !== SCALE.kind || !String(scale.apiVersion).startsWith('autoscaling/'))
    throw badRequest(`expected autoscaling/v1, Kind=Scale, got ${scale.apiVersion}, Kind=${scale.kind}`);
  if (scale.metadata.name !== undefined && scale.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${scale.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  const replicas = scale.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0)
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, target.name, [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
        field: 'spec.replicas',
      },
    ]);
}

export function toScale(target: Target, object: KubeObject): KubeObject {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scalePaths(target);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = getPath(object, specReplicasPath);
  const selector = labelSelectorPath === undefined ? '' : selectorText(getPath(object, labelSelectorPath));
  return {
    ...SCALE,
    metadata: dropUndefined({ name, namespace, uid, resourceVersion, creationTimestamp }),
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: getPath(object, statusReplicasPath) ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

/** A label selector object, a plain label map (ReplicationController) or text (custom resources). */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (typeof selector !== 'object' || selector === null) return '';
  const isSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  return formatLabelSelector(
    fromLabelSelector((isSelector ? selector : { matchLabels: selector }) as Parameters<typeof fromLabelSelector>[0]),
  );
}

function getPath(object: unknown, path: string): unknown {
  let value = object;
  for (const part of partsOf(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function setPath(object: KubeObject, path: string, value: number): void {
  const parts = partsOf(path);
  const last = parts.pop() as string;
  let at = object as Record<string, unknown>;
  for (const part of parts) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (typeof next !== 'object' || next === null) at[part] = {};
    at = at[part] as Record<string, unknown>;
  }
  at[last] = value;
}

/** `.spec.replicas`; no arrays (a CRD's scale paths may not have them). */
const partsOf = (path: string): string[] => path.split('.').filter((part) => part !== '');

const dropUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
