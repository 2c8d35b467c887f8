/** A source's state at an earlier place of its log: the present, with everything since undone. */
import type { Item } from './item.ts';
import type { Slice, Source } from './source.ts';

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
  const undone: Undone = new Map();
  for (const { change } of source.log.after(place, workspace)) {
    if (namespace !== undefined && change.namespace !== namespace) continue;
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
