/** A decision as the merge patch that writes it on the hub object, in kcp's conventions. Pure. */

import { suffixes } from '../hub/kinds/placed-object.ts';
import {
  DELETION_ANNOTATION_PREFIX,
  MOVED_AT_ANNOTATION,
  SPEC_DIFF_ANNOTATION_PREFIX,
  STATE_LABEL_PREFIX,
  SYNCER_FINALIZER_PREFIX,
} from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import type { PlacementTarget } from './model.ts';

export interface MetadataPatch {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly annotations?: Readonly<Record<string, string | null>>;
    readonly finalizers?: readonly string[];
  };
}

/**
 * What must change on the object for the decision to stand on it; undefined when it does. A target that is left gets a
 * deletion annotation and keeps label and finalizer until its syncer has seen the copy gone.
 * @param now RFC 3339
 * @param rebalances its policy moves work: when it got another target is noted
 */
export function placementPatch(
  object: KubeObject,
  targets: readonly PlacementTarget[],
  now: string,
  rebalances = false,
): MetadataPatch | undefined {
  const { labels = {}, annotations = {}, finalizers = [], resourceVersion } = object.metadata;
  const wanted = new Map(targets.map((target) => [target.key, target]));
  const kept = finalizers.filter((finalizer) => finalizer.startsWith(SYNCER_FINALIZER_PREFIX));
  const missing = [...wanted.keys()].map((key) => SYNCER_FINALIZER_PREFIX + key).filter((name) => !kept.includes(name));
  const leaving = suffixes(kept, SYNCER_FINALIZER_PREFIX).filter((key) => !wanted.has(key));

  const stateLabels = entries([...wanted.keys(), ...leaving], STATE_LABEL_PREFIX, () => 'Sync');
  const diffs = entries([...wanted.keys(), ...leaving], SPEC_DIFF_ANNOTATION_PREFIX, (key) =>
    wanted.has(key) ? specDiff(wanted.get(key)) : annotations[SPEC_DIFF_ANNOTATION_PREFIX + key],
  );
  const deletions = entries(
    leaving,
    DELETION_ANNOTATION_PREFIX,
    (key) => annotations[DELETION_ANNOTATION_PREFIX + key] ?? now,
  );
  const labelChanges = changes(labels, stateLabels, [STATE_LABEL_PREFIX]);
  const moved = rebalances && missing.length > 0 ? new Map([[MOVED_AT_ANNOTATION, now]]) : new Map<string, string>();
  const annotationChanges = changes(annotations, new Map([...diffs, ...deletions, ...moved]), [
    SPEC_DIFF_ANNOTATION_PREFIX,
    DELETION_ANNOTATION_PREFIX,
  ]);
  if (labelChanges === undefined && annotationChanges === undefined && missing.length === 0) return undefined;
  return {
    metadata: {
      // Labels and annotations merge; a list is replaced whole, so it must be the one that was read.
      ...(resourceVersion === undefined || missing.length === 0 ? {} : { resourceVersion }),
      ...(labelChanges === undefined ? {} : { labels: labelChanges }),
      ...(annotationChanges === undefined ? {} : { annotations: annotationChanges }),
      ...(missing.length === 0 ? {} : { finalizers: [...finalizers, ...missing] }),
    },
  };
}

/** RFC 6902 rooted at `.spec`. `add` replaces a present member, so it also serves where the author left replicas out. */
function specDiff(target: PlacementTarget | undefined): string | undefined {
  const { replicas, patch = [] } = target ?? {};
  const share = replicas === undefined ? [] : [{ op: 'add', path: '/replicas', value: replicas }];
  return share.length + patch.length === 0 ? undefined : JSON.stringify([...share, ...patch]);
}

function entries(
  keys: readonly string[],
  prefix: string,
  wantedValue: (key: string) => string | undefined,
): Map<string, string> {
  const map = new Map<string, string>();
  for (const key of keys) {
    const value = wantedValue(key);
    if (value !== undefined) map.set(prefix + key, value);
  }
  return map;
}

/** Whatever else stands under our prefixes, put there by hand, is removed. */
function changes(
  present: Readonly<Record<string, string>>,
  wanted: ReadonlyMap<string, string>,
  prefixes: readonly string[],
): Record<string, string | null> | undefined {
  const changed: [string, string | null][] = [...wanted].filter(([name, value]) => present[name] !== value);
  for (const name of Object.keys(present))
    if (!wanted.has(name) && prefixes.some((prefix) => name.startsWith(prefix))) changed.push([name, null]);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}
