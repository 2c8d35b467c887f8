/** The k-way merge of a view: sources' slices in the order of kube-apiserver's keys, with the names under which objects are shown. */
import { asPart, type Fold, type Part } from './fold.ts';
import type { Item } from './item.ts';
import type { Choose } from './merge-rule.ts';
import { mustQualify } from './names.ts';
import type { Slice } from './source.ts';

/** One source's slices; the hub stands first. */
export interface MergeInput {
  /** Undefined: the hub. */
  readonly clusterName: string | undefined;
  readonly slices: readonly Slice[];
}

export interface MergedItem {
  readonly namespace: string;
  readonly item: Item;
  /** Undefined: the hub, or several (`item.folded`). */
  readonly clusterName: string | undefined;
  /** Shown as `name@cluster`. */
  readonly qualified: boolean;
}

/** Keys are `namespace/name`: the separator takes part in the order, as in etcd. */
export const compareNamespaces = (a: string, b: string): number => compareText(`${a}/`, `${b}/`);

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** How equal names are shown: the one that is chosen of them; else what they are parts of; else all of them. */
export interface EqualNames {
  readonly choose?: Choose | undefined;
  readonly fold?: Fold | undefined;
}

/** All objects in order. Inputs: the hub first, clusters by name. */
export function* mergeSlices(inputs: readonly MergeInput[], equal: EqualNames): Generator<MergedItem> {
  const byNamespace = new Map<string, { clusterName: string | undefined; slice: Slice }[]>();
  for (const { clusterName, slices } of inputs) {
    for (const slice of slices) {
      const present = byNamespace.get(slice.namespace);
      if (present === undefined) byNamespace.set(slice.namespace, [{ clusterName, slice }]);
      else present.push({ clusterName, slice });
    }
  }
  const namespaces = [...byNamespace.keys()].sort(compareNamespaces);
  for (const namespace of namespaces) {
    yield* mergeNamespace(namespace, byNamespace.get(namespace) ?? [], equal);
  }
}

export interface Held {
  /** Undefined: the hub. */
  readonly clusterName: string | undefined;
  readonly item: Item;
}

interface Cursor {
  readonly clusterName: string | undefined;
  readonly slice: Slice;
  at: number;
}

function* mergeNamespace(
  namespace: string,
  sources: readonly { clusterName: string | undefined; slice: Slice }[],
  { choose, fold }: EqualNames,
): Generator<MergedItem> {
  let open: Cursor[] = sources.map((source) => ({ ...source, at: 0 })).filter(({ slice }) => slice.names.length > 0);
  while (open.length > 0) {
    const name = lowestName(open);
    const holders: Held[] = [];
    let ended = false;
    for (const cursor of open) {
      if (cursor.slice.names[cursor.at] !== name) continue;
      cursor.at++;
      ended ||= cursor.at === cursor.slice.names.length;
      const item = cursor.slice.get(name);
      if (item !== undefined) holders.push({ clusterName: cursor.clusterName, item });
    }
    if (ended) open = open.filter(({ at, slice }) => at < slice.names.length);
    if (choose === undefined) yield* showHolders(namespace, holders, fold);
    else {
      const one = choose(holders);
      if (one !== undefined) yield { namespace, ...one, qualified: false };
    }
  }
}

function lowestName(open: readonly Cursor[]): string {
  let lowest = open[0]?.slice.names[open[0].at] as string;
  for (const { slice, at } of open) {
    const name = slice.names[at] as string;
    if (name < lowest) lowest = name;
  }
  return lowest;
}

/** What is shown of those that have one name; the hub first, clusters by name. */
export function* showHolders(
  namespace: string,
  holders: readonly Held[],
  fold: Fold | undefined,
): Generator<MergedItem> {
  const inHub = holders[0]?.clusterName === undefined;
  const qualify = holders.length > 0 && mustQualify(inHub, holders.length - (inHub ? 1 : 0));
  const folded = qualify && !inHub ? fold?.(holders as readonly (Held & Part)[]) : undefined;
  if (folded !== undefined) {
    yield { namespace, item: folded, clusterName: undefined, qualified: false };
    return;
  }
  for (const { clusterName, item } of holders) {
    const qualified = qualify && clusterName !== undefined;
    yield { namespace, item: qualified ? asPart(item) : item, clusterName, qualified };
  }
}
