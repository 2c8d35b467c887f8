import { describe, expect, test } from 'vitest';
import { folderOf } from '../../src/aggregate/fold.ts';
import type { Item } from '../../src/aggregate/item.ts';
import { showHolders } from '../../src/aggregate/merge.ts';
import { qualifiedName } from '../../src/aggregate/names.ts';
import { type Change, eventsOf } from '../../src/aggregate/view-event.ts';
import { REPLICASETS } from '../support/fake-cluster.ts';

const item = (uid: string): Item => ({
  name: 'x',
  uid,
  resourceVersion: 1n,
  labels: {},
  bytes: Buffer.alloc(0),
  nameAt: 0,
});
const [hub, east, west] = [item('hub'), item('east'), item('west')];
const shown = (change: Change, others: [string, Item | true][], once = false): string[] =>
  eventsOf(change, new Map(others), once ? 'once' : 'qualified').map(
    ({ type, clusterName, qualified }) => `${type} ${clusterName ?? 'hub'}${qualified ? ' qualified' : ''}`,
  );
const came = (holder: string, it: Item): Change => ({ namespace: 'n', holder, item: it, previous: undefined });
const went = (holder: string, it: Item): Change => ({ namespace: 'n', holder, item: undefined, previous: it });
const changed = (holder: string, it: Item): Change => ({ namespace: 'n', holder, item: it, previous: it });

describe('names that clash', () => {
  test.each<[string, Change, [string, Item | true][], string[]]>([
    ['alone', came('east', east), [], ['ADDED east']],
    [
      'a clash begins',
      came('west', west),
      [['east', east]],
      ['DELETED east', 'ADDED east qualified', 'ADDED west qualified'],
    ],
    [
      'a third comes',
      came('b', item('b')),
      [
        ['east', east],
        ['west', west],
      ],
      ['ADDED b qualified'],
    ],
    [
      'the hub takes the plain name',
      came('', hub),
      [['east', east]],
      ['DELETED east', 'ADDED east qualified', 'ADDED hub'],
    ],
    ['beside the hub', came('east', east), [['', true]], ['ADDED east qualified']],
    [
      'a clash ends',
      went('west', west),
      [['east', east]],
      ['DELETED east qualified', 'ADDED east', 'DELETED west qualified'],
    ],
    ['the hub lets go', went('', hub), [['east', east]], ['DELETED east qualified', 'ADDED east', 'DELETED hub']],
    [
      'the hub leaves two',
      went('', hub),
      [
        ['east', east],
        ['west', west],
      ],
      ['DELETED hub'],
    ],
    ['a change in a clash', changed('west', west), [['east', east]], ['MODIFIED west qualified']],
  ])('%s', (_what, change, others, events) => {
    expect(shown(change, others)).toEqual(events);
  });
});

describe('kinds shown once per name', () => {
  test.each<[string, Change, [string, Item | true][], string[]]>([
    ['the first comes', came('east', east), [], ['ADDED east']],
    ['a second comes', came('west', west), [['east', east]], []],
    ['one that stands before comes', came('', hub), [['east', east]], ['MODIFIED hub']],
    ['the shown one goes', went('east', east), [['west', west]], ['MODIFIED west']],
    ['the last goes', went('west', west), [], ['DELETED west']],
    ['a hidden one changes', changed('west', west), [['', true]], []],
    ['the shown one changes', changed('east', east), [['west', west]], ['MODIFIED east']],
  ])('%s', (_what, change, others, events) => {
    expect(shown(change, others, true)).toEqual(events);
  });
});

describe('parts of one', () => {
  const fold = folderOf(REPLICASETS) as NonNullable<ReturnType<typeof folderOf>>;
  const part = (uid: string, of: string | undefined, version: number): Item => {
    const shownAs = of ?? uid;
    const text = JSON.stringify({ kind: 'ReplicaSet', apiVersion: 'apps/v1', metadata: { name: 'x', uid: shownAs } });
    const mark = of === undefined ? undefined : { fold: of };
    const place = { name: 'x', uid, resourceVersion: BigInt(version), labels: {}, nameAt: text.indexOf('"x"') + 1 };
    return { ...place, bytes: Buffer.from(text), mark };
  };
  /** Numerical Recipes' generator: the same run each time. */
  const randomFrom = (seed: number) => {
    let state = seed;
    return (below: number): number => {
      state = (state * 1664525 + 1013904223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * below);
    };
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('whoever follows the events holds what a list shows, run %i', (seed) => {
    const random = randomFrom(seed);
    const held = new Map<string, Item>();
    const store = new Map<string, string>();
    for (let version = 1; version < 500; version++) {
      const holder = ['', 'a', 'b', 'c'][random(20) === 0 ? 0 : 1 + random(3)] as string;
      const previous = held.get(holder);
      const others = new Map([...held].filter(([other]) => other !== holder));
      const makes = holder === '' ? undefined : [undefined, 'F1', 'F2', 'F1', 'F1'][random(5)];
      const item =
        previous !== undefined && random(2) === 0
          ? undefined
          : previous !== undefined && random(3) > 0
            ? part(previous.uid, previous.mark?.fold, version)
            : part(`u${version}`, makes, version);
      if (previous !== undefined && item !== undefined && item.uid !== previous.uid) continue;
      const seen = new Map<string, Item | true>([...others].map(([other, one]) => [other, other === '' ? true : one]));
      const last = item === undefined && previous ? part(previous.uid, previous.mark?.fold, version) : undefined;
      for (const event of eventsOf({ namespace: 'n', holder, item, previous, last }, seen, { fold })) {
        const name = event.qualified ? qualifiedName('x', event.clusterName as string) : 'x';
        expect(store.has(name), `${event.type} ${name} at ${version}`).toBe(event.type !== 'ADDED');
        const uid =
          event.item.folded === undefined && event.qualified
            ? event.item.uid
            : (event.item.mark?.fold ?? event.item.uid);
        if (event.type !== 'ADDED') expect(store.get(name), `${event.type} ${name} at ${version}`).toBe(uid);
        if (event.type === 'DELETED') store.delete(name);
        else store.set(name, uid);
      }
      if (item === undefined) held.delete(holder);
      else held.set(holder, item);
      const holders = [...held]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([one, each]) => ({ clusterName: one === '' ? undefined : one, item: each }));
      const listed = [...showHolders('n', holders, fold)].map(({ item: each, clusterName, qualified }) => [
        qualified ? qualifiedName('x', clusterName as string) : 'x',
        qualified ? each.uid : (each.mark?.fold ?? each.uid),
      ]);
      expect([...store].sort()).toEqual(listed.sort());
    }
  });
});
