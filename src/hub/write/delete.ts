/**
 * DELETE. An object goes at once when nothing holds it; finalizers (its own, or those that a propagation policy adds)
 * and a pod's grace period keep it, marked, until the last holder lets go (registry/generic/registry/store.go).
 */
import type { KubeObject } from '../../kube/object.ts';
import { type GroupVersionKind, groupResourceName } from '../../kube/resource.ts';
import { ApiError, badRequest, conflict, MODIFIED, notFound, withWarnings } from '../../kube/status.ts';
import { rfc3339 } from '../../reconcile/clock.ts';
import { ORPHAN_BY_DEFAULT } from '../catalog/kind-rules.ts';
import { isConverted } from '../conversion/converted-entries.ts';
import { asReadError } from '../conversion/undecodable.ts';
import type { AdmissionRequest, HubCore, Target, WriteOptions } from '../core.ts';
import type { FoundEntry } from '../object-io.ts';
import { mutate, validateAdmission } from './admit.ts';
import { plainBytes } from './store-converted.ts';

export interface DeleteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export interface Deleted {
  /** The object as it last was, or as it is now, marked. */
  readonly object: KubeObject;
  /** False: finalizers or grace keep it. */
  readonly gone: boolean;
  readonly warnings: readonly string[];
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const ATTEMPTS = 10;

/** How long a pod may take to stop; undefined for kinds that go at once. */
export type GracePeriod = (target: Target, object: KubeObject) => number | undefined;

export async function deleteObject(
  core: HubCore,
  target: Target,
  wanted: DeleteOptions,
  options: WriteOptions,
  gracePeriod: GracePeriod,
): Promise<Deleted> {
  if (wanted.propagationPolicy !== undefined && !POLICIES.has(wanted.propagationPolicy))
    throw badRequest(`invalid propagationPolicy: ${wanted.propagationPolicy}`);
  for (let attempt = 1; ; attempt++) {
    const entry = await core.objects.read(target).catch((error: unknown) => {
      throw asReadError(error);
    });
    if (entry === undefined) throw notFound(target.definition.info, target.name);
    const old = core.objects.decode(target.definition, entry);
    checkPreconditions(target.definition.info, target.name, old.metadata, wanted);
    const warnings: string[] = [];
    const policy = wanted.propagationPolicy ?? defaultPolicy(target, old, warnings);
    const request: AdmissionRequest = {
      operation: 'delete',
      target,
      object: old,
      old,
      options,
      warn: (text) => warnings.push(text),
    };
    await admitDelete(core, request).catch((error: unknown) => {
      throw withWarnings(error, warnings);
    });
    const marked = markDeleted(
      core,
      target,
      old,
      { ...wanted, ...(policy === undefined ? {} : { propagationPolicy: policy }) },
      gracePeriod,
    );
    const stored = await storeDelete(core, target, entry, old, marked, options);
    if (stored !== undefined) return { object: stored, gone: marked === undefined, warnings };
    if (attempt === ATTEMPTS) throw conflict(target.definition.info, target.name, MODIFIED);
  }
}

async function admitDelete(core: HubCore, request: AdmissionRequest): Promise<void> {
  await mutate(core, request);
  await validateAdmission(core, request);
}

/** Where the request names none. A finalizer that is already there says what its setter wanted. */
function defaultPolicy(
  target: Target,
  { metadata }: KubeObject,
  warnings: string[],
): DeleteOptions['propagationPolicy'] {
  const name = groupResourceName(target.definition.info);
  const decided = metadata.finalizers?.some((one) => one === ORPHAN || one === FOREGROUND) ?? false;
  if (decided || !Object.hasOwn(ORPHAN_BY_DEFAULT, name)) return undefined;
  const warning = ORPHAN_BY_DEFAULT[name];
  if (warning !== undefined) warnings.push(warning);
  return 'Orphan';
}

const POLICIES = new Set(['Background', 'Foreground', 'Orphan']);

/**
 * Throws ApiError 409 where the object is not the one, or not as it was, that was to be deleted.
 * @param name as the client called it
 */
export function checkPreconditions(
  info: GroupVersionKind,
  name: string,
  { uid, resourceVersion }: Pick<KubeObject['metadata'], 'uid' | 'resourceVersion'>,
  wanted: Pick<DeleteOptions, 'uid' | 'resourceVersion'>,
): void {
  // Upstream puts the Kind where a resource belongs.
  const fail = (why: string) => {
    const qualified = info.group === '' ? info.kind : `${info.kind}.${info.group}`;
    throw new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified} "${name}": ${why}`, {
      name,
      ...(info.group ? { group: info.group } : {}),
      kind: info.kind,
    });
  };
  if (wanted.uid !== undefined && wanted.uid !== uid)
    fail(
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
    fail(
      `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
}

/** The object with its deletion recorded; undefined when nothing holds it. */
function markDeleted(
  core: HubCore,
  target: Target,
  old: KubeObject,
  wanted: DeleteOptions,
  gracePeriod: GracePeriod,
): KubeObject | undefined {
  const finalizers = finalizersFor(old, wanted.propagationPolicy);
  const { deletionFinalizer, onDeletion } = target.definition;
  const first = old.metadata.deletionTimestamp === undefined;
  if (deletionFinalizer !== undefined && first && !finalizers.includes(deletionFinalizer))
    finalizers.push(deletionFinalizer);
  const grace = graceFor(target, old, wanted, gracePeriod);
  const held = finalizers.length > 0 || specFinalizers(old).length > 0 || grace > 0;
  if (!held) return undefined;
  const object = structuredClone(old);
  const { metadata } = object;
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = rfc3339(core.clock.now() + grace * 1_000);
    // Namespaces and definitions are marked by code of their own upstream, which sets the time alone.
    if (onDeletion === undefined) {
      if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
      metadata.deletionGracePeriodSeconds = grace;
    }
  } else if (grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    metadata.deletionGracePeriodSeconds = grace;
    metadata.deletionTimestamp = rfc3339(core.clock.now() + grace * 1_000);
  }
  if (first) onDeletion?.(object, rfc3339(core.clock.now()));
  return object;
}

const specFinalizers = (object: KubeObject): readonly unknown[] => {
  const spec = object.spec as { finalizers?: unknown[] } | undefined;
  return object.kind === 'Namespace' ? (spec?.finalizers ?? []) : [];
};

/** Orphan and Foreground are finalizers that the garbage collector takes off; naming one policy drops the other. */
function finalizersFor(object: KubeObject, policy: DeleteOptions['propagationPolicy']): string[] {
  const present = object.metadata.finalizers ?? [];
  if (policy === undefined) return [...present];
  const others = present.filter((one) => one !== ORPHAN && one !== FOREGROUND);
  if (policy === 'Orphan') return [...others, ORPHAN];
  return policy === 'Foreground' ? [...others, FOREGROUND] : others;
}

/** Negative asks count as 1 second; a second delete can only shorten. */
function graceFor(target: Target, object: KubeObject, wanted: DeleteOptions, gracePeriod: GracePeriod): number {
  const own = gracePeriod(target, object);
  if (own === undefined) return 0;
  const asked = wanted.gracePeriodSeconds === undefined ? own : wanted.gracePeriodSeconds;
  const seconds = asked < 0 ? 1 : asked;
  const pending = object.metadata.deletionGracePeriodSeconds;
  if (object.metadata.deletionTimestamp === undefined || pending === undefined) return seconds;
  return wanted.gracePeriodSeconds === undefined ? pending : Math.min(seconds, pending);
}

/** What the object is after the write; undefined after a lost race. */
async function storeDelete(
  core: HubCore,
  target: Target,
  entry: FoundEntry,
  old: KubeObject,
  marked: KubeObject | undefined,
  options: WriteOptions,
): Promise<KubeObject | undefined> {
  const value = marked && (await storedBytes(core, target, marked));
  if (options.dryRun || value?.equals(entry.original ?? entry.value)) return marked ?? old;
  const result = await core.store.commit([
    { key: entry.key, value: value && core.objects.seal(target, value), expected: entry.revision },
  ]);
  if (!result.ok) return undefined;
  const object = marked ?? old;
  object.metadata.resourceVersion = String(result.revision);
  return object;
}

const storedBytes = (core: HubCore, target: Target, object: KubeObject): Buffer | Promise<Buffer> =>
  isConverted(target.definition) ? plainBytes(core, target, object) : core.objects.encode(target.definition, object);
