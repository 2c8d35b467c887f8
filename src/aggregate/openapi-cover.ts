/** Which clusters' documents are needed, and which is the newest. Pure. */
import type { Downstream } from '../clusters/downstream.ts';
import type { ResourceInfo } from '../kube/resource.ts';

/** `v1.37.1+k3s1` → [1, 37, 1]. */
export function versionNumbers(version: string | undefined): readonly number[] {
  return (
    /^v?(\d+)\.(\d+)(?:\.(\d+))?/
      .exec(version ?? '')
      ?.slice(1)
      .map((part) => Number(part ?? 0)) ?? [0, 0, 0]
  );
}

export function compareServers(a: string | undefined, b: string | undefined): number {
  const left = versionNumbers(a);
  const right = versionNumbers(b);
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0) || (left[2] ?? 0) - (right[2] ?? 0);
}

const versionOf = (downstream: Downstream): string | undefined => downstream.discovery()?.serverVersion.gitVersion;

/** Equal versions keep their order. */
export const newestFirst = (clusters: readonly Downstream[]): Downstream[] =>
  [...clusters].sort((a, b) => compareServers(versionOf(b), versionOf(a)));

/** Same minor version or later. */
export const atLeast = (version: string | undefined, wanted: string): boolean => {
  const [major = 0, minor = 0] = versionNumbers(version);
  const [wantedMajor = 0, wantedMinor = 0] = versionNumbers(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
};

/** The newest clusters that together serve what all do: of a hundred equal ones, one. */
export function coveringClusters(clusters: readonly Downstream[]): Downstream[] {
  const covered = new Set<string>();
  return newestFirst(clusters).filter((downstream) => {
    const missing = (downstream.discovery()?.resources ?? []).map(nameOf).filter((name) => !covered.has(name));
    for (const name of missing) covered.add(name);
    return missing.length > 0;
  });
}

/** True when the cluster serves every one of the resources. */
export function servesAll(downstream: Downstream, resources: readonly ResourceInfo[]): boolean {
  const served = new Set((downstream.discovery()?.resources ?? []).map(nameOf));
  return resources.every((info) => served.has(nameOf(info)));
}

const nameOf = ({ group, version, resource }: ResourceInfo): string => `${group}/${version}/${resource}`;
