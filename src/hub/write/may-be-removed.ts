/** Does anything still hold an object that is being deleted? */
import type { KubeObject } from '../../kube/object.ts';

/** The last finalizer gone from an object whose deletion waits for nothing else. */
export const mayBeRemoved = (object: KubeObject): boolean =>
  (object.metadata.finalizers ?? []).length === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  ((object.spec as { finalizers?: unknown[] } | undefined)?.finalizers ?? []).length === 0;
