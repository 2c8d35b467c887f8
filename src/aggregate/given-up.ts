/**
 * Versions of a history that a cluster has given up: its etcd was restored from a backup. A reflector that saw it happen
 * remembers the highest one; after a restart of the gateway only the cluster itself can tell.
 */
import { readVersion } from '../clusters/reflector-fetch.ts';
import type { ClusterView } from './source.ts';

const DEADLINE_MS = 1_000;

/** True when the cluster says that it has not come so far: whoever holds the version got it from another history. False where it does not answer. */
export async function isGivenUp({ reflector }: Pick<ClusterView, 'reflector'>, version: bigint): Promise<boolean> {
  if (version <= reflector.resourceVersion) return false;
  const { downstream, resource } = reflector;
  const present = await readVersion(downstream, resource, AbortSignal.timeout(DEADLINE_MS)).catch(() => undefined);
  return present !== undefined && present < version;
}
