/** What one watch's caller is shown of it, and the steps by which that becomes what they may see. */
import { EVERYTHING, type Grant, grants, isSameGrant } from '../kube/access.ts';
import type { WatchType } from './watch-frames.ts';

/** What is to be said of the objects of a namespace; undefined: nothing. */
export type ToTell = (namespace: string) => 'ADDED' | 'DELETED' | undefined;

export class WatchGrant {
  #shown: Grant = EVERYTHING;
  /** What they may see, until they are told of the difference. */
  #coming: Grant | undefined;
  #wanted: Grant | undefined;
  #telling = false;
  #changed = false;

  /** True while a change is being told. */
  get telling(): boolean {
    return this.#telling;
  }

  /** True once the client was shown something else than what the view's log says. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Of what is about to go, only that it is gone; of what is about to come, nothing yet. */
  mayTell(namespace: string, type: WatchType): boolean {
    if (!grants(this.#shown, namespace)) return false;
    return this.#coming === undefined || type === 'DELETED' || grants(this.#coming, namespace);
  }

  /** One change is told after the other; of those that come meanwhile the last counts. Rejects as `tell` does. */
  async change(grant: Grant, tell: (next: Grant) => Promise<void>): Promise<void> {
    this.#wanted = grant;
    if (this.#telling) return;
    this.#telling = true;
    while (this.#wanted !== undefined) {
      const next: Grant = this.#wanted;
      this.#wanted = undefined;
      if (isSameGrant(this.#shown, next)) continue;
      this.#coming = next;
      await tell(next);
    }
    this.#telling = false;
  }

  /** To be called at the moment of the list by which the difference is told: from here on `mayTell` goes by `next`. */
  take(next: Grant): ToTell {
    const before = this.#shown;
    this.#shown = next;
    this.#coming = undefined;
    this.#changed = true;
    return (namespace) => {
      const [was, is] = [grants(before, namespace), grants(next, namespace)];
      return was === is ? undefined : is ? 'ADDED' : 'DELETED';
    };
  }
}
