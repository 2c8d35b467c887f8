/** Lists: `sum`, `min`, `max`, `isSorted`, `indexOf`, … (apiserver `cel/library/lists.go`, cel-go `ext/lists`, `ext/sets`). */
import type { Environment } from '@marcbachmann/cel-js';
import { celEqual, compareCel } from './compare.ts';

type List = readonly unknown[];

const items = (list: unknown): List => (Array.isArray(list) ? list : [...(list as Iterable<unknown>)]);

class SetsNamespace {}
class ListsNamespace {}

export function registerLists(env: Environment): void {
  env.registerFunction('list<A>.isSorted(): bool', (list: List) => {
    const all = items(list);
    return all.every((item, at) => at === 0 || compareCel(all[at - 1], item) <= 0);
  });
  env.registerFunction('list<A>.sum(): A', (list: List) => sum(items(list)));
  env.registerFunction('list<A>.min(): A', (list: List) => extreme(items(list), 'min', (order) => order < 0));
  env.registerFunction('list<A>.max(): A', (list: List) => extreme(items(list), 'max', (order) => order > 0));
  env.registerFunction('list<A>.indexOf(A): int', (list: List, wanted: unknown) =>
    BigInt(items(list).findIndex((item) => celEqual(item, wanted))),
  );
  env.registerFunction('list<A>.lastIndexOf(A): int', (list: List, wanted: unknown) =>
    BigInt(items(list).findLastIndex((item) => celEqual(item, wanted))),
  );
  env.registerFunction('list<A>.slice(int, int): list<A>', (list: List, start: bigint, end: bigint) => {
    const all = items(list);
    if (start < 0n || end < start || end > BigInt(all.length))
      throw new Error(`cannot slice(${start}, ${end}), list is length ${all.length}`);
    return all.slice(Number(start), Number(end));
  });
  env.registerFunction('list<A>.reverse(): list<A>', (list: List) => items(list).toReversed());
  env.registerFunction('list<A>.sort(): list<A>', (list: List) => items(list).toSorted(compareCel));
  env.registerFunction('list<A>.distinct(): list<A>', (list: List) => distinct(items(list)));
  env.registerFunction('list.flatten(): list<dyn>', (list: List) =>
    items(list).flatMap((item) => (Array.isArray(item) ? item : [item])),
  );

  env.registerType('ListsNamespace', ListsNamespace);
  env.registerConstant('lists', 'ListsNamespace', new ListsNamespace());
  env.registerFunction('ListsNamespace.range(int): list<int>', (_: unknown, size: bigint) => {
    if (size < 0n || size > 10_000n) throw new Error(`range size ${size} is out of bounds`);
    return Array.from({ length: Number(size) }, (__, at) => BigInt(at));
  });

  env.registerType('SetsNamespace', SetsNamespace);
  env.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  const contains = (list: List, sub: List): boolean => sub.every((item) => list.some((one) => celEqual(one, item)));
  env.registerFunction('SetsNamespace.contains(list<A>, list<A>): bool', (_: unknown, a: List, b: List) =>
    contains(items(a), items(b)),
  );
  env.registerFunction(
    'SetsNamespace.equivalent(list<A>, list<A>): bool',
    (_: unknown, a: List, b: List) => contains(items(a), items(b)) && contains(items(b), items(a)),
  );
  env.registerFunction('SetsNamespace.intersects(list<A>, list<A>): bool', (_: unknown, a: List, b: List) =>
    items(a).some((item) => items(b).some((one) => celEqual(one, item))),
  );
}

function sum(list: List): unknown {
  if (list.length === 0) return 0n;
  return list.reduce((total, item) => {
    if (typeof total === 'bigint' && typeof item === 'bigint') return total + item;
    if (typeof total === 'number' && typeof item === 'number') return total + item;
    throw new Error('no such overload: sum');
  });
}

function extreme(list: List, name: string, better: (order: number) => boolean): unknown {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (better(compareCel(item, best)) ? item : best));
}

/** Scalars by value in one pass; anything else by comparison. */
function distinct(list: List): List {
  const scalars = new Set<unknown>();
  const others: unknown[] = [];
  return list.filter((item) => {
    if (typeof item === 'object' && item !== null) {
      if (others.some((one) => celEqual(one, item))) return false;
      others.push(item);
      return true;
    }
    if (scalars.has(item)) return false;
    scalars.add(item);
    return true;
  });
}
