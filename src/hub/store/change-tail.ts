/** The newest changes in memory: what live watchers read, so that the database is asked only by those far behind. */
import type { LoggedChange } from './sqlite-read.ts';

export class ChangeTail {
  #changes: LoggedChange[] = [];
  #bytes = 0;
  #lastId: number;
  #wake: (() => void)[] = [];
  readonly #maxBytes: number;

  constructor(lastId: number, maxBytes = 16 * 1024 * 1024) {
    this.#lastId = lastId;
    this.#maxBytes = maxBytes;
  }

  /** Id of the newest durable change. */
  get lastId(): number {
    return this.#lastId;
  }

  append(changes: readonly LoggedChange[], lastId: number): void {
    for (const change of changes) this.#bytes += sizeOf(change);
    this.#changes.push(...changes);
    this.#lastId = lastId;
    let drop = 0;
    while (this.#bytes > this.#maxBytes && drop < this.#changes.length - 1)
      this.#bytes -= sizeOf(this.#changes[drop++] as LoggedChange);
    if (drop > 0) this.#changes.splice(0, drop);
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }

  /** Changes behind `id`; undefined when the tail no longer reaches back so far. */
  after(id: number): readonly LoggedChange[] | undefined {
    if (id >= this.#lastId) return [];
    const first = this.#changes[0];
    if (first === undefined || first.id > id + 1) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle] as LoggedChange).id > id) high = middle;
      else low = middle + 1;
    }
    return this.#changes.slice(low);
  }

  /** Resolves at the next append, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const onAbort = () => {
        this.#wake = this.#wake.filter((one) => one !== wake);
        resolve();
      };
      const wake = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake.push(wake);
    });
  }
}

const sizeOf = (change: LoggedChange): number => change.value.length + (change.previous?.length ?? 0) + 200;
