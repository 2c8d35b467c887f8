/**
 * The scale subresource: a Scale is made of the object, written to like any kind, and its replicas go back into the object,
 * with who owns them (registry/apps/…/storage `ScaleREST`, apiextensions `customresource/etcd.go`).
 */
import { invalidValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import { badRequest, conflict, internalError, invalid, notFound } from '../../kube/status.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import type { HubCore, Target, WriteOptions, Written } from '../core.ts';
import { fromScaleManagers, toScaleManagers } from '../patch/scale-managers.ts';
import { serverSideApply } from '../patch/server-side-apply.ts';
import { applyType, recordManager } from './field-managers.ts';
import { type ApplyOptions, type PatchDocument, patchedObject } from './patch.ts';
import { type Refuse, refuseBody } from './refusal.ts';
import { getPath, replicasPaths, type Scale, scaleDefinition, scalePaths, setPath, toScale } from './scale-object.ts';
import { type ShapeOptions, shape } from './shape.ts';
import { asObject, matchUrl } from './type-check.ts';
import { updateObject } from './update.ts';

/** The Scale of a stored object. */
export async function readScale(core: HubCore, target: Target): Promise<KubeObject> {
  const entry = await core.objects.read(target);
  if (entry === undefined) throw notFound(target.definition.info, target.name);
  const object = core.objects.decode(target.definition, entry);
  const { specReplicasPath } = scalePaths(target);
  if (target.definition.custom && getPath(object, specReplicasPath) === undefined)
    throw internalError(`the spec replicas field "${specReplicasPath}" does not exist`);
  return toScale(target, object);
}

/** Takes what asObject takes. Throws ApiError. */
export function replaceScale(core: HubCore, target: Target, given: unknown, options: WriteOptions): Promise<Written> {
  const scale = scaleTarget(target);
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);
  const refuse = target.definition.custom ? refuseUnknownScale : refuseBody(scale.definition.info);
  const body = asObject(scale.definition, given, refuse);
  const replacement = shape(scale.definition, body, { ...options, warn, refuse });
  matchUrl(scale, replacement);
  return writeScale(core, target, options, (present, shaping) => {
    warnings.forEach(shaping.warn);
    const next = structuredClone(replacement);
    recordManager(core, scale, present, next, options);
    return next;
  });
}

export const patchScale = (
  core: HubCore,
  target: Target,
  patch: PatchDocument,
  options: WriteOptions,
): Promise<Written> =>
  writeScale(core, target, options, (present, shaping) => {
    const scale = scaleTarget(target);
    const next = patchedObject(scale.definition, present, patch, shaping);
    matchUrl(scale, next);
    recordManager(core, scale, present, next, options);
    return next;
  });

export const applyScale = (
  core: HubCore,
  target: Target,
  applied: KubeObject,
  options: ApplyOptions,
): Promise<Written> =>
  writeScale(core, target, options, (live, shaping) => {
    const scale = scaleTarget(target);
    matchUrl(scale, structuredClone(applied));
    const { object } = serverSideApply({
      type: applyType(scale),
      manager: options.fieldManager,
      subresource: target.subresource,
      now: rfc3339(core.clock.now()),
      live,
      applied,
      force: options.force,
    });
    return shape(scale.definition, structuredClone(object), shaping);
  });

export const scaleTarget = (target: Target): Target => ({
  ...target,
  definition: scaleDefinition(target.definition.info),
});

/** Upstream's server of custom resources does not know Scale where it words a refusal. */
const refuseUnknownScale: Refuse = () =>
  badRequest('no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"');

/** What a custom resource without replicas has in the Scale that is written to: no valid number. */
const UNSET = -2_147_483_648;

type ScaleChange = (present: Scale, shaping: ShapeOptions) => KubeObject;

function writeScale(core: HubCore, target: Target, options: WriteOptions, change: ScaleChange): Promise<Written> {
  const { specReplicasPath } = scalePaths(target);
  const paths = replicasPaths(target);
  const { custom, info } = target.definition;
  return updateObject(
    core,
    target,
    (object, warn) => {
      const present = toScale(target, object);
      if (custom && getPath(object, specReplicasPath) === undefined) present.spec = { replicas: UNSET };
      const managedFields = toScaleManagers(object.metadata.managedFields, paths);
      if (managedFields !== undefined) present.metadata.managedFields = managedFields;
      const scale = change(present, { ...options, warn }) as Scale;
      checkScale(target, object, scale);
      setPath(object, specReplicasPath, scale.spec?.replicas ?? 0);
      if (scale.metadata.resourceVersion !== undefined || !custom) setVersion(object, scale.metadata.resourceVersion);
      const managers = fromScaleManagers(
        object.metadata.managedFields,
        scale.metadata.managedFields,
        apiVersionOf(info),
        paths,
      );
      if (managers === undefined) delete object.metadata.managedFields;
      else object.metadata.managedFields = managers;
      return object;
    },
    options,
    { managersRecorded: true },
  ).then((written) => ({ ...written, stored: undefined, object: toScale(target, written.object) }));
}

function setVersion({ metadata }: KubeObject, version: string | undefined): void {
  if (version === undefined) delete metadata.resourceVersion;
  else metadata.resourceVersion = version;
}

function checkScale({ definition, name }: Target, parent: KubeObject, { spec, metadata }: Scale): void {
  const replicas = spec?.replicas ?? 0;
  if (definition.custom) {
    const { specReplicasPath } = definition.scale as NonNullable<typeof definition.scale>;
    if (replicas === UNSET) throw badRequest(`the spec replicas field "${specReplicasPath}" cannot be empty`);
    if (replicas < 0)
      throw invalid(definition.info, name, [
        invalidValue(specReplicasPath, replicas, 'should be a non-negative integer'),
      ]);
    return;
  }
  if (replicas < 0)
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  const uid = metadata.uid ?? '';
  if (uid !== '' && uid !== parent.metadata.uid)
    throw conflict(
      { ...definition.info, resource: `${definition.info.resource}/scale` },
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${parent.metadata.uid}`,
    );
}
