/** The objects of one reflector: by namespace and name, with the names of each namespace in order. */
import type { KubeObject } from '../kube/object.ts';
import { type ScannedObject, scanObject } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Downstream } from './downstream.ts';
import type { CachedObject, EncodedMark, EncodeObject } from './reflector.ts';
import { encodePlain, isCanonical } from './reflector-encode.ts';

/** What one entry costs beside its bytes, roughly: fields, labels, two map slots. */
const ENTRY_BYTES = 600;

export class CacheEntry implements CachedObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: bigint;
  readonly labels: Readonly<Record<string, string>>;
  bytes: Buffer;
  nameAt: number;
  encoded: boolean;
  mark: EncodedMark | undefined;

  constructor(scanned: ScannedObject, form: { bytes: Buffer; nameAt: number; mark?: EncodedMark }, encoded: boolean) {
    this.namespace = scanned.namespace;
    this.name = scanned.name;
    this.uid = scanned.uid;
    this.resourceVersion = scanned.resourceVersion;
    this.labels = scanned.labels;
    this.bytes = form.bytes;
    this.nameAt = form.nameAt;
    this.mark = form.mark;
    this.encoded = encoded;
  }

  get size(): number {
    return this.bytes.length + ENTRY_BYTES;
  }

  object(): KubeObject {
    return JSON.parse(this.bytes.toString('utf8')) as KubeObject;
  }
}

export const scanCanonical = (raw: Buffer): ScannedObject => canonical(scanObject(raw));

/** An object that is written in an unusual way (spaces, kind last) is brought into the usual one. */
export function canonical(scanned: ScannedObject): ScannedObject {
  if (isCanonical(scanned)) return scanned;
  const { kind, apiVersion, ...rest } = JSON.parse(scanned.bytes.toString('utf8')) as Record<string, unknown>;
  return scanObject(Buffer.from(JSON.stringify(kind === undefined ? rest : { kind, apiVersion, ...rest })));
}

/** Makes entries out of what a cluster sent. */
export class EntryMaker {
  readonly #resource: ResourceInfo;
  readonly #encode: EncodeObject;

  constructor(resource: ResourceInfo, encode: EncodeObject) {
    this.#resource = resource;
    this.#encode = encode;
  }

  make(object: ScannedObject, downstream: Downstream): CacheEntry {
    const scanned = canonical(object);
    const encoded = this.#encode(scanned, downstream, this.#resource);
    if (encoded !== undefined) return new CacheEntry(scanned, encoded, true);
    return new CacheEntry(scanned, this.#plain(scanned, downstream), false);
  }

  /** Tries again to encode; true when the entry now is. */
  retry(entry: CacheEntry, downstream: Downstream): boolean {
    const encoded = this.#encode(scanObject(entry.bytes), downstream, this.#resource);
    if (encoded === undefined) return false;
    entry.bytes = encoded.bytes;
    entry.nameAt = encoded.nameAt;
    entry.mark = encoded.mark;
    entry.encoded = true;
    return true;
  }

  #plain(scanned: ScannedObject, downstream: Downstream): { bytes: Buffer; nameAt: number } {
    return encodePlain(scanned, downstream, this.#resource) as { bytes: Buffer; nameAt: number };
  }
}

const EMPTY: readonly string[] = [];

export class ObjectCache {
  readonly #namespaces = new Map<string, Map<string, CacheEntry>>();
  readonly #names = new Map<string, readonly string[]>();
  #bytes = 0;
  #size = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): CacheEntry | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  /** Answers what stood there before. */
  set(entry: CacheEntry): CacheEntry | undefined {
    let names = this.#namespaces.get(entry.namespace);
    if (names === undefined) {
      names = new Map();
      this.#namespaces.set(entry.namespace, names);
    }
    const previous = names.get(entry.name);
    names.set(entry.name, entry);
    this.#bytes += entry.size - (previous?.size ?? 0);
    if (previous === undefined) {
      this.#size++;
      this.#names.delete(entry.namespace);
    }
    return previous;
  }

  delete(namespace: string, name: string): CacheEntry | undefined {
    const names = this.#namespaces.get(namespace);
    const previous = names?.get(name);
    if (names === undefined || previous === undefined) return undefined;
    names.delete(name);
    this.#bytes -= previous.size;
    this.#size--;
    this.#names.delete(namespace);
    if (names.size === 0) this.#namespaces.delete(namespace);
    return previous;
  }

  /** Applies a change of an entry in place, so that the byte count stays right. */
  resize(entry: CacheEntry, change: () => boolean): boolean {
    const before = entry.size;
    const changed = change();
    this.#bytes += entry.size - before;
    return changed;
  }

  *list(namespace?: string): Generator<CacheEntry> {
    if (namespace !== undefined) yield* this.#namespaces.get(namespace)?.values() ?? [];
    else for (const names of this.#namespaces.values()) yield* names.values();
  }

  names(namespace: string): readonly string[] {
    const known = this.#names.get(namespace);
    if (known !== undefined) return known;
    const map = this.#namespaces.get(namespace);
    if (map === undefined) return EMPTY;
    const sorted = [...map.keys()].sort();
    this.#names.set(namespace, sorted);
    return sorted;
  }

  namespaces(): IterableIterator<string> {
    return this.#namespaces.keys();
  }
}
