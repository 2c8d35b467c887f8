/** What is known of a set of clusters at a moment, as one key. Every request asks, so an unchanged set must cost next to nothing. */
import type { ClusterDiscovery, Downstream } from '../clusters/downstream.ts';
import { connectionId, isLive } from './sources.ts';

export interface Sight {
  /** Everything of the clusters that a merged answer depends on. */
  readonly key: string;
  /** Each has said at least once what it serves. */
  readonly complete: boolean;
}

interface Remembered extends Sight {
  readonly discoveries: readonly (ClusterDiscovery | undefined)[];
  readonly live: readonly boolean[];
}

/** By the array itself: the registry gives the same one for as long as nothing joins or leaves. */
const remembered = new WeakMap<readonly Downstream[], Remembered>();

export function sightOf(clusters: readonly Downstream[]): Sight {
  const known = remembered.get(clusters);
  if (known !== undefined && isCurrent(known, clusters)) return known;
  const discoveries = clusters.map((downstream) => downstream.discovery());
  const live = clusters.map(isLive);
  const parts = clusters.map(
    (downstream, at) => `${connectionId(downstream)}:${discoveries[at]?.hash ?? ''}:${live[at]}`,
  );
  const sight = { key: parts.join(' '), complete: !discoveries.includes(undefined), discoveries, live };
  remembered.set(clusters, sight);
  return sight;
}

const isCurrent = ({ discoveries, live }: Remembered, clusters: readonly Downstream[]): boolean =>
  clusters.length === discoveries.length &&
  clusters.every((downstream, at) => downstream.discovery() === discoveries[at] && isLive(downstream) === live[at]);
