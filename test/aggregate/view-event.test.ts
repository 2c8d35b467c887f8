import { describe, expect, test } from 'vitest';
import type { Item } from '../../src/aggregate/item.ts';
import { type Change, eventsOf } from '../../src/aggregate/view-event.ts';

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
