/** Child processes that never outlive this one, not even when it is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Starts a shell that waits for its input to end, which the kernel brings about however this process dies, and then
 * kills what the `pids` folder names and removes `folder`. Detached: Ctrl-C must not reach it before its work is done.
 * @returns what ends the guard's wait now.
 */
export function guardFolder(folder: string): () => void {
  mkdirSync(join(folder, 'pids'), { recursive: true });
  // Twice: a server that is being killed may still finish making a file.
  const script = `cat >/dev/null
    for f in "$1"/pids/*; do kill -9 "$(cat "$f")"; done 2>/dev/null
    rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }`;
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  guard.stdin.on('error', () => {});
  return () => guard.stdin.end();
}

/** Notes a child, so that the folder's guard kills it should this process die. */
export function noteChild(folder: string, child: ChildProcess): void {
  if (child.pid === undefined) return;
  const file = join(folder, 'pids', String(child.pid));
  writeFileSync(file, String(child.pid));
  child.once('exit', () => rmSync(file, { force: true }));
}

export interface ServerSpec {
  readonly name: string;
  readonly binary: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One server of a cluster: started, killed and started again with the same arguments. */
export class ServerProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #spec: ServerSpec;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(spec: ServerSpec, folder: string) {
    this.name = spec.name;
    this.#spec = spec;
    this.#folder = folder;
    this.logFile = join(folder, `${spec.name}.log`);
  }

  /** Told to run: it was started, and not killed since. */
  started = false;

  get running(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (this.#child !== undefined) return;
    this.started = true;
    const log = openSync(this.logFile, 'a');
    const child = spawn(this.#spec.binary, this.#spec.args, {
      cwd: this.#folder,
      env: { ...process.env, NO_PROXY: '*', no_proxy: '*', ...this.#spec.env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    noteChild(this.#folder, child);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const ended = () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once('exit', ended);
      child.once('error', ended);
    });
  }

  /** Sends a signal; for those that end a process, resolves when it has ended. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#child === undefined) return;
    this.#child.kill(signal);
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM' && signal !== 'SIGINT') return;
    this.started = false;
    await this.#exited;
  }

  /** The end of its log, for error messages. */
  logTail(lines = 15): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '';
    }
  }
}
