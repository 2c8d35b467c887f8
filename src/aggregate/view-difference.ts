/** What watchers must be told when a view shows other objects than before. Pure. */
import { shownUid } from './item.ts';
import type { MergedItem } from './merge.ts';
import { qualifiedName } from './names.ts';
import { encodeVersion } from './resource-version.ts';
import type { ViewEvent } from './view-event.ts';

export interface ShownItem {
  readonly merged: MergedItem;
  /** Of its cluster. */
  readonly slot: number;
}

export interface ToldEvent {
  readonly event: ViewEvent;
  /** The object's own. */
  readonly version: bigint;
}

/** What goes comes first: a name is never there twice. */
export function differences(before: readonly ShownItem[], after: readonly ShownItem[]): ToldEvent[] {
  const now = new Map(after.map((one) => [keyOf(one), one]));
  const then = new Map(before.map((one) => [keyOf(one), one]));
  const gone = before.filter((one) => !isSameObject(one, now.get(keyOf(one))));
  const told = gone.map((one) => tell('DELETED', one, undefined));
  for (const one of after) {
    const previous = then.get(keyOf(one));
    if (!isSameObject(one, previous)) told.push(tell('ADDED', one, undefined));
    else if (previous?.merged.item !== one.merged.item) told.push(tell('MODIFIED', one, previous));
  }
  return told;
}

const keyOf = ({ merged: { namespace, item, clusterName = '', qualified } }: ShownItem): string =>
  `${namespace}/${qualified ? qualifiedName(item.name, clusterName) : item.name}`;

const isSameObject = (one: ShownItem, other: ShownItem | undefined): boolean =>
  other !== undefined &&
  shownUid(one.merged.item) === shownUid(other.merged.item) &&
  (one.merged.item.mark?.fold !== undefined || one.merged.clusterName === other.merged.clusterName);

const tell = (type: ViewEvent['type'], { merged, slot }: ShownItem, previous: ShownItem | undefined): ToldEvent => ({
  event: { ...merged, type, previous: previous?.merged.item },
  version: encodeVersion(slot, merged.item.resourceVersion),
});
