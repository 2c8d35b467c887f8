/**
 * The end of an update, and of a create, of an object that a webhook converts: it is stored in the storage version, and
 * answered as it comes back from there, as kube-apiserver does (etcd3 `store.go`, `dryrun.go`).
 */
import type { KubeObject } from '../../kube/object.ts';
import type { Converted } from '../conversion/converted-entries.ts';
import type { AdmissionRequest, HubCore, Target, Written } from '../core.ts';
import type { FoundEntry } from '../object-io.ts';
import { commitAdmitted } from './admit.ts';
import { mayBeRemoved } from './may-be-removed.ts';

/** Throws ApiError 500 where the object cannot be converted, be it only back. */
export async function storeConverted(
  core: HubCore,
  request: AdmissionRequest,
  entry: FoundEntry,
  warnings: readonly string[],
): Promise<Written | 'lost race'> {
  const { target, object, options } = request;
  const plain = await plainBytes(core, target, object);
  const written = async (revision: bigint): Promise<Written> => ({
    object: await comeBack(core, target, plain, entry.key, revision),
    stored: undefined,
    created: false,
    warnings,
  });
  const { storageMark } = target.definition;
  if (entry.mark === storageMark && plain.equals(entry.original ?? entry.value)) return written(entry.revision);
  const finished = object.metadata.deletionTimestamp !== undefined && mayBeRemoved(object);
  const result = await commitAdmitted(core, request, [
    { key: entry.key, value: finished ? undefined : core.objects.seal(target, plain), expected: entry.revision },
  ]);
  if (options.dryRun) return written(entry.revision);
  return result.ok ? written(result.revision) : 'lost race';
}

/** What the store is to hold. */
export const plainBytes = (core: HubCore, { definition, workspace }: Target, object: KubeObject): Promise<Buffer> =>
  core.objects.converter.stored(definition as Converted, workspace, object);

/** What was stored, as a reader in the request's version is shown it. `revision` 0n: it was not. */
export async function comeBack(
  core: HubCore,
  { definition }: Target,
  plain: Buffer,
  key: string,
  revision: bigint,
): Promise<KubeObject> {
  const { conversion } = definition as Converted;
  const entry = { key, value: plain, revision, mark: conversion.storage };
  const [shown = entry] = await core.objects.converter.shown(definition as Converted, [entry], false);
  const object = core.objects.decode(definition, shown);
  if (revision === 0n) delete object.metadata.resourceVersion;
  return object;
}
