/**
 * The recent history of one resource of one source, for all workspaces: what watches resume from and paged lists go back
 * by. Every replica numbers the events of all its sources in one sequence; a version names a place in it.
 */
import type { Item } from './item.ts';

/** One change of one object. `item` and `previous` may be computed when first read. */
export interface SourceChange {
  /** The source's own version at which it happened. */
  readonly version: bigint;
  /** `*`: an object that every workspace with this source sees. */
  readonly workspace: string;
  /** As the workspace calls it. */
  readonly namespace: string;
  readonly name: string;
  /** Undefined after a deletion. */
  readonly item: Item | undefined;
  readonly previous: Item | undefined;
  /** Of a deletion: the last state with the deletion's version, where the source gave it. */
  readonly last?: Item | undefined;
  /** Bytes that keeping it costs, roughly. */
  readonly size: number;
  /** Milliseconds since epoch. */
  readonly at: number;
}

export interface LogEntry {
  /** Place in this replica's sequence over all sources. */
  readonly sequence: number;
  readonly change: SourceChange;
}

/** Numbers the events of all logs of this process. */
export class Sequencer {
  #last = 0;
  get last(): number {
    return this.#last;
  }
  next(): number {
    this.#last++;
    return this.#last;
  }
}

export interface LogLimits {
  readonly entries: number;
  readonly bytes: number;
}

const LIMITS: LogLimits = { entries: 10_000, bytes: 64 * 1024 * 1024 };

type Listener = (entry: LogEntry) => void;

/** What is read of a log. */
export type ChangeLog = Pick<
  SourceLog,
  'baseSequence' | 'latest' | 'find' | 'has' | 'names' | 'beganAt' | 'versionAt' | 'after' | 'subscribe'
>;

export class SourceLog {
  readonly #sequencer: Sequencer;
  readonly #limits: LogLimits;
  readonly #listeners = new Map<string, Set<Listener>>();
  #entries: LogEntry[] = [];
  #bytes = 0;
  #base = { sequence: 0, version: 0n };
  /** The base is a change that was dropped, not the beginning of the history. */
  #trimmed = false;

  constructor(sequencer: Sequencer, limits: LogLimits = LIMITS) {
    this.#sequencer = sequencer;
    this.#limits = limits;
  }

  /** History begins anew: nothing before can be resumed. `version` is what the source's state is at. */
  reset(version: bigint): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#base = { sequence: this.#sequencer.next(), version };
    this.#trimmed = false;
  }

  append(change: SourceChange): void {
    const full: LogEntry = { sequence: this.#sequencer.next(), change };
    this.#entries.push(full);
    this.#bytes += change.size;
    if (this.#entries.length > this.#limits.entries || this.#bytes > this.#limits.bytes) this.#trim();
    if (change.workspace === '*')
      for (const set of this.#listeners.values()) for (const listener of set) listener(full);
    else
      for (const key of [change.workspace, '*']) for (const listener of this.#listeners.get(key) ?? []) listener(full);
  }

  /** Entries of one workspace (with those of all), or of every workspace for `*`. Returns unsubscribe. */
  subscribe(workspace: string, listener: Listener): () => void {
    const set = this.#listeners.get(workspace) ?? new Set();
    this.#listeners.set(workspace, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(workspace) === set) this.#listeners.delete(workspace);
    };
  }

  /** Everything after this place is in the log. */
  get baseSequence(): number {
    return this.#base.sequence;
  }

  /** The place and version of the newest entry, or of the base. */
  get latest(): { readonly sequence: number; readonly version: bigint } {
    const last = this.#entries.at(-1);
    return last === undefined ? this.#base : { sequence: last.sequence, version: last.change.version };
  }

  /** The place of the newest entry at or below the version, undefined where it lies before the log. */
  find(version: bigint): number | undefined {
    // Versions of one source ascend, but for objects that became visible late, or are told again since what they name is
    // shown otherwise: those may be older than the log itself, so an exact match counts first.
    const exact = this.#entries.find((entry) => entry.change.version === version);
    if (exact !== undefined) return exact.sequence;
    if (version < this.#base.version) return undefined;
    let found = this.#base.sequence;
    for (const entry of this.#entries) {
      if (entry.change.version > version) break;
      found = entry.sequence;
    }
    return found;
  }

  /** True for the version of an entry. */
  has(version: bigint): boolean {
    return this.#entries.some((entry) => entry.change.version === version);
  }

  /** True for a version that this log has told of: of an entry, or of the last one that was dropped. */
  names(version: bigint): boolean {
    return (this.#trimmed && version === this.#base.version) || this.has(version);
  }

  /** True for the version at which the log began: whoever holds it did not get it from here. */
  beganAt(version: bigint): boolean {
    return version === this.#base.version && !this.names(version);
  }

  /** The source's version at a place that the log covers. */
  versionAt(sequence: number): bigint {
    const index = this.#firstAfter(sequence) - 1;
    return this.#entries[index]?.change.version ?? this.#base.version;
  }

  /** Entries behind a place that concern the workspace, oldest first. */
  after(sequence: number, workspace: string): LogEntry[] {
    const start = this.#firstAfter(sequence);
    const all = start === 0 ? this.#entries : this.#entries.slice(start);
    return workspace === '*'
      ? [...all]
      : all.filter((entry) => entry.change.workspace === workspace || entry.change.workspace === '*');
  }

  #firstAfter(sequence: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as LogEntry).sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Drops the older half, so that trimming costs little per entry. */
  #trim(): void {
    let drop = 0;
    while (
      drop < this.#entries.length - 1 &&
      (this.#entries.length - drop > this.#limits.entries / 2 || this.#bytes > this.#limits.bytes / 2)
    ) {
      this.#bytes -= (this.#entries[drop] as LogEntry).change.size;
      drop++;
    }
    const last = this.#entries[drop - 1];
    if (last !== undefined) {
      this.#base = { sequence: last.sequence, version: last.change.version };
      this.#trimmed = true;
    }
    this.#entries = this.#entries.slice(drop);
  }
}
