/** What a hub object says of its own placement: labels, annotations and finalizers in kcp's conventions, read. */
import type { KubeObject } from '../../kube/object.ts';
import {
  DELETION_ANNOTATION_PREFIX,
  SPEC_DIFF_ANNOTATION_PREFIX,
  STATE_LABEL_PREFIX,
  SYNCER_FINALIZER_PREFIX,
} from './workload.ts';

/** Keys of the targets that hold the object or are about to: by label or by finalizer, those being left included. */
export function heldTargets({ metadata }: KubeObject): ReadonlySet<string> {
  return new Set([
    ...suffixes(Object.keys(metadata.labels ?? {}), STATE_LABEL_PREFIX),
    ...suffixes(metadata.finalizers ?? [], SYNCER_FINALIZER_PREFIX),
  ]);
}

/** Where the object is meant to be now: key → replicas. Targets being left are not in it. */
export function currentPlacement(object: KubeObject): ReadonlyMap<string, number | undefined> {
  const { labels = {}, annotations = {} } = object.metadata;
  const current = new Map<string, number | undefined>();
  for (const key of suffixes(Object.keys(labels), STATE_LABEL_PREFIX)) {
    if (labels[STATE_LABEL_PREFIX + key] !== 'Sync' || annotations[DELETION_ANNOTATION_PREFIX + key]) continue;
    current.set(key, diffReplicas(annotations[SPEC_DIFF_ANNOTATION_PREFIX + key]));
  }
  return current;
}

/** What stands behind the prefix, of the names that have it. */
export const suffixes = (names: readonly string[], prefix: string): string[] =>
  names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));

function diffReplicas(diff: string | undefined): number | undefined {
  if (diff === undefined) return undefined;
  try {
    const operations: unknown = JSON.parse(diff);
    const replicas = Array.isArray(operations)
      ? operations.find((step) => step?.path === '/replicas')?.value
      : undefined;
    return Number.isInteger(replicas) && replicas >= 0 ? replicas : undefined;
  } catch {
    return undefined;
  }
}
