/**
 * References as a view shows them: an object whose name clashes is shown as `name@cluster`, so whoever names it must say
 * so too. A reference means the object of its own cluster; the hub's, where that is its placed copy.
 */
import type { ReferenceTarget } from '../clusters/reflector.ts';
import type { Item } from './item.ts';
import type { MergedItem } from './merge.ts';

/** A holder (the hub is '') took a name, or let it go. */
export interface Membership {
  readonly namespace: string;
  readonly name: string;
  readonly holder: string;
}

/** What is asked of the view of a kind that others name (`view-state.ts`). */
export interface NamedState {
  /** True when `name` means something else in the view than the cluster's object (or copy) of that name. */
  clashes(clusterName: string, namespace: string, name: string): boolean;
  /** True when nobody but `holder` makes it clash: it began or ended with the holder's. */
  clashesOnlyBy(holder: string, clusterName: string, namespace: string, name: string): boolean;
  /** Names that were taken or let go after a place, each once; what the logs do not reach is not in it. */
  membershipsAfter(place: number): readonly Pick<Membership, 'namespace' | 'name'>[];
  onMembership(listener: (membership: Membership) => void): () => void;
  /** Called when what a cluster has became part of the view. */
  onJoined(listener: (clusterName: string) => void): () => void;
}

/** One kind that is named, in one workspace's view. */
export interface NamedKind {
  readonly namespaced: boolean;
  readonly state: NamedState;
}

export class ReferenceNames {
  readonly #kinds: ReadonlyMap<string, NamedKind>;
  readonly #isCopy: (clusterName: string, uid: string) => boolean;

  /** @param kinds by `group/Kind`; may grow, kinds that are not in it are shown as they are */
  constructor(kinds: ReadonlyMap<string, NamedKind>, isCopy: (clusterName: string, uid: string) => boolean) {
    this.#kinds = kinds;
    this.#isCopy = isCopy;
  }

  /** The same item, or one whose references are qualified. */
  show<T extends MergedItem>(merged: T): T {
    const item = this.showItem(merged.item, clusterOf(merged));
    return item === merged.item ? merged : { ...merged, item };
  }

  showItem(item: Item, clusterName: string | undefined): Item {
    return this.#shown(item, clusterName, (target, cluster) => this.isQualified(target, cluster));
  }

  /** As `showItem`, but with the references to one object as they are not shown now. */
  showOtherwise(item: Item, clusterName: string, kind: string, name: string): Item {
    const shown = this.#shown(
      item,
      clusterName,
      (target, cluster) => this.isQualified(target, cluster) !== (target.kind === kind && target.name === name),
    );
    // Not to be looked up once more by who shows it.
    return shown === item ? insertAt(item, [], Buffer.alloc(0)) : shown;
  }

  isQualified({ kind, namespace, name, uid }: ReferenceTarget, clusterName: string): boolean {
    const named = this.#kinds.get(kind);
    if (named === undefined || (uid !== '' && this.#isCopy(clusterName, uid))) return false;
    return named.state.clashes(clusterName, named.namespaced ? namespace : '', name);
  }

  #shown(
    item: Item,
    clusterName: string | undefined,
    isQualified: (target: ReferenceTarget, clusterName: string) => boolean,
  ): Item {
    const refs = item.mark?.refs;
    if (refs === undefined || clusterName === undefined || this.#kinds.size === 0) return item;
    const ends: number[] = [];
    for (const { target, nameEnd } of refs) if (isQualified(target, clusterName)) ends.push(nameEnd);
    return ends.length === 0 ? item : insertAt(item, ends, Buffer.from(`@${clusterName}`));
  }
}

/** Where an object's references are to be looked up; undefined: in the hub, whose names are plain. */
export const clusterOf = ({ item, clusterName }: Pick<MergedItem, 'item' | 'clusterName'>): string | undefined =>
  clusterName ?? item.given?.clusterName;

function insertAt(item: Item, positions: readonly number[], text: Buffer): Item {
  const { name, uid, resourceVersion, labels, bytes, given, mark } = item;
  const parts: Buffer[] = [];
  let from = 0;
  for (const position of [...positions].sort((a, b) => a - b)) {
    parts.push(bytes.subarray(from, position), text);
    from = position;
  }
  parts.push(bytes.subarray(from));
  const before = positions.filter((position) => position < item.nameAt).length;
  return {
    name,
    uid,
    resourceVersion,
    labels,
    bytes: Buffer.concat(parts),
    nameAt: item.nameAt + before * text.length,
    given,
    // Its positions are not those of these bytes.
    mark: mark?.copyOf === undefined ? undefined : { copyOf: mark.copyOf },
  };
}

/** The same, with each object that is named looked up once: for one list, whose objects are of one moment. */
export class RememberedNames extends ReferenceNames {
  readonly #known = new Map<ReferenceTarget, boolean>();

  override isQualified(target: ReferenceTarget, clusterName: string): boolean {
    let known = this.#known.get(target);
    if (known === undefined) {
      known = super.isQualified(target, clusterName);
      this.#known.set(target, known);
    }
    return known;
  }
}
