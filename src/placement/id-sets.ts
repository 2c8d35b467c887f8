/** Sets of ids by key. Most have one member in a hub of many small workspaces: that one stands there without a set. */
export class IdSets {
  readonly #sets = new Map<string, string | Set<string>>();

  keys(): Iterable<string> {
    return this.#sets.keys();
  }

  of(key: string): Iterable<string> {
    const found = this.#sets.get(key);
    return typeof found === 'string' ? [found] : (found ?? []);
  }

  add(key: string, id: string): void {
    const found = this.#sets.get(key);
    if (found === undefined) this.#sets.set(key, id);
    else if (typeof found !== 'string') found.add(id);
    else if (found !== id) this.#sets.set(key, new Set([found, id]));
  }

  delete(key: string, id: string): void {
    const found = this.#sets.get(key);
    if (found === id) this.#sets.delete(key);
    else if (found instanceof Set && found.delete(id) && found.size === 0) this.#sets.delete(key);
  }
}
