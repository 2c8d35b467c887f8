/** Copy, mutate, commit once: a reconciler changes a draft, and only what differs is written (kcp `reconciler/committer`). */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../kube/object.ts';

/** Writes the whole object, or its status alone; answers the object as stored. Throws ApiError 409 when it is stale. */
export type WriteObject<T extends KubeObject> = (object: T, subresource?: 'status') => Promise<T>;

/**
 * Applies `mutate` to a copy of `before` and writes the difference: metadata and spec first, then status on top of the
 * version that came back. Nothing is written when nothing changed.
 * @returns the object as it now stands
 */
export async function commit<T extends KubeObject>(
  write: WriteObject<T>,
  before: T,
  mutate: (draft: T) => void,
): Promise<T> {
  const draft = structuredClone(before);
  mutate(draft);
  const { status: statusBefore, ...restBefore } = before;
  const { status, ...rest } = draft;
  let stored = before;
  if (!isDeepStrictEqual(restBefore, rest))
    stored = await write((statusBefore === undefined ? rest : { ...rest, status: statusBefore }) as T);
  if (isDeepStrictEqual(statusBefore, status)) return stored;
  return write({ ...stored, status } as T, 'status');
}
