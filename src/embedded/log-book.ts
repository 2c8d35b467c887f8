/** What a container has written: the newest lines, and whoever follows them. */

export interface LogLine {
  /** Milliseconds since epoch. */
  readonly time: number;
  readonly text: string;
}

const KEPT_LINES = 5_000;

export class LogBook {
  readonly #lines: LogLine[] = [];
  readonly #followers = new Set<{ line: (line: LogLine) => void; end: () => void }>();
  #ended = false;

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  append(time: number, output: string): void {
    for (const text of output.replace(/\n$/, '').split('\n')) {
      const line = { time, text };
      this.#lines.push(line);
      for (const follower of this.#followers) follower.line(line);
    }
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
  }

  /** Calls `line` for each new line and `end` once the container is gone. Returns unfollow. */
  follow(line: (line: LogLine) => void, end: () => void): () => void {
    if (this.#ended) {
      end();
      return () => {};
    }
    const follower = { line, end };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  end(): void {
    this.#ended = true;
    for (const follower of this.#followers) follower.end();
    this.#followers.clear();
  }
}
