/** Who owns whom, by uid: only objects that have owners, or wait for their dependents, are in it. */
import type { KubeObject, OwnerReference } from '../../kube/object.ts';

export interface GraphNode {
  readonly uid: string;
  readonly owners: readonly OwnerReference[];
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(key: string): GraphNode | undefined {
    return this.#nodes.get(key);
  }

  /** Store keys of the objects that name this uid as an owner. */
  dependentsOf(uid: string): readonly string[] {
    return [...(this.#dependents.get(uid) ?? [])];
  }

  /** Answers true when the owners are new or changed. */
  put(key: string, { metadata }: KubeObject): boolean {
    const owners = metadata.ownerReferences ?? [];
    const before = this.#nodes.get(key);
    if (before !== undefined && sameOwners(before.owners, owners) && before.uid === metadata.uid) return false;
    this.remove(key);
    if (owners.length === 0) return before !== undefined;
    this.#nodes.set(key, { uid: metadata.uid as string, owners });
    for (const { uid } of owners) {
      const set = this.#dependents.get(uid) ?? new Set();
      this.#dependents.set(uid, set.add(key));
    }
    return true;
  }

  remove(key: string): GraphNode | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    this.#nodes.delete(key);
    for (const { uid } of node.owners) {
      const set = this.#dependents.get(uid);
      set?.delete(key);
      if (set?.size === 0) this.#dependents.delete(uid);
    }
    return node;
  }
}

const sameOwners = (a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean =>
  a.length === b.length &&
  a.every((one, at) => one.uid === b[at]?.uid && one.blockOwnerDeletion === b[at]?.blockOwnerDeletion);
