/** The end of a request as a signal that is made when somebody first asks for it: most answers are given without one. */

/** Made once: an error made per request costs its stack trace. */
export const ENDED = new Error('the client has gone, or the server stops');

export class Departure {
  #gone = false;
  #controller: AbortController | undefined;

  get gone(): boolean {
    return this.#gone;
  }

  /** Aborts when the client is gone, or the answer has ended. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#gone) this.#controller.abort(ENDED);
    }
    return this.#controller.signal;
  }

  end(): void {
    this.#gone = true;
    this.#controller?.abort(ENDED);
  }
}
