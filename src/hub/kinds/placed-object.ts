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
  const held = [
    ...suffixes(Object.keys(metadata.labels ?? {}), STATE_LABEL_PREFIX),
    ...suffixes(metadata.finalizers ?? [], SYNCER_FINALIZER_PREFIX),
  ];
  return held.length === 0 ? NOWHERE : new Set(held);
}

/** One for all that are placed nowhere: most objects of a large hub. */
const NOWHERE: ReadonlySet<string> = new Set();

/** Where the object is meant to be now: key → replicas. Targets being left are not in it. */
export function currentPlacement(object: KubeObject): ReadonlyMap<string, number | undefined> {
  const { labels = {}, annotations = {} } = object.metadata;
  return new Map(
    placedOn(labels, annotations).map((key) => [key, diffReplicas(annotations[SPEC_DIFF_ANNOTATION_PREFIX + key])]),
  );
}

/** Keys of the targets that an object with these labels and annotations is meant to be on. */
export const placedOn = (
  labels: Readonly<Record<string, unknown>>,
  annotations: Readonly<Record<string, unknown>>,
): string[] =>
  suffixes(Object.keys(labels), STATE_LABEL_PREFIX).filter(
    (key) => labels[STATE_LABEL_PREFIX + key] === 'Sync' && !annotations[DELETION_ANNOTATION_PREFIX + key],
  );

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
