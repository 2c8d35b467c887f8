/**
 * Which clusters a workspace may use: its own and its ancestors', narrowed by each registration, the nearest of equal
 * name. One look-up walks the depth of the path; answers are kept and shared, so equal sets are the same array.
 */
import { LRUCache } from 'lru-cache';

export interface VisibleItem {
  readonly clusterName: string;
  readonly workspace: string;
}

interface Placed<T> {
  readonly item: T;
  readonly patterns: readonly string[] | undefined;
}

/** As `maxSize`: room for `max` would be taken at the start. */
const REMEMBERED = { maxSize: 50_000, sizeCalculation: () => 1 };

export class VisibilityTree<T extends VisibleItem> {
  readonly #byWorkspace = new Map<string, Map<string, Placed<T>>>();
  readonly #answers = new LRUCache<string, readonly T[]>(REMEMBERED);
  readonly #sets = new Map<string, readonly T[]>();

  /** `patterns` is the registration's `spec.workspaces`; undefined: the item's own workspace and all below. */
  put(item: T, patterns: readonly string[] | undefined): void {
    const here = this.#byWorkspace.get(item.workspace) ?? new Map<string, Placed<T>>();
    this.#byWorkspace.set(item.workspace, here);
    here.set(item.clusterName, { item, patterns });
    this.#forgetAnswers();
  }

  remove(workspace: string, clusterName: string): void {
    const here = this.#byWorkspace.get(workspace);
    if (!here?.delete(clusterName)) return;
    if (here.size === 0) this.#byWorkspace.delete(workspace);
    this.#forgetAnswers();
  }

  /** By name. The same array for as long as nothing joins or leaves, and for every workspace with the same set. */
  visibleTo(workspace: string): readonly T[] {
    let answer = this.#answers.get(workspace);
    if (answer === undefined) {
      answer = this.#shared(this.#compute(workspace));
      this.#answers.set(workspace, answer);
    }
    return answer;
  }

  get(workspace: string, clusterName: string): T | undefined {
    for (const ancestor of selfAndAncestors(workspace)) {
      const placed = this.#byWorkspace.get(ancestor)?.get(clusterName);
      if (placed !== undefined && admits(placed.patterns, workspace)) return placed.item;
    }
    return undefined;
  }

  #compute(workspace: string): T[] {
    const found = new Map<string, T>();
    for (const ancestor of selfAndAncestors(workspace)) {
      for (const [name, { item, patterns }] of this.#byWorkspace.get(ancestor) ?? []) {
        if (!found.has(name) && admits(patterns, workspace)) found.set(name, item);
      }
    }
    return [...found.values()].sort((a, b) => (a.clusterName < b.clusterName ? -1 : 1));
  }

  #shared(items: T[]): readonly T[] {
    const key = items.map(({ workspace, clusterName }) => `${workspace}/${clusterName}`).join(' ');
    const known = this.#sets.get(key);
    if (known === undefined) this.#sets.set(key, items);
    return known ?? items;
  }

  #forgetAnswers(): void {
    this.#answers.clear();
    this.#sets.clear();
  }
}

/** `root:a:b` → `root:a:b`, `root:a`, `root`. */
export function selfAndAncestors(workspace: string): string[] {
  const paths = [workspace];
  for (let at = workspace.lastIndexOf(':'); at > 0; at = workspace.lastIndexOf(':', at - 1)) {
    paths.push(workspace.slice(0, at));
  }
  return paths;
}

/** `root:a` admits that workspace, `root:a:*` all below it, `*` all. */
export function admits(patterns: readonly string[] | undefined, workspace: string): boolean {
  if (patterns === undefined || patterns.length === 0) return true;
  return patterns.some(
    (pattern) =>
      pattern === '*' ||
      pattern === workspace ||
      (pattern.endsWith(':*') && workspace.startsWith(pattern.slice(0, -1))),
  );
}
