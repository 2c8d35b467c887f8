/** Which one of equal-named objects a view shows, where a projection's `merge` asks for one. Pure. */
import type { ProjectionRules } from '../hub/kinds/projection-rules.ts';
import { at, list, text } from '../kube/fields.ts';
import type { Item } from './item.ts';

/** One that has the name; the hub's item may be unknown (`true`). */
export interface Holder {
  /** Undefined: the hub. */
  readonly clusterName: string | undefined;
  readonly item: Item | true;
}

/** Undefined: none of them is shown. Clusters come by name, the hub first. */
export type Choose = <T extends Holder>(holders: readonly T[]) => T | undefined;

export const FIRST: Choose = (holders) => holders[0];

/**
 * What was authored in the workspace owns its name, whatever the clusters hold. Undefined for Union: all are shown.
 * @param clusters whose objects the view can show: what Intersection counts
 */
export function chooserOf({ merge, weight }: ProjectionRules, clusters: readonly string[]): Choose | undefined {
  const rule = { Union: undefined, Priority: priority, Latest: latest, Intersection: intersection }[merge];
  if (rule === undefined) return undefined;
  return (holders) => (holders[0]?.clusterName === undefined ? holders[0] : rule(holders, weight, clusters));
}

type Rule = <T extends Holder>(
  holders: readonly T[],
  weight: ProjectionRules['weight'],
  clusters: readonly string[],
) => T | undefined;

/** The heaviest cluster's; of equal ones the first by name. */
const priority: Rule = (holders, weight) => highest(holders, ({ clusterName = '' }) => weight(clusterName));

/** Shown once everybody has it, then as Priority. */
const intersection: Rule = (holders, weight, clusters) => {
  const having = new Set(holders.map(({ clusterName }) => clusterName));
  return clusters.every((one) => having.has(one)) ? priority(holders, weight, clusters) : undefined;
};

/** The one that was written last; of equal ones as Priority. */
const latest: Rule = (holders, weight, clusters) => {
  if (holders.length < 2) return holders[0];
  const times = holders.map(({ item }) => (item === true ? 0 : changedAt(item)));
  const newest = Math.max(...times);
  return priority(
    holders.filter((_holder, index) => times[index] === newest),
    weight,
    clusters,
  );
};

function highest<T>(all: readonly T[], value: (one: T) => number): T | undefined {
  let best: T | undefined;
  for (const one of all) if (best === undefined || value(one) > value(best)) best = one;
  return best;
}

const originals = new WeakMap<Item, Item>();

/** `shown` is what a projection made of `original`: the latter's times count. */
export const isShownFor = (shown: Item, original: Item): void => void originals.set(shown, original);

const times = new WeakMap<Item, number>();

/** When somebody last wrote it, as it says itself: the latest of its creation, its deletion and its managers' times. */
export function changedAt(item: Item): number {
  let time = times.get(item);
  if (time === undefined) {
    const { bytes } = originals.get(item) ?? item;
    const metadata: unknown = at(JSON.parse(bytes.toString('utf8')), 'metadata');
    const told = [
      at(metadata, 'creationTimestamp'),
      at(metadata, 'deletionTimestamp'),
      ...list(at(metadata, 'managedFields')).map((one) => at(one, 'time')),
    ];
    time = Math.max(0, ...told.map((one) => Date.parse(text(one) ?? '') || 0));
    times.set(item, time);
  }
  return time;
}
