/** PUT, and the tail of PATCH: read → change → prepare → mutate → permit → validate → compare-and-swap, again on a lost race. */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError, conflict, invalid, MODIFIED, notFound, withWarnings } from '../../kube/status.ts';
import { isConverted } from '../conversion/converted-entries.ts';
import type { AdmissionRequest, HubCore, Target, WriteOptions, Written } from '../core.ts';
import type { FoundEntry } from '../object-io.ts';
import { deepEqual } from '../patch/json-value.ts';
import { commitAdmitted, mutate, permit, validateAdmission } from './admit.ts';
import { createObject } from './create.ts';
import { keepUnchangedTimes, recordManager, recordManagerConverted } from './field-managers.ts';
import { mayBeRemoved } from './may-be-removed.ts';
import { countGeneration, prepareForUpdate } from './prepare.ts';
import { shape } from './shape.ts';
import { storeConverted } from './store-converted.ts';
import { matchUrl } from './type-check.ts';
import { upstreamKey } from './upstream-key.ts';
import { validateObject } from './validate-object.ts';

/**
 * Races that a change without a version may lose before it is refused. kube-apiserver's store tries again for as long as
 * the request lives: a patch must not fail because controllers write the same object often.
 */
const ATTEMPTS = 100;

/** Makes the new object, of its kind's shape, from the present one (a private copy); asked again after each lost race. */
export type Change = (old: KubeObject, warn: (text: string) => void) => KubeObject | Promise<KubeObject>;

export interface UpdateRules {
  /** Who manages what is already in the object that `change` made (server-side apply). */
  readonly managersRecorded?: boolean;
  /** A PUT's uid says which object is meant; a patch's is a change like any other. */
  readonly uidIsPrecondition?: boolean;
}

/** Whole-object replacement. Takes a private copy of the body. Throws ApiError. */
export async function replaceObject(
  core: HubCore,
  target: Target,
  given: KubeObject,
  options: WriteOptions,
): Promise<Written> {
  const warnings: string[] = [];
  try {
    return await replace(core, target, given, options, warnings);
  } catch (error) {
    throw withWarnings(error, warnings);
  }
}

async function replace(
  core: HubCore,
  target: Target,
  given: KubeObject,
  options: WriteOptions,
  warnings: string[],
): Promise<Written> {
  const { definition } = target;
  const shaped = shape(definition, given, { ...options, warn: (text) => warnings.push(text) });
  matchUrl(target, shaped);
  if (definition.createOnUpdate && target.subresource === '') {
    const entry = await core.objects.read(target);
    if (entry === undefined) {
      checkUid(target, shaped, undefined, options);
      return createObject(core, { ...target, name: '' }, given, options, { byUpdate: true });
    }
  }
  const change: Change = (_, warn) => {
    warnings.forEach(warn);
    return structuredClone(shaped);
  };
  return updateObject(core, target, change, options, { uidIsPrecondition: true });
}

/** Applies a change to the object that the target names. Throws ApiError. */
export async function updateObject(
  core: HubCore,
  target: Target,
  change: Change,
  options: WriteOptions,
  rules: UpdateRules = {},
): Promise<Written> {
  for (let attempt = 1; ; attempt++) {
    const entry = await core.objects.read(target);
    if (entry === undefined) throw notFound(target.definition.info, target.name);
    const outcome = await tryUpdate(core, target, entry, change, options, rules);
    if (outcome !== 'lost race') return outcome;
    if (attempt >= ATTEMPTS) throw conflict(target.definition.info, target.name, MODIFIED);
  }
}

async function tryUpdate(
  core: HubCore,
  target: Target,
  entry: FoundEntry,
  change: Change,
  options: WriteOptions,
  rules: UpdateRules,
): Promise<Written | 'lost race'> {
  const warnings: string[] = [];
  try {
    return await changeOnce(core, target, entry, change, options, rules, warnings);
  } catch (error) {
    throw withWarnings(error, warnings);
  }
}

async function changeOnce(
  core: HubCore,
  target: Target,
  entry: FoundEntry,
  change: Change,
  options: WriteOptions,
  rules: UpdateRules,
  warnings: string[],
): Promise<Written | 'lost race'> {
  const { definition } = target;
  const old = core.objects.decode(definition, entry);
  const warn = (text: string) => warnings.push(text);
  const object = await change(core.objects.decode(definition, entry), warn);
  if (rules.uidIsPrecondition) checkUid(target, object, old, options);
  checkVersion(target, object, entry.revision, options);
  // Ownership is of what was written: what the server and mutation make of it is nobody's.
  if (!rules.managersRecorded) {
    if (isConverted(definition)) await recordManagerConverted(core, target, old, object, options);
    else recordManager(core, target, old, object, options);
  }
  prepareForUpdate(target, object, old);
  const request: AdmissionRequest = {
    operation: 'update',
    target,
    object,
    old,
    options,
    warn,
  };
  if (await mutate(core, request)) prepareForUpdate(target, object, old);
  await permit(core, request);
  countGeneration(target, object, old);
  object.metadata.resourceVersion = String(entry.revision);
  validateObject(target, object, old);
  if (target.subresource === '') definition.warnings?.(object, old).forEach(warn);
  await validateAdmission(core, request);
  keepUnchangedTimes(object, old);
  return storeUpdate(core, request, entry, old, warnings);
}

async function storeUpdate(
  core: HubCore,
  request: AdmissionRequest,
  entry: FoundEntry,
  old: KubeObject,
  warnings: readonly string[],
): Promise<Written | 'lost race'> {
  const { target, object, options } = request;
  target.definition.forget?.(object);
  if (isConverted(target.definition)) return storeConverted(core, request, entry, warnings);
  const value = core.objects.encode(target.definition, object);
  const written = (revision: bigint): Written => {
    object.metadata.resourceVersion = String(revision);
    return { object, stored: { value, revision }, created: false, warnings };
  };
  // A write that changes nothing is no write: no revision, no event.
  if (entry.mark === target.definition.storageMark && isSame(value, entry.value, object, old))
    return written(entry.revision);
  const finished = object.metadata.deletionTimestamp !== undefined && mayBeRemoved(object);
  const result = await commitAdmitted(core, request, [
    {
      key: entry.key,
      value: finished ? undefined : core.objects.seal(target, value),
      expected: entry.revision,
    },
  ]);
  if (options.dryRun) return { ...written(entry.revision), stored: undefined };
  return result.ok ? written(result.revision) : 'lost race';
}

/** Fields may come in another order than they are stored in. */
const isSame = (value: Buffer, stored: Uint8Array, object: KubeObject, old: KubeObject): boolean =>
  value.equals(stored) || (value.length === stored.length && deepEqual(unversioned(object), unversioned(old)));

const unversioned = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: '' },
});

function checkVersion(target: Target, object: KubeObject, current: bigint, { user }: WriteOptions): void {
  const { definition, name } = target;
  const wanted = object.metadata.resourceVersion ?? '';
  if (wanted === '' || wanted === '0') {
    // Custom resources: neither does a status, but the hub's own controllers need not look first.
    const ofStatus = definition.custom && target.subresource === 'status' && user !== undefined;
    if (definition.unconditionalUpdate === false && (target.subresource === '' || ofStatus))
      // Upstream puts the resource where the kind belongs.
      throw invalid({ group: definition.info.group, kind: definition.info.resource }, name, [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 0: must be specified for an update',
          field: 'metadata.resourceVersion',
        },
      ]);
    return;
  }
  if (!/^[0-9]+$/.test(wanted))
    throw new ApiError(500, '', `strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`);
  if (BigInt(wanted) !== BigInt.asUintN(64, BigInt(wanted)))
    throw new ApiError(500, '', `strconv.ParseUint: parsing ${JSON.stringify(wanted)}: value out of range`);
  if (BigInt(wanted) !== current) throw conflict(definition.info, name, MODIFIED);
}

function checkUid(target: Target, object: KubeObject, old: KubeObject | undefined, { dryRun }: WriteOptions): void {
  const wanted = object.metadata.uid ?? '';
  if (wanted === '' || wanted === old?.metadata.uid) return;
  throw conflict(
    target.definition.info,
    target.name,
    `StorageError: invalid object, Code: 4, Key: ${dryRun ? '' : '/registry'}${upstreamKey(target.definition, target.namespace, target.name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${old?.metadata.uid ?? ''}`,
  );
}
