/**
 * Moments at which what views show changed without a change of any object: a cluster left, a projection was changed. A
 * watch cannot be resumed across one, for what was taken from sight is in no log. Lists that follow carry the hub's
 * revision of that moment as their version, so that watches can begin there.
 */
import { HUB_SLOT } from './resource-version.ts';
import type { ChangeLog } from './source-log.ts';

export interface Barrier {
  /** Place in this process's sequence. */
  readonly sequence: number;
  /** The hub's revision. */
  readonly version: bigint;
}

export class Barriers {
  #everywhere: Barrier | undefined;
  readonly #byWorkspace = new Map<string, Barrier>();

  /** `workspace` undefined: for all. */
  raise(workspace: string | undefined, barrier: Barrier): void {
    if (workspace === undefined) this.#everywhere = barrier;
    else this.#byWorkspace.set(workspace, barrier);
  }

  /** The last one that concerns the workspace. */
  of(workspace: string): Barrier | undefined {
    const own = this.#byWorkspace.get(workspace);
    return own === undefined || (this.#everywhere?.sequence ?? 0) > own.sequence ? this.#everywhere : own;
  }
}

/** False where the version also names a change of the view's own: it may have been given out before the barrier. */
export const namesBarrier = (
  { version }: Barrier,
  sources: readonly { readonly slot: number; readonly log: ChangeLog }[],
): boolean => !sources.some(({ slot, log }) => slot === HUB_SLOT && log.has(version));
