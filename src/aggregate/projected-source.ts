/**
 * A cluster's source as one workspace's projection shows it. Everything behind it (lists, pages, watches, counts, names)
 * sees only this, so that what is not shown takes part in nothing.
 */
import { makeBreather } from '../clusters/reflector-fetch.ts';
import type { Item } from './item.ts';
import type { ClusterProjection, Projection } from './projection.ts';
import { encodeVersion } from './resource-version.ts';
import type { ClusterView, Slice } from './source.ts';
import type { ChangeLog, LogEntry } from './source-log.ts';
import { asLeftAt } from './watch-frames.ts';

/** Without a projection the source itself. */
export const projected = (source: ClusterView, projection: Projection | undefined): ClusterView =>
  projection === undefined ? source : new ProjectedSource(source, projection.on(source.downstream));

class ProjectedSource implements ClusterView {
  readonly log: ChangeLog;
  readonly #source: ClusterView;
  readonly #projection: ClusterProjection;

  constructor(source: ClusterView, projection: ClusterProjection) {
    this.#source = source;
    this.#projection = projection;
    this.log = new ProjectedLog(source.log, projection, source.slot);
  }

  get downstream() {
    return this.#source.downstream;
  }
  get clusterName() {
    return this.#source.clusterName;
  }
  get slot() {
    return this.#source.slot;
  }
  get reflector() {
    return this.#source.reflector;
  }
  get version() {
    return this.#source.version;
  }
  get started() {
    return this.#source.started;
  }

  slices(workspace: string, namespace: string | undefined): Slice[] {
    if (!this.#projection.showsAny) return [];
    return this.#source.slices(workspace, namespace).map((slice) => ({
      namespace: slice.namespace,
      names: slice.names,
      get: (name) => this.#shown(slice.get(name), slice.namespace),
    }));
  }

  get(workspace: string, namespace: string, name: string): Item | undefined {
    return this.#shown(this.#source.get(workspace, namespace, name), namespace);
  }

  holds(workspace: string, namespace: string, name: string) {
    return this.#source.holds(workspace, namespace, name);
  }

  async prepare(workspace: string, namespace: string | undefined): Promise<void> {
    if (!this.#projection.reads || !this.#projection.showsAny) return;
    const breathe = makeBreather();
    for (const slice of this.#source.slices(workspace, namespace)) {
      for (const name of slice.names) {
        const item = slice.get(name);
        if (item === undefined || this.#projection.knows(item)) continue;
        this.#projection.show(item, slice.namespace);
        await breathe();
      }
    }
  }

  #shown(item: Item | undefined, namespace: string): Item | undefined {
    return item === undefined ? undefined : this.#projection.show(item, namespace);
  }
}

/** What the projection shows of each change: nothing of some. Places and versions are the source's own. */
class ProjectedLog implements ChangeLog {
  readonly #log: ChangeLog;
  readonly #projection: ClusterProjection;
  readonly #slot: number;

  constructor(log: ChangeLog, projection: ClusterProjection, slot: number) {
    this.#log = log;
    this.#projection = projection;
    this.#slot = slot;
  }

  get baseSequence() {
    return this.#log.baseSequence;
  }
  get latest() {
    return this.#log.latest;
  }
  find(version: bigint) {
    return this.#log.find(version);
  }
  names(version: bigint) {
    return this.#log.names(version);
  }
  beganAt(version: bigint) {
    return this.#log.beganAt(version);
  }
  has(version: bigint) {
    return this.#log.has(version);
  }
  versionAt(sequence: number) {
    return this.#log.versionAt(sequence);
  }
  after(sequence: number, workspace: string): LogEntry[] {
    return this.#log.after(sequence, workspace).flatMap((entry) => this.#shown(entry) ?? []);
  }
  subscribe(workspace: string, listener: (entry: LogEntry) => void): () => void {
    return this.#log.subscribe(workspace, (entry) => {
      if (entry.change.item !== undefined && entry.change.item === entry.change.previous)
        this.#projection.forget(entry.change.item);
      const shown = this.#shown(entry);
      if (shown !== undefined) listener(shown);
    });
  }

  #shown({ sequence, change }: LogEntry): LogEntry | undefined {
    const show = (item: Item | undefined): Item | undefined =>
      item === undefined ? undefined : this.#projection.show(item, change.namespace);
    const [item, previous] = [show(change.item), show(change.previous)];
    if (item === undefined && previous === undefined) return undefined;
    const { version, workspace, namespace, name, size, at } = change;
    // Shown no more, though it may still be there: it goes as it was, at the version of the change that hid it.
    const last =
      item === undefined && previous !== undefined
        ? (show(change.last) ?? asLeftAt(previous, encodeVersion(this.#slot, version)))
        : undefined;
    return { sequence, change: { version, workspace, namespace, name, size, at, item, previous, last } };
  }
}
