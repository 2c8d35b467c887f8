/** The order of a merged list (strategicpatch `normalizeElementOrder`). */
import type { Json } from '../../kube/object.ts';
import { deepEqual } from './json-value.ts';

/**
 * Takes items that the patch names and items that only the server has, with both wanted orders as keys.
 * Named items stand in the patch's order; the server's own go before the first named item that they preceded.
 */
export function orderLike(
  named: Json[],
  serverOnly: Json[],
  patchOrder: Json[],
  serverOrder: Json[],
  key: (item: Json) => Json,
): Json[] {
  const rank = (order: Json[], item: Json): number => order.findIndex((one) => deepEqual(one, key(item)));
  const right = sortBy(named, (item) => rank(patchOrder, item));
  const left = sortBy(serverOnly, (item) => rank(serverOrder, item));
  const result: Json[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const takeLeft = r >= right.length || (l < left.length && precedes(left[l] as Json, right[r] as Json));
    result.push((takeLeft ? left[l++] : right[r++]) as Json);
  }
  return result;

  function precedes(one: Json, other: Json): boolean {
    const oneRank = rank(serverOrder, one);
    const otherRank = rank(serverOrder, other);
    return oneRank >= 0 && otherRank >= 0 && oneRank < otherRank;
  }
}

/** Insertion sort, since the order that upstream sorts by is not one: an unranked item precedes whatever it is compared with. */
function sortBy(items: Json[], rank: (item: Json) => number): Json[] {
  const ranks = items.map((item) => ({ item, rank: rank(item) }));
  for (let i = 1; i < ranks.length; i++) {
    for (let j = i; j > 0; j--) {
      const [before, here] = [ranks[j - 1], ranks[j]] as [(typeof ranks)[0], (typeof ranks)[0]];
      if (here.rank >= 0 && before.rank >= 0 && here.rank >= before.rank) break;
      ranks[j - 1] = here;
      ranks[j] = before;
    }
  }
  return ranks.map(({ item }) => item);
}
