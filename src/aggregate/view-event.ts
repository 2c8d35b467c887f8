/** What one change of one source means in a view: names may begin or cease to clash. Pure. */
import { asPart, type Fold } from './fold.ts';
import { type Item, shownUid, UNSEEN } from './item.ts';
import { type MergedItem, showHolders } from './merge.ts';
import type { Choose, Holder } from './merge-rule.ts';
import { mustQualify } from './names.ts';

export interface ViewEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly namespace: string;
  /** For DELETED the last state. */
  readonly item: Item;
  /** Of MODIFIED: what stood there before. */
  readonly previous: Item | undefined;
  readonly clusterName: string | undefined;
  readonly qualified: boolean;
}

/** Who holds one namespace/name: the hub ('' as key) and clusters by name. The hub's item may be unknown (`true`). */
export type Occupants = ReadonlyMap<string, Item | true>;

export interface Change {
  readonly namespace: string;
  /** '' for the hub. */
  readonly holder: string;
  readonly item: Item | undefined;
  readonly previous: Item | undefined;
  readonly last?: Item | undefined;
}

/**
 * Under what names equal-named objects are shown: all, qualified; the first for all (Namespaces); the one that is chosen;
 * or what they are parts of.
 */
export type Naming = 'qualified' | 'once' | { readonly choose: Choose } | { readonly fold: Fold };

/**
 * The events of one change. Where names are qualified the change's own event comes last: a client that saw only a part
 * of them resumes before it.
 * @param others who else holds the name, without the change's own holder
 */
export function eventsOf(change: Change, others: Occupants, naming: Naming): ViewEvent[] {
  if (naming === 'qualified') return clashEvents(change, others);
  if (naming === 'once') return representativeEvents(change, others);
  return 'fold' in naming ? foldedEvents(change, others, naming.fold) : chosenEvents(change, others, naming.choose);
}

const isQualified = (holders: ReadonlySet<string>, holder: string): boolean =>
  holder !== '' && mustQualify(holders.has(''), holders.size - (holders.has('') ? 1 : 0));

const clusterOf = (holder: string): string | undefined => (holder === '' ? undefined : holder);

function clashEvents(change: Change, others: Occupants): ViewEvent[] {
  const { namespace, holder, item, previous } = change;
  const rest = [...others.keys()];
  const before = new Set(previous === undefined ? rest : [...rest, holder]);
  const after = new Set(item === undefined ? rest : [...rest, holder]);
  const events: ViewEvent[] = [];
  for (const [other, present] of others) {
    const was = isQualified(before, other);
    const is = isQualified(after, other);
    if (was === is || present === true) continue;
    const same = { namespace, item: present, previous: undefined, clusterName: clusterOf(other) };
    events.push({ ...same, type: 'DELETED', qualified: was }, { ...same, type: 'ADDED', qualified: is });
  }
  const own = { namespace, clusterName: clusterOf(holder) };
  if (item === undefined) {
    const last = change.last ?? previous;
    if (previous !== undefined && last !== undefined) {
      events.push({ ...own, type: 'DELETED', item: last, previous: undefined, qualified: isQualified(before, holder) });
    }
  } else {
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    events.push({ ...own, type, item, previous, qualified: isQualified(after, holder) });
  }
  return events;
}

/** The hub stands for all, else the first cluster by name. */
function representativeEvents(change: Change, others: Occupants): ViewEvent[] {
  const { namespace, holder, item, previous } = change;
  const before = first(others, previous === undefined ? undefined : [holder, previous]);
  const after = first(others, item === undefined ? undefined : [holder, item]);
  const shared = { namespace, qualified: false };
  if (before === undefined && after === undefined) return [];
  if (before === undefined || after === undefined) {
    const [shown, present] = (after ?? before) as [string, Item | true];
    const state = after === undefined ? (change.last ?? present) : present;
    if (state === true) return [];
    const type = before === undefined ? 'ADDED' : 'DELETED';
    return [{ ...shared, type, item: state, previous: undefined, clusterName: clusterOf(shown) }];
  }
  const unchanged = before[0] === after[0] && after[0] !== holder;
  if (unchanged || after[1] === true) return [];
  const old = before[1] === true ? undefined : before[1];
  return [{ ...shared, type: 'MODIFIED', item: after[1], previous: old, clusterName: clusterOf(after[0]) }];
}

/** One of them is shown: another one in its place is another object, so the former goes before it comes. */
function chosenEvents(change: Change, others: Occupants, choose: Choose): ViewEvent[] {
  const { namespace, holder, item, previous } = change;
  const before = choose(holdersOf(others, holder, previous));
  const after = choose(holdersOf(others, holder, item));
  const event = (type: ViewEvent['type'], { clusterName, item: shown }: Holder, was?: Item): ViewEvent[] =>
    shown === true ? [] : [{ namespace, type, item: shown, previous: was, clusterName, qualified: false }];
  if (before !== undefined && after !== undefined && before.clusterName === after.clusterName) {
    return before.clusterName === clusterOf(holder) ? event('MODIFIED', after, previous) : [];
  }
  const gone = before === undefined ? [] : event('DELETED', { ...before, item: lastOf(change, before) });
  return after === undefined ? gone : [...gone, ...event('ADDED', after)];
}

/**
 * What stands for several changes when any of them does, and stays the same object while it has any. What goes comes first:
 * another may take its name.
 */
function foldedEvents(change: Change, others: Occupants, fold: Fold): ViewEvent[] {
  const { namespace, holder, item, previous } = change;
  if (others.size === 0) return clashEvents(change, others);
  const shownWith = (own: Item | undefined): MergedItem[] => {
    const held = holdersOf(others, holder, own).map((one) => ({ ...one, item: one.item === true ? UNSEEN : one.item }));
    return [...showHolders(namespace, held, fold)];
  };
  const [before, after] = [shownWith(previous), shownWith(item)];
  const isOwn = (one: MergedItem): boolean => one.clusterName === clusterOf(holder) && one.item.folded === undefined;
  const ownLast = (a: MergedItem, b: MergedItem): number => Number(isOwn(a)) - Number(isOwn(b));
  const events: ViewEvent[] = [];
  for (const gone of before.filter((one) => !after.some((other) => isSameObject(one, other))).sort(ownLast)) {
    const last = isOwn(gone) && item === undefined ? (change.last ?? gone.item) : gone.item;
    const state = gone.qualified ? asPart(last) : last;
    events.push({ ...gone, type: 'DELETED', item: state, previous: undefined });
  }
  for (const present of after.sort(ownLast)) {
    const was = before.find((other) => isSameObject(present, other));
    if (was === undefined) events.push({ ...present, type: 'ADDED', previous: undefined });
    else if (was.item !== present.item || isOwn(present))
      events.push({ ...present, type: 'MODIFIED', previous: was.item });
  }
  return events;
}

const isSameObject = (one: MergedItem, other: MergedItem): boolean =>
  one.qualified === other.qualified &&
  shownUid(one.item) === shownUid(other.item) &&
  (one.item.mark?.fold !== undefined || one.clusterName === other.clusterName);

/** Its state with the deletion's version, where it is what the change took away. */
const lastOf = ({ holder, item, last }: Change, shown: Holder): Holder['item'] =>
  shown.clusterName === clusterOf(holder) && item === undefined ? (last ?? shown.item) : shown.item;

function holdersOf(others: Occupants, holder: string, own: Item | undefined): Holder[] {
  const holders = new Map<string, Item | true>(others);
  if (own !== undefined) holders.set(holder, own);
  return [...holders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([one, item]) => ({ clusterName: clusterOf(one), item }));
}

function first(others: Occupants, own: [string, Item] | undefined): [string, Item | true] | undefined {
  let best: [string, Item | true] | undefined = own;
  for (const [holder, item] of others) if (best === undefined || holder < best[0]) best = [holder, item];
  return best;
}
