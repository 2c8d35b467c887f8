/**
 * Objects by key as their JSON text, parsed when asked for: as text an object takes a third of what it takes parsed, and
 * of the many that a controller follows few are ever looked at. Those looked at a moment ago stay parsed.
 */
import { parseStoredJson, stringifyJson } from '../kube/exact-json.ts';
import type { KubeObject } from '../kube/object.ts';

/** Of each generation: the newest, and the one before it. */
const KEPT_PARSED = 500;

export class PackedObjects {
  readonly #texts = new Map<string, string>();
  #newest = new Map<string, KubeObject>();
  #older = new Map<string, KubeObject>();

  get size(): number {
    return this.#texts.size;
  }

  has(key: string): boolean {
    return this.#texts.has(key);
  }

  keys(): IterableIterator<string> {
    return this.#texts.keys();
  }

  /** Shared with others who ask: do not mutate. */
  get(key: string): KubeObject | undefined {
    const parsed = this.#newest.get(key) ?? this.#older.get(key);
    if (parsed !== undefined) return parsed;
    const text = this.#texts.get(key);
    if (text === undefined) return undefined;
    const object = parseStoredJson(text) as unknown as KubeObject;
    this.#remember(key, object);
    return object;
  }

  set(key: string, object: KubeObject): void {
    this.#texts.set(key, stringifyJson(object));
    this.#older.delete(key);
    this.#remember(key, object);
  }

  delete(key: string): void {
    this.#texts.delete(key);
    this.#newest.delete(key);
    this.#older.delete(key);
  }

  #remember(key: string, object: KubeObject): void {
    if (this.#newest.size >= KEPT_PARSED) {
      this.#older = this.#newest;
      this.#newest = new Map();
    }
    this.#newest.set(key, object);
  }
}
