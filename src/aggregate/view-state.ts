/**
 * The live state of one view (a workspace's, of one resource): turns changes of its sources into the view's events, once
 * for all its watchers. Exists while somebody watches.
 */
import type { ResourceInfo } from '../kube/resource.ts';
import { isNamespaceKind } from './cluster-scope.ts';
import { type Fold, folderOf } from './fold.ts';
import type { HubSource } from './hub-source.ts';
import { type Item, UNSEEN } from './item.ts';
import { compareText, type EqualNames, type MergeInput, mergeSlices } from './merge.ts';
import { FIRST } from './merge-rule.ts';
import { projected } from './projected-source.ts';
import type { Projection } from './projection.ts';
import type { ReferenceKinds } from './reference-kinds.ts';
import { clusterOf, type Membership, type NamedState, type ReferenceNames } from './reference-names.ts';
import { encodeVersion, FOLD_SLOT, HUB_SLOT } from './resource-version.ts';
import type { ClusterView, Slice } from './source.ts';
import type { ChangeLog, LogEntry, SourceChange } from './source-log.ts';
import { differences, type ShownItem } from './view-difference.ts';
import { type Change, eventsOf, type Naming, type Occupants, type ViewEvent } from './view-event.ts';

/** Events of one change, with the version at which the view stands after them. */
export interface ViewBatch {
  readonly events: readonly ViewEvent[];
  readonly version: bigint;
  /** Encodings by form, made by whoever needs one first. */
  readonly frames: Map<string, Uint8Array>;
}

export interface ViewListener {
  batch(batch: ViewBatch): void;
  /** What was said can no longer be continued: end with 410. */
  broken(): void;
}

interface Member {
  /** '' for the hub. */
  readonly holder: string;
  readonly slot: number;
  readonly log: ChangeLog;
  /** What the member holds at present; the hub answers only whether. */
  has(namespace: string, name: string): Item | true | undefined;
  /** Whether the hub's object of the name runs here. */
  hasCopy(namespace: string, name: string): boolean;
  readonly end: () => void;
}

const foldOf = (item: Item | true | undefined): string | undefined => (item === true ? undefined : item?.mark?.fold);

/** What is part of one with its equals makes no name clash, so no reference is shown otherwise. */
const changesMembership = ({ item, previous }: SourceChange): boolean =>
  (item === undefined) !== (previous === undefined) && foldOf(item ?? previous) === undefined;

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

export class ViewState implements NamedState {
  readonly #workspace: string;
  readonly #oncePerName: boolean;
  readonly #fold: Fold | undefined;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<ViewListener>();
  readonly #hubNames = new Set<string>();
  /** As they are, by name. */
  #sources: readonly ClusterView[] = [];
  /** As they are shown. */
  #clusters: readonly ClusterView[] = [];
  #projection: Projection | undefined;
  #naming: Naming;
  readonly #membership = new Set<(membership: Membership) => void>();
  readonly #joined = new Set<(clusterName: string) => void>();
  #references: { readonly kinds: ReferenceKinds; readonly since: number } | undefined;

  constructor(workspace: string, resource: ResourceInfo, projection: Projection | undefined) {
    this.#workspace = workspace;
    this.#oncePerName = isNamespaceKind(resource);
    this.#fold = folderOf(resource);
    this.#projection = projection;
    this.#naming = this.#namingNow();
  }

  /** From now on events show references by the names that the view gives. `since`: the place from which they are followed. */
  showReferences(kinds: ReferenceKinds, since: number): void {
    this.#references = { kinds, since };
  }

  clashes(clusterName: string, namespace: string, name: string): boolean {
    return this.#otherHolders(clusterName, namespace, name).length > 0;
  }

  clashesOnlyBy(holder: string, clusterName: string, namespace: string, name: string): boolean {
    const member = this.#members.get(clusterName);
    if (!this.#qualifies || member === undefined || member.hasCopy(namespace, name)) return false;
    return this.#otherHolders(clusterName, namespace, name).every((other) => other === holder);
  }

  /** How references are shown to watchers. */
  get names(): ReferenceNames | undefined {
    return this.#references?.kinds.names;
  }

  onMembership(listener: (membership: Membership) => void): () => void {
    this.#membership.add(listener);
    return () => this.#membership.delete(listener);
  }

  onJoined(listener: (clusterName: string) => void): () => void {
    this.#joined.add(listener);
    return () => this.#joined.delete(listener);
  }

  /** The hub's part; resolves when its names are known. */
  async addHub(hub: HubSource, signal: AbortSignal): Promise<void> {
    const snapshot = await hub.snapshot(this.#workspace, undefined, signal);
    snapshot.catchUp();
    for (const { namespace, names } of snapshot.slices(this.#workspace, undefined)) {
      for (const name of names) this.#hubNames.add(keyOf(namespace, name));
    }
    const ends = [
      hub.log.subscribe(this.#workspace, (entry) => this.#onEntry('', entry)),
      hub.onBroken(() => this.#breakOff()),
    ];
    this.#members.set('', {
      holder: '',
      slot: HUB_SLOT,
      log: hub.log,
      has: (namespace, name) => (this.#hubNames.has(keyOf(namespace, name)) ? true : undefined),
      hasCopy: () => false,
      end: () => ends.forEach((end) => void end()),
    });
  }

  /** A cluster whose state can be shown joins: what it holds is ADDED. */
  addCluster(source: ClusterView): void {
    if (this.#members.has(source.clusterName)) return;
    if (this.#isChosen) this.#telling(() => this.#join(source));
    else {
      if (this.#listeners.size > 0) this.#announce(projected(source, this.#projection), 'joined');
      this.#join(source);
    }
    this.#tellMembership(source);
    for (const listener of this.#joined) listener(source.clusterName);
  }

  /** A cluster has left the workspace: what it held is DELETED. */
  removeCluster(source: ClusterView): void {
    if (!this.#members.has(source.clusterName)) return;
    if (this.#isChosen) this.#telling(() => this.#leave(source));
    else {
      this.#leave(source);
      this.#announce(projected(source, this.#projection), 'left');
    }
    this.#tellMembership(source);
  }

  get projection(): Projection | undefined {
    return this.#projection;
  }

  /** Lets others run while it is decided what the projection shows. */
  async prepare(projection: Projection): Promise<void> {
    for (const source of this.#sources) await projected(source, projection).prepare?.(this.#workspace, undefined);
  }

  /** Other objects are shown from now on, or otherwise: watchers are told of each. */
  setProjection(projection: Projection | undefined): void {
    this.#telling(() => {
      const sources = this.#sources;
      for (const source of sources) this.#leave(source);
      this.#projection = projection;
      for (const source of sources) this.#join(source);
    });
  }

  /** Those whose state is part of the view now, by name, as they are shown. */
  get clusters(): readonly ClusterView[] {
    return this.#clusters;
  }

  get sources(): readonly { readonly slot: number; readonly log: ChangeLog }[] {
    return [...this.#members.values()];
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  subscribe(listener: ViewListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The place of a source's version, undefined where it or what came after is not known, or may be another process's. */
  placeOf(slot: number, version: bigint): number | undefined {
    const member = [...this.#members.values()].find((one) => one.slot === slot);
    const place = member?.log.beganAt(version) === true ? undefined : member?.log.find(version);
    return place !== undefined && this.reaches(place) ? place : undefined;
  }

  /** True when everything after the place is known. */
  reaches(place: number): boolean {
    return [...this.#members.values()].every(({ log }) => log.baseSequence <= place);
  }

  /** Every batch after a place, exactly as live watchers saw it. */
  replay(place: number): ViewBatch[] {
    const entries = [...this.#members.values()]
      .flatMap(({ holder, log }) => log.after(place, this.#workspace).map((entry) => ({ holder, entry })))
      .sort((a, b) => a.entry.sequence - b.entry.sequence);
    const past = new Map<string, Map<string, Item | true | undefined>>();
    for (const { holder, entry } of entries) {
      const key = keyOf(entry.change.namespace, entry.change.name);
      const holders = past.get(key) ?? new Map<string, Item | true | undefined>();
      past.set(key, holders);
      if (!holders.has(holder)) holders.set(holder, entry.change.previous);
    }
    const batches = entries.map(({ holder, entry: { change } }) => {
      const holders = past.get(keyOf(change.namespace, change.name));
      const others = this.#others(holder, change.namespace, change.name, holders);
      holders?.set(holder, change.item);
      return this.#batch(holder, change, others);
    });
    return [...batches, ...this.#missedReferences(place)];
  }

  /** References that came to be shown otherwise while nobody watched, and so were not logged. */
  #missedReferences(place: number): ViewBatch[] {
    if (this.#references === undefined || place >= this.#references.since) return [];
    const references = this.#references.kinds;
    const { names, kinds } = references;
    const batches: ViewBatch[] = [];
    for (const [kind, { namespaced, state }] of kinds) {
      for (const { namespace, name } of state.membershipsAfter(place)) {
        for (const { source, cached, own } of references.referrers(kind, namespaced ? namespace : undefined, name)) {
          const { clusterName } = source;
          const item = this.#members.get(clusterName)?.has(own, cached.name);
          if (item === undefined || item === true) continue;
          const previous = names.showOtherwise(item, clusterName, kind, name);
          const place = { workspace: this.#workspace, namespace: own, name: cached.name };
          const change = { ...place, version: cached.resourceVersion, item, previous, size: 0, at: 0 };
          batches.push(this.#batch(clusterName, change, this.#others(clusterName, own, cached.name)));
        }
      }
    }
    return batches;
  }

  membershipsAfter(place: number): readonly Pick<Membership, 'namespace' | 'name'>[] {
    const found = new Map<string, { namespace: string; name: string }>();
    for (const { log } of this.#members.values()) {
      for (const { change } of log.after(place, this.#workspace)) {
        const { namespace, name } = change;
        if (changesMembership(change)) found.set(keyOf(namespace, name), { namespace, name });
      }
    }
    return [...found.values()];
  }

  close(): void {
    for (const member of this.#members.values()) member.end();
    this.#members.clear();
    this.#listeners.clear();
  }

  get #isChosen(): boolean {
    return typeof this.#naming === 'object' && 'choose' in this.#naming;
  }

  #namingNow(): Naming {
    if (this.#oncePerName) return 'once';
    const choose = this.#projection?.chooser(this.#sources.map(({ downstream }) => downstream));
    if (choose !== undefined) return { choose };
    return this.#fold === undefined ? 'qualified' : { fold: this.#fold };
  }

  get #equalNames(): EqualNames {
    if (this.#oncePerName) return { choose: FIRST };
    return typeof this.#naming === 'object' ? this.#naming : {};
  }

  /** Whether each of equal names may be shown, so that they clash. */
  get #qualifies(): boolean {
    return !this.#oncePerName && !this.#isChosen;
  }

  #join(source: ClusterView): void {
    const shown = projected(source, this.#projection);
    const { clusterName } = source;
    const byName = (a: ClusterView, b: ClusterView): number => compareText(a.clusterName, b.clusterName);
    this.#sources = [...this.#sources, source].sort(byName);
    this.#clusters = [...this.#clusters, shown].sort(byName);
    this.#members.set(clusterName, {
      holder: clusterName,
      slot: source.slot,
      log: shown.log,
      has: (namespace, name) => shown.get(this.#workspace, namespace, name),
      hasCopy: (namespace, name) => source.holds(this.#workspace, namespace, name) === 'copy',
      end: shown.log.subscribe(this.#workspace, (entry) => this.#onEntry(clusterName, entry)),
    });
    this.#naming = this.#namingNow();
  }

  #leave({ clusterName }: ClusterView): void {
    this.#members.get(clusterName)?.end();
    this.#members.delete(clusterName);
    this.#sources = this.#sources.filter((one) => one.clusterName !== clusterName);
    this.#clusters = this.#clusters.filter((one) => one.clusterName !== clusterName);
    this.#naming = this.#namingNow();
  }

  /** Makes a change that may concern every object; watchers are told what it comes to. */
  #telling(change: () => void): void {
    const before = this.#listeners.size === 0 ? undefined : this.#shown();
    change();
    if (before === undefined) return;
    for (const { event, version } of differences(before, this.#shown())) {
      this.#send({ events: this.#withNames([event]), version, frames: new Map() });
    }
  }

  /** What the view shows of its clusters now. */
  #shown(): ShownItem[] {
    const inputs: MergeInput[] = [
      { clusterName: undefined, slices: hubSlices(this.#hubNames) },
      ...this.#clusters.map((source) => ({
        clusterName: source.clusterName,
        slices: source.slices(this.#workspace, undefined),
      })),
    ];
    const slots = new Map<string | undefined, number>(
      this.#clusters.map(({ clusterName, slot }) => [clusterName, slot]),
    );
    const items: ShownItem[] = [];
    for (const merged of mergeSlices(inputs, this.#equalNames)) {
      const slot = merged.item.folded === undefined ? slots.get(merged.clusterName) : FOLD_SLOT;
      if (slot !== undefined) items.push({ merged, slot });
    }
    return items;
  }

  #onEntry(holder: string, { change }: LogEntry): void {
    const others = this.#listeners.size === 0 ? undefined : this.#others(holder, change.namespace, change.name);
    if (holder === '') {
      const key = keyOf(change.namespace, change.name);
      if (change.item === undefined) this.#hubNames.delete(key);
      else this.#hubNames.add(key);
    }
    if (others !== undefined) this.#send(this.#batch(holder, change, others));
    if (this.#membership.size > 0 && changesMembership(change)) {
      for (const listener of this.#membership) listener({ namespace: change.namespace, name: change.name, holder });
    }
  }

  #tellMembership(source: ClusterView): void {
    if (this.#membership.size === 0) return;
    for (const { namespace, names, get } of source.slices(this.#workspace, undefined)) {
      for (const name of names) {
        if (this.#fold !== undefined && foldOf(get(name)) !== undefined) continue;
        for (const listener of this.#membership) listener({ namespace, name, holder: source.clusterName });
      }
    }
  }

  #otherHolders(clusterName: string, namespace: string, name: string): string[] {
    const member = this.#members.get(clusterName);
    if (!this.#qualifies || member === undefined || member.hasCopy(namespace, name)) return [];
    const own = foldOf(member.has(namespace, name));
    const others: string[] = [];
    for (const [holder, other] of this.#members) {
      const present = holder === clusterName ? undefined : other.has(namespace, name);
      if (present !== undefined && (own === undefined || foldOf(present) !== own)) others.push(holder);
    }
    return others;
  }

  #others(
    holder: string,
    namespace: string,
    name: string,
    past?: ReadonlyMap<string, Item | true | undefined>,
  ): Occupants {
    const others = new Map<string, Item | true>();
    for (const [other, member] of this.#members) {
      if (other === holder) continue;
      const present = past?.has(other) === true ? past.get(other) : member.has(namespace, name);
      if (present !== undefined) others.set(other, present);
    }
    return others;
  }

  #batch(holder: string, change: SourceChange, others: Occupants): ViewBatch {
    const { namespace, item, previous, last, version } = change;
    const shown = eventsOf({ namespace, holder, item, previous, last }, others, this.#naming);
    const events = this.#withNames(shown);
    const slot = this.#members.get(holder)?.slot ?? HUB_SLOT;
    return { events, version: encodeVersion(slot, version), frames: new Map() };
  }

  #withNames(events: readonly ViewEvent[]): readonly ViewEvent[] {
    const names = this.#references?.kinds.names;
    if (names === undefined) return events;
    return events.map((event) => {
      const shown = names.show(event);
      const previous = event.previous && names.showItem(event.previous, clusterOf(event));
      return shown === event && previous === event.previous ? event : { ...shown, previous };
    });
  }

  #send(batch: ViewBatch): void {
    if (batch.events.length === 0) return;
    for (const listener of this.#listeners) listener.batch(batch);
  }

  #announce(source: ClusterView, what: 'joined' | 'left'): void {
    for (const slice of source.slices(this.#workspace, undefined)) this.#announceSlice(source, slice, what);
  }

  #announceSlice(source: ClusterView, { namespace, names, get }: Slice, what: 'joined' | 'left'): void {
    for (const name of names) {
      const item = get(name);
      if (item === undefined) continue;
      const others = this.#others(source.clusterName, namespace, name);
      const change: Change = {
        namespace,
        holder: source.clusterName,
        item: what === 'joined' ? item : undefined,
        previous: what === 'joined' ? undefined : item,
      };
      const events = this.#withNames(eventsOf(change, others, this.#naming));
      this.#send({ events, version: encodeVersion(source.slot, item.resourceVersion), frames: new Map() });
    }
  }

  #breakOff(): void {
    for (const listener of [...this.#listeners]) listener.broken();
  }
}

/** Names that the hub owns: whoever else has them is qualified, or not shown. */
function hubSlices(keys: ReadonlySet<string>): Slice[] {
  const byNamespace = new Map<string, string[]>();
  for (const key of keys) {
    const at = key.indexOf('/');
    const namespace = key.slice(0, at);
    const names = byNamespace.get(namespace);
    if (names === undefined) byNamespace.set(namespace, [key.slice(at + 1)]);
    else names.push(key.slice(at + 1));
  }
  return [...byNamespace].map(([namespace, names]) => ({ namespace, names: names.sort(), get: () => UNSEEN }));
}
