/**
 * Stored values in the version that is asked for: they go out as values of the store again, so that whoever reads them
 * need not know. What lists and watches convert is kept for a while, since they meet the same objects again and again.
 */
import { LRUCache } from 'lru-cache';
import type { KubeObject } from '../../kube/object.ts';
import { parsePlace } from '../keys.ts';
import type { JsonMap } from '../patch/json-value.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { decodeStored, encodeStored } from '../stored-object.ts';
import { upstreamKey } from '../write/upstream-key.ts';
import type { WebhookConversion } from './conversion.ts';
import { Undecodable } from './undecodable.ts';
import type { OpenedEntry } from './version-mark.ts';
import { ConversionError, type Convert } from './webhook-converter.ts';

/** A definition whose objects take a webhook to convert. */
export type Converted = ResourceDefinition & { readonly conversion: WebhookConversion };

export const isConverted = (definition: ResourceDefinition): definition is Converted =>
  definition.conversion !== undefined;

export interface EntryConverter {
  /** Of one workspace. `keep`: for those who will ask for the same entries again. Throws ApiError 500. */
  shown(definition: Converted, entries: readonly OpenedEntry[], keep: boolean): Promise<readonly OpenedEntry[]>;
  /** The plain bytes to store an object by. Throws ApiError 500. */
  stored(definition: Converted, workspace: string, object: KubeObject): Promise<Buffer>;
  /** The object in another version, resourceVersion and all. Throws ApiError 500. */
  object(definition: Converted, workspace: string, object: KubeObject, version: string): Promise<KubeObject>;
}

const KEPT_BYTES = 32 * 1024 * 1024;
/** Of objects in one review: with what the webhook adds, its answer must not become too large. */
const BATCH_BYTES = 1024 * 1024;

export function createEntryConverter(convert: Convert): EntryConverter {
  const kept = new LRUCache<string, Uint8Array>({ maxSize: KEPT_BYTES, sizeCalculation: (value) => value.length + 1 });
  const generations = new WeakMap<WebhookConversion, number>();
  let newest = 0;
  /** A changed CRD is another conversion. */
  const generationOf = (conversion: WebhookConversion): number => {
    const known = generations.get(conversion) ?? ++newest;
    generations.set(conversion, known);
    return known;
  };
  async function batch(
    { conversion, info, schema }: Converted,
    entries: readonly OpenedEntry[],
  ): Promise<readonly Uint8Array[]> {
    const { group, kind, unmarked } = conversion;
    const workspace = parsePlace((entries[0] as OpenedEntry).key).workspace;
    const objects = entries.map(({ value, revision, mark = unmarked }) =>
      withoutVersion(decodeStored({ apiVersion: `${group}/${mark}`, kind }, value, revision)),
    );
    const converted = await convert(conversion, workspace, objects, info.version);
    return converted.map((object) =>
      encodeStored(applyDefaults(object as unknown as JsonMap, schema) as unknown as KubeObject),
    );
  }
  return {
    async shown(definition, entries, keep) {
      const { conversion, info } = definition;
      const generation = generationOf(conversion);
      const keyOf = ({ key, revision }: OpenedEntry): string => `${generation} ${info.version} ${revision} ${key}`;
      const results = entries.map((entry): Uint8Array | undefined =>
        (entry.mark ?? conversion.unmarked) === info.version ? entry.value : keep ? kept.get(keyOf(entry)) : undefined,
      );
      const missing = entries.flatMap((entry, at) => (results[at] === undefined ? [{ entry, at }] : []));
      for (const part of inBatches(missing, ({ entry }) => entry.value.length)) {
        const values = await batch(
          definition,
          part.map(({ entry }) => entry),
        ).catch((error: unknown) => {
          throw error instanceof ConversionError ? undecodable(definition, error, part) : error;
        });
        for (const [index, { entry, at }] of part.entries()) {
          const value = values[index] as Uint8Array;
          results[at] = value;
          if (keep) kept.set(keyOf(entry), value);
        }
      }
      return entries.map(({ key, revision }, at) => ({ key, revision, value: results[at] as Uint8Array }));
    },
    async stored({ conversion }, workspace, object) {
      const [converted] = await convert(conversion, workspace, [withoutVersion(object)], conversion.storage);
      return encodeStored(converted as KubeObject);
    },
    async object({ conversion }, workspace, object, version) {
      const [converted] = await convert(conversion, workspace, [object], version);
      return converted as KubeObject;
    },
  };
}

/** What the store says of an object is not in what it stores. */
function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function* inBatches<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<readonly T[]> {
  let batch: T[] = [];
  let size = 0;
  for (const item of items) {
    if (batch.length > 0 && size + sizeOf(item) > BATCH_BYTES) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(item);
    size += sizeOf(item);
  }
  if (batch.length > 0) yield batch;
}

/** Tells of the entry that the error is about. */
function undecodable(
  definition: Converted,
  error: ConversionError,
  part: readonly { readonly entry: OpenedEntry }[],
): Undecodable {
  const { name = '', namespace = '' } = error.object.metadata;
  const found = part.find(({ entry }) => {
    const place = parsePlace(entry.key);
    return place.name === name && place.namespace === namespace;
  });
  return new Undecodable(upstreamKey(definition, namespace, name), found?.entry.revision ?? 0n, error);
}
