/** Never evict before the replacement is ready: targets that work is moved away from keep it until the others report it up. Pure. */
import { currentPlacement } from '../hub/kinds/placed-object.ts';
import { STATUS_ANNOTATION_PREFIX } from '../hub/kinds/workload.ts';
import { at, number } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import type { BaseFacts } from './cluster-facts.ts';
import type { PlacementTarget } from './model.ts';

/** Kinds of which two may run at once, and that report how many are ready. */
const MOVABLE: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'ReplicationController']);

/** Two of it may run at once, and it says how many are ready: it can be moved without a gap. */
export const isMovable = ({ kind }: KubeObject): boolean => MOVABLE.has(kind);

/**
 * The targets, and those being left that must still hold the work: they can be reached, and a target that it goes to does
 * not have its replicas ready yet.
 * @param clusters those that the workspace may use; what is not among them is left at once
 */
export function holdUntilReady(
  object: KubeObject,
  targets: readonly PlacementTarget[],
  clusters: readonly BaseFacts[],
): readonly PlacementTarget[] {
  if (!isMovable(object) || targets.length === 0) return targets;
  const wanted = new Set(targets.map(({ key }) => key));
  const current = currentPlacement(object);
  const leaving = clusters.filter(({ key, health }) => current.has(key) && !wanted.has(key) && isUsable(health));
  if (leaving.length === 0 || targets.every((target) => isReady(object, target))) return targets;
  return [...targets, ...leaving.map(({ key, name }) => ({ key, name, replicas: current.get(key), held: true }))];
}

const isUsable = (health: BaseFacts['health']): boolean => health === 'Healthy' || health === 'Degraded';

function isReady(object: KubeObject, { key, replicas }: PlacementTarget): boolean {
  const report = object.metadata.annotations?.[STATUS_ANNOTATION_PREFIX + key];
  const needed = replicas ?? number(at(object.spec, 'replicas')) ?? 1;
  if (needed === 0) return true;
  return (number(at(parse(report), 'readyReplicas')) ?? 0) >= needed;
}

function parse(report: string | undefined): unknown {
  try {
    return report === undefined ? undefined : JSON.parse(report);
  } catch {
    return undefined;
  }
}
