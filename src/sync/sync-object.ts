/**
 * One object and one cluster: what should be there is compared with what is, one step is taken, and what was seen is
 * reported. Reads the present each time; every step may be repeated.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CachedObject, Reflector } from '../clusters/reflector.ts';
import type { HubClient } from '../hub/client.ts';
import { givenReport } from '../hub/kinds/given-spec.ts';
import { currentPlacement, heldTargets } from '../hub/kinds/placed-object.ts';
import {
  APPLIED_HASH_ANNOTATION,
  COPY_LABEL,
  COPY_UID_ANNOTATION,
  DELETION_ANNOTATION_PREFIX,
  GIVEN_SPEC_ANNOTATION_PREFIX,
  STATUS_ANNOTATION_PREFIX,
  SYNC_CONFLICT_ANNOTATION_PREFIX,
  SYNC_ERROR_ANNOTATION_PREFIX,
} from '../hub/kinds/workload.ts';
import { type ObjectId, parseObjectId } from '../hub/object-id.ts';
import { NAMESPACE_LOCATOR_ANNOTATION, parseLocator } from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';
import { apiVersionOf, groupResourceName, type ResourceInfo } from '../kube/resource.ts';
import type { ReconcileResult } from '../reconcile/queue.ts';
import { TransformError } from './apply-transforms.ts';
import { namespaceIn, type TargetIdentity } from './downstream-namespace.ts';
import { contentDigest, covers } from './drift.ts';
import type { DriftRule } from './drift-rule.ts';
import { annotate, release } from './hub-writer.ts';
import { placementIsCurrent, statusReport } from './status-report.ts';
import { type Propagation, SyncConflict, SyncProblem, type TargetApi } from './target-api.ts';
import type { TargetNamespaces } from './target-namespaces.ts';
import { type DesiredCopy, type TransformDraft, toDownstream } from './transform.ts';

/** What the syncer remembers of its last look at a copy; lost at a restart and found again. */
export interface AppliedCopy {
  readonly hash: string;
  /** Version of the copy that was last found good. */
  resourceVersion: bigint;
  digest: string;
}

export interface SyncContext {
  readonly target: TargetIdentity;
  readonly hub: HubClient;
  readonly api: TargetApi;
  readonly namespaces: TargetNamespaces;
  readonly hubObject: (id: string) => KubeObject | undefined;
  /** False while the object's kind has not been read from the hub. */
  readonly hubKnows: (id: string) => boolean;
  /** The resource as the cluster serves it, in the version if one is given; undefined when it does not. */
  readonly served: (resource: ObjectId['resource'], apiVersion?: string) => ResourceInfo | undefined;
  /** Synced. Throws ClusterError when the cluster cannot be read. */
  readonly reflector: (resource: ResourceInfo) => Promise<Reflector>;
  readonly applied: Map<string, AppliedCopy>;
  /** Objects that lost this target without a word from placement, and when that was first seen (milliseconds). */
  readonly unexplained: Map<string, number>;
  readonly now: () => number;
  /** What the workspace's ResourceTransforms do to the object's copy here; undefined: nothing. */
  readonly transformOf: (id: string, hubObject: KubeObject) => TransformDraft | undefined;
  /** Why the cluster does not take the object; undefined: it does. */
  readonly refusal: (id: string, hubObject: KubeObject) => string | undefined;
  readonly onDrift: (id: string, hubObject: KubeObject) => DriftRule;
  readonly count: (operation: 'apply' | 'delete' | 'status', resource: string) => void;
}

/** A PUT of a manifest strips placement's labels; this long it has to put them back before the copy is taken for a stray. */
const UNEXPLAINED_MS = 5_000;
/** How soon a copy that is on its way out is looked at again, should its event be missed. */
const PENDING_MS = 5_000;

/** Throws SyncProblem for what the cluster refuses, ClusterError when it cannot be reached, ApiError from the hub. */
export async function syncObject(context: SyncContext, id: string): Promise<ReconcileResult | undefined> {
  // Absent is only what a complete copy of the hub's kind does not have.
  if (!context.hubKnows(id)) return { requeueAfterMs: PENDING_MS };
  const hubObject = context.hubObject(id);
  const { key } = context.target;
  if (hubObject !== undefined && isWanted(hubObject, key)) {
    context.unexplained.delete(id);
    return applyCopy(context, id, hubObject);
  }
  if (hubObject !== undefined && !isLeaving(hubObject, key)) {
    const since = context.unexplained.get(id) ?? context.now();
    context.unexplained.set(id, since);
    const left = since + UNEXPLAINED_MS - context.now();
    if (left > 0) return { requeueAfterMs: left };
  }
  const gone = await removeCopy(context, id, hubObject);
  if (!gone) return { requeueAfterMs: PENDING_MS };
  context.applied.delete(id);
  context.unexplained.delete(id);
  if (hubObject !== undefined && heldTargets(hubObject).has(key)) await release(context.hub, id, key);
  return undefined;
}

const isWanted = (hubObject: KubeObject, key: string): boolean =>
  hubObject.metadata.deletionTimestamp === undefined && currentPlacement(hubObject).has(key);

/** By placement's word, or because the object itself goes. */
const isLeaving = ({ metadata }: KubeObject, key: string): boolean =>
  metadata.deletionTimestamp !== undefined || metadata.annotations?.[DELETION_ANNOTATION_PREFIX + key] !== undefined;

async function applyCopy(
  context: SyncContext,
  id: string,
  hubObject: KubeObject,
): Promise<ReconcileResult | undefined> {
  const { target, api, namespaces } = context;
  const { resource: groupResource, workspace, namespace, name } = parseObjectId(id);
  const refusal = context.refusal(id, hubObject);
  if (refusal !== undefined)
    throw new SyncProblem(422, 'NotTaken', `${target.clusterName}: ${refusal} (spec.sync of its ClusterRegistration)`);
  const resource = context.served(groupResource, hubObject.apiVersion);
  if (resource === undefined)
    throw new SyncProblem(
      404,
      'NotServed',
      `${target.clusterName} does not serve ${groupResourceName(groupResource)} in ${hubObject.apiVersion}`,
    );
  const reflector = await context.reflector(resource);
  const cached = reflector.get(namespaceIn(target, workspace, namespace), name);
  if (cached !== undefined && !isCopyOf(context, cached, id, hubObject)) refuseForeign(target, resource, cached);
  const stale = cached !== undefined && replaces(cached, hubObject);
  if (stale || cached?.object().metadata.deletionTimestamp !== undefined) {
    // Another life of the object, or a copy that someone deleted: it must be gone before it is made anew.
    if (stale) await api.remove(resource, cached.namespace, name, cached.uid);
    return { requeueAfterMs: PENDING_MS };
  }
  await namespaces.ensure(workspace, namespace);
  const desired = desiredCopy(context, id, hubObject);
  const rule = context.onDrift(id, hubObject);
  if (inEffect(context, id, desired, cached, rule)) {
    if (cached !== undefined) await report(context, id, hubObject, desired, cached.object());
    return undefined;
  }
  try {
    const live = await apply(context, id, resource, desired, rule);
    await report(context, id, hubObject, desired, live);
  } catch (error) {
    // The copy stays as it is, and so what it does is still to be told.
    if (error instanceof SyncConflict && cached !== undefined)
      await report(context, id, hubObject, desired, cached.object(), error);
    throw error;
  }
  return undefined;
}

function desiredCopy({ target, transformOf }: SyncContext, id: string, hubObject: KubeObject): DesiredCopy {
  try {
    return toDownstream(target, parseObjectId(id).workspace, hubObject, transformOf(id, hubObject));
  } catch (error) {
    if (error instanceof TransformError) throw new SyncProblem(422, 'InvalidTransform', error.message);
    throw new SyncProblem(422, 'InvalidSpecDiff', error instanceof Error ? error.message : String(error));
  }
}

async function apply(
  context: SyncContext,
  id: string,
  resource: ResourceInfo,
  desired: DesiredCopy,
  rule: DriftRule,
): Promise<KubeObject> {
  const live = await context.api.apply(resource, desired.object, rule !== 'ask');
  context.count('apply', groupResourceName(resource));
  context.applied.set(id, {
    hash: desired.hash,
    resourceVersion: BigInt(live.metadata.resourceVersion ?? '0'),
    digest: contentDigest(live, live.metadata.labels ?? {}),
  });
  return live;
}

/** True when nothing needs to be applied: the cluster holds what is wanted, as far as this process can know. */
function inEffect(
  context: SyncContext,
  id: string,
  desired: DesiredCopy,
  cached: CachedObject | undefined,
  rule: DriftRule,
): boolean {
  const known = context.applied.get(id);
  // The cache has not seen our last write yet: what was written counts.
  if (known !== undefined && (cached === undefined || cached.resourceVersion <= known.resourceVersion))
    return known.hash === desired.hash;
  if (cached === undefined) return false;
  const live = cached.object();
  if (live.metadata.annotations?.[APPLIED_HASH_ANNOTATION] !== desired.hash) return false;
  const digest = contentDigest(live, cached.labels);
  const good = known?.digest === digest || holds(desired.object, live, cached);
  // What is only let stand is looked at again each time: the rule may change.
  if (!good) return rule === 'keep';
  context.applied.set(id, { hash: desired.hash, resourceVersion: cached.resourceVersion, digest });
  return true;
}

/** Namespace and resource version of a cached object may be shown in the view's terms: they are not compared. */
function holds({ metadata, ...content }: KubeObject, live: KubeObject, cached: CachedObject): boolean {
  return (
    covers(content, live) &&
    covers(metadata.labels, cached.labels) &&
    covers(metadata.annotations, live.metadata.annotations)
  );
}

async function report(
  context: SyncContext,
  id: string,
  hubObject: KubeObject,
  desired: DesiredCopy,
  live: KubeObject,
  problem?: SyncProblem,
): Promise<void> {
  const { key, clusterName } = context.target;
  const name = STATUS_ANNOTATION_PREFIX + key;
  const previous = hubObject.metadata.annotations?.[name];
  // Between a change of replicas and its division, what was applied is not yet what the new generation asks for.
  const settled =
    live.metadata.annotations?.[APPLIED_HASH_ANNOTATION] === desired.hash && placementIsCurrent(hubObject);
  const status = statusReport(hubObject, live, settled, previous);
  if (status !== previous && status !== undefined) context.count('status', parseObjectId(id).resource.resource);
  await annotate(context.hub, id, hubObject, {
    ...(status === undefined ? {} : { [name]: status }),
    [GIVEN_SPEC_ANNOTATION_PREFIX + key]: givenReport(live, clusterName),
    ...problemAnnotations(key, problem),
  });
}

/** What a hub object says of a target that cannot hold it as it should be; undefined: it does. */
export const problemAnnotations = (key: string, problem: Error | undefined): Record<string, string | undefined> => ({
  [SYNC_ERROR_ANNOTATION_PREFIX + key]: problem?.message,
  [SYNC_CONFLICT_ANNOTATION_PREFIX + key]: problem instanceof SyncConflict ? problem.message : undefined,
});

/** Resolves true when the cluster confirms that the copy is gone. What is not our copy is left alone. */
async function removeCopy(context: SyncContext, id: string, hubObject: KubeObject | undefined): Promise<boolean> {
  const { target, api } = context;
  const { resource: groupResource, workspace, namespace, name } = parseObjectId(id);
  const resource = (hubObject && context.served(groupResource, hubObject.apiVersion)) ?? context.served(groupResource);
  if (resource === undefined) return true;
  const copyNamespace = namespaceIn(target, workspace, namespace);
  const reflector = await context.reflector(resource);
  const cached = reflector.get(copyNamespace, name);
  if (cached !== undefined && !isCopyOf(context, cached, id, hubObject)) return true;
  if (isAdopted(id)) return letGo(context, resource, copyNamespace, name);
  const uid = cached?.uid ?? (await liveCopyUid(context, id, hubObject, resource, copyNamespace));
  if (uid === undefined) return true;
  context.count('delete', groupResourceName(resource));
  return (await api.remove(resource, copyNamespace, name, uid, propagationOf(hubObject))) === 'gone';
}

/** As whoever deleted the object asked: the hub keeps its finalizer for that until the copies are gone. */
function propagationOf(hubObject: KubeObject | undefined): Propagation {
  const { deletionTimestamp, finalizers = [] } = hubObject?.metadata ?? {};
  if (deletionTimestamp === undefined) return 'Background';
  if (finalizers.includes('orphan')) return 'Orphan';
  return finalizers.includes('foregroundDeletion') ? 'Foreground' : 'Background';
}

/** An adopted object stays: applying nothing takes back what was applied. */
async function letGo({ api }: SyncContext, resource: ResourceInfo, namespace: string, name: string): Promise<true> {
  if ((await api.get(resource, namespace, name)) !== undefined)
    await api.apply(resource, {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name, namespace },
    });
  return true;
}

/** The cache may be behind a write of ours: the cluster itself is asked before an object counts as gone. */
async function liveCopyUid(
  { target, api }: SyncContext,
  id: string,
  hubObject: KubeObject | undefined,
  resource: ResourceInfo,
  namespace: string,
): Promise<string | undefined> {
  if (hubObject === undefined) return undefined;
  const live = await api.get(resource, namespace, parseObjectId(id).name);
  return live?.metadata.labels?.[COPY_LABEL] === target.key ? live.metadata.uid : undefined;
}

/** Kinds of which every cluster makes one in each namespace: the copy is applied on top. */
const ADOPTED: ReadonlySet<string> = new Set(['serviceaccounts/default']);
const isAdopted = (id: string): boolean => {
  const { resource, name } = parseObjectId(id);
  return ADOPTED.has(`${groupResourceName(resource)}/${name}`);
};

function isCopyOf(
  { target }: SyncContext,
  cached: CachedObject,
  id: string,
  hubObject: KubeObject | undefined,
): boolean {
  const { workspace, namespace } = parseObjectId(id);
  if (cached.labels[COPY_LABEL] !== target.key) return hubObject !== undefined && isAdopted(id);
  if (namespace !== '' && target.namespaceMapping === 'Hashed') return true;
  const locator = parseLocator(cached.object().metadata.annotations?.[NAMESPACE_LOCATOR_ANNOTATION]);
  return isDeepStrictEqual([locator?.workspace, locator?.syncTarget.uid], [workspace, target.uid]);
}

/** The copy is of an object that had this name before. */
function replaces(cached: CachedObject, hubObject: KubeObject): boolean {
  const copied = cached.object().metadata.annotations?.[COPY_UID_ANNOTATION];
  return copied !== undefined && copied !== hubObject.metadata.uid;
}

function refuseForeign({ clusterName }: TargetIdentity, resource: ResourceInfo, { name }: CachedObject): never {
  throw new SyncProblem(
    409,
    'NameTaken',
    `${clusterName} already has ${groupResourceName(resource)} "${name}" (${apiVersionOf(resource)}) that is not a copy; it is left alone`,
  );
}
