/** Which object counts a ResourceQuota limits (pkg/quota/v1/evaluator/core, `count/…` and the older bare names). */
import { groupResourceName } from '../../kube/resource.ts';
import type { HubCore } from '../core.ts';
import { collectionPrefix } from '../keys.ts';

/** Kinds that a quota may also name without `count/`. */
const BARE = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
]);
const COUNT = 'count/';

/** The kind that a quota's resource name counts (`count/deployments.apps`, `secrets`); undefined for other resources. */
export function countedKind(name: string): { group: string; resource: string } | undefined {
  const counted = name.startsWith(COUNT) ? name.slice(COUNT.length) : BARE.has(name) ? name : undefined;
  if (counted === undefined) return undefined;
  const dot = counted.indexOf('.');
  return dot < 0
    ? { group: '', resource: counted }
    : { group: counted.slice(dot + 1), resource: counted.slice(0, dot) };
}

/** True when the quota's resource name counts the kind. */
export function counts(name: string, kind: { group: string; resource: string }): boolean {
  const counted = countedKind(name);
  return counted !== undefined && groupResourceName(counted) === groupResourceName(kind);
}

export function countObjects(
  core: Pick<HubCore, 'store'>,
  workspace: string,
  namespace: string,
  name: string,
): Promise<number> {
  const kind = countedKind(name);
  return kind === undefined ? Promise.resolve(0) : core.store.count(collectionPrefix(workspace, kind, namespace));
}

/** A whole number in a quantity's notation: quotas count in plain numbers or `1k`. Undefined where it is none. */
export function limitOf(quantity: unknown): number | undefined {
  const match = /^(\d+)(k?)$/.exec(String(quantity));
  return match === null ? undefined : Number(match[1]) * (match[2] === 'k' ? 1_000 : 1);
}
