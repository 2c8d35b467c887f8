/**
 * Moments at which what views show changed without a change of any object: a cluster left, a projection was changed. A
 * watch cannot be resumed across one, for what was taken from sight is in no log. Lists that follow have the moment's own
 * version (`moments.ts`), so that watches can begin there.
 */
export class Barriers {
  #everywhere = 0;
  readonly #byWorkspace = new Map<string, number>();

  /** `place` in this process's sequence; `workspace` undefined: for all. */
  raise(workspace: string | undefined, place: number): void {
    if (workspace === undefined) this.#everywhere = place;
    else this.#byWorkspace.set(workspace, place);
  }

  /** Place of the last one that concerns the workspace; 0: there was none. */
  of(workspace: string): number {
    return Math.max(this.#everywhere, this.#byWorkspace.get(workspace) ?? 0);
  }
}
