/** Which of a cluster's cached objects name which others: by kind and name. */
import type { CachedObject } from '../clusters/reflector.ts';

export class Referrers {
  readonly #byKind = new Map<string, Map<string, Set<CachedObject>>>();
  readonly #listeners = new Set<(kind: string) => void>();

  add(cached: CachedObject): void {
    for (const { target } of cached.mark?.refs ?? []) {
      const known = this.#byKind.get(target.kind);
      const byName = known ?? new Map<string, Set<CachedObject>>();
      this.#byKind.set(target.kind, byName);
      const set = byName.get(target.name);
      if (set === undefined) byName.set(target.name, new Set([cached]));
      else set.add(cached);
      if (known === undefined) for (const listener of this.#listeners) listener(target.kind);
    }
  }

  delete(cached: CachedObject): void {
    for (const { target } of cached.mark?.refs ?? []) {
      const byName = this.#byKind.get(target.kind);
      const set = byName?.get(target.name);
      set?.delete(cached);
      if (set?.size === 0) byName?.delete(target.name);
      if (byName?.size === 0) this.#byKind.delete(target.kind);
    }
  }

  /** `group/Kind` of all that are named. */
  get kinds(): Iterable<string> {
    return this.#byKind.keys();
  }

  of(kind: string, name: string): Iterable<CachedObject> {
    return [...(this.#byKind.get(kind)?.get(name) ?? [])];
  }

  ofKind(kind: string): Iterable<CachedObject> {
    return new Set([...(this.#byKind.get(kind)?.values() ?? [])].flatMap((set) => [...set]));
  }

  /** Called when a kind is named for the first time. Returns unsubscribe. */
  onKind(listener: (kind: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
