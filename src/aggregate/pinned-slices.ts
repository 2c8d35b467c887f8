/** A source's state at an earlier place of its log: the present, with everything since undone. */

import { expired } from '../kube/status.ts';
import type { Item } from './item.ts';
import type { Slice, Source } from './source.ts';
import type { LogEntry } from './source-log.ts';

/** Undefined where the log does not reach back to the version. */
export function slicesAt(
  source: Source,
  workspace: string,
  namespace: string | undefined,
  version: bigint,
): Slice[] | undefined {
  const place = source.log.find(version);
  if (place === undefined) return undefined;
  const undone = undoSince(source, workspace, namespace, place);
  const slices = source.slices(workspace, namespace);
  if (undone.size === 0) return slices;
  const present = new Set(slices.map((slice) => slice.namespace));
  const vanished = [...undone.keys()].filter((one) => !present.has(one));
  return [...slices, ...vanished.map((one) => ({ namespace: one, names: [], get: () => undefined }))].map((slice) =>
    overlay(slice, undone.get(slice.namespace)),
  );
}

type Undone = Map<string, Map<string, Item | undefined>>;

function undoSince(source: Source, workspace: string, namespace: string | undefined, place: number): Undone {
  const entries = source.log.after(place, workspace);
  const concerned = namespace === undefined ? entries : entries.filter(({ change }) => change.namespace === namespace);
  return undoInto(new Map(), concerned);
}

function undoInto(undone: Undone, entries: readonly LogEntry[]): Undone {
  for (const { change } of entries) {
    const names = undone.get(change.namespace) ?? new Map<string, Item | undefined>();
    undone.set(change.namespace, names);
    // The first change since the place knows what stood there at the place.
    if (!names.has(change.name)) names.set(change.name, change.previous);
  }
  return undone;
}

function overlay(slice: Slice, undone: Map<string, Item | undefined> | undefined): Slice {
  if (undone === undefined) return slice;
  const names = new Set(slice.names);
  for (const name of undone.keys()) names.add(name);
  return {
    namespace: slice.namespace,
    names: names.size === slice.names.length ? slice.names : [...names].sort(),
    get: (name) => (undone.has(name) ? undone.get(name) : slice.get(name)),
  };
}

/**
 * A source as it stood when this was made, read bit by bit: what changes meanwhile is undone from the log. The arrays of
 * names are never changed in place, so they need no copy.
 */
export class FrozenSource {
  readonly clusterName: string | undefined;
  readonly slices: readonly Slice[];
  readonly #source: Source;
  readonly #workspace: string;
  readonly #undone: Undone = new Map();
  #place: number;

  constructor(source: Source, workspace: string, namespace: string | undefined) {
    this.#source = source;
    this.#workspace = workspace;
    this.clusterName = source.clusterName;
    this.#place = source.log.latest.sequence;
    this.slices = source.slices(workspace, namespace).map((slice) => ({
      namespace: slice.namespace,
      names: slice.names,
      get: (name) => {
        const undone = this.#undone.get(slice.namespace);
        return undone?.has(name) === true ? undone.get(name) : slice.get(name);
      },
    }));
  }

  /** Throws ApiError 410 when the log does not reach back any more: the list cannot be finished. */
  resume(): void {
    const { log } = this.#source;
    if (log.baseSequence > this.#place) throw expired('The list took too long to send.');
    undoInto(this.#undone, log.after(this.#place, this.#workspace));
    this.#place = log.latest.sequence;
  }
}
