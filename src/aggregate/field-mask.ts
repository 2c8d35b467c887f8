/** What is left of an object where a projection shows only some of its fields. Pure. */
import { getKey, isMap, type JsonMap, setKey } from '../hub/patch/json-value.ts';
import { parsePointer } from '../kube/json-pointer.ts';
import type { Json } from '../kube/object.ts';

/** Paths as a tree: what is reached by a leaf is shown whole. `*` is every element of a list and every key of a map. */
export interface FieldMask {
  readonly whole: boolean;
  readonly below: ReadonlyMap<string, FieldMask>;
}

interface Building {
  whole: boolean;
  readonly below: Map<string, Building>;
}

export function parseMask(paths: readonly string[]): FieldMask {
  const root: Building = { whole: false, below: new Map() };
  for (const path of paths) {
    let here = root;
    for (const segment of parsePointer(path) ?? []) {
      const next = here.below.get(segment) ?? { whole: false, below: new Map() };
      here.below.set(segment, next);
      here = next;
    }
    here.whole = true;
  }
  return root;
}

/** Of metadata these are shown only where the mask names them; all else of it says which object this is. */
const MASKED_METADATA: readonly string[] = ['annotations', 'managedFields'];

/** A copy with what the mask names; `apiVersion`, `kind` and what identifies the object always stay. */
export function maskObject(object: JsonMap, mask: FieldMask): JsonMap {
  const shown = (pick(object, mask) ?? {}) as JsonMap;
  const metadata = isMap(object.metadata) ? object.metadata : {};
  const kept: JsonMap = {};
  for (const key of Object.keys(metadata)) if (!MASKED_METADATA.includes(key)) setKey(kept, key, metadata[key] ?? null);
  for (const key of MASKED_METADATA) {
    const picked = isMap(shown.metadata) ? getKey(shown.metadata, key) : undefined;
    if (picked !== undefined) setKey(kept, key, picked);
  }
  const { apiVersion, kind } = object;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...shown,
    metadata: kept,
  };
}

/** Undefined where nothing of the value is shown. */
function pick(value: Json, mask: FieldMask): Json | undefined {
  if (mask.whole) return value;
  if (Array.isArray(value)) {
    const picked = value.map((element, index) => pickBelow(element, mask, String(index)));
    return picked.some((one) => one !== undefined)
      ? picked.flatMap((one) => (one === undefined ? [] : [one]))
      : undefined;
  }
  if (!isMap(value)) return undefined;
  const picked: JsonMap = {};
  let any = false;
  for (const key of Object.keys(value)) {
    const below = pickBelow(value[key] as Json, mask, key);
    if (below === undefined) continue;
    setKey(picked, key, below);
    any = true;
  }
  return any ? picked : undefined;
}

function pickBelow(value: Json, { below }: FieldMask, key: string): Json | undefined {
  const named = below.get(key);
  const every = below.get('*');
  if (named === undefined || every === undefined) {
    const mask = named ?? every;
    return mask === undefined ? undefined : pick(value, mask);
  }
  return pick(value, united(named, every));
}

function united(a: FieldMask, b: FieldMask): FieldMask {
  const below = new Map(a.below);
  for (const [key, mask] of b.below) {
    const known = below.get(key);
    below.set(key, known === undefined ? mask : united(known, mask));
  }
  return { whole: a.whole || b.whole, below };
}
