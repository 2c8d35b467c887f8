/** What one change of one source means in a view: names may begin or cease to clash. Pure. */
import type { Item } from './item.ts';
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
 * The events of one change. The change's own event comes last: a client that saw only a part of them resumes before it.
 * @param others who else holds the name, without the change's own holder
 */
export function eventsOf(change: Change, others: Occupants, oncePerName: boolean): ViewEvent[] {
  return oncePerName ? representativeEvents(change, others) : clashEvents(change, others);
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

function first(others: Occupants, own: [string, Item] | undefined): [string, Item | true] | undefined {
  let best: [string, Item | true] | undefined = own;
  for (const [holder, item] of others) if (best === undefined || holder < best[0]) best = [holder, item];
  return best;
}
