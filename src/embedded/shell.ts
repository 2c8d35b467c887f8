/** Runs command lines in a simulated container: variables, folder, pipes and redirects around the table of commands. */

import { type Files, resolvePath } from './files.ts';
import { SHELL_COMMANDS } from './shell-commands.ts';
import { ShellExit } from './shell-exit.ts';
import { parseShell, type ShellCommand } from './shell-grammar.ts';

export interface ShellIo {
  readonly stdin: AsyncIterable<Buffer>;
  stdout(chunk: Buffer | string): void;
  stderr(chunk: Buffer | string): void;
  readonly signal: AbortSignal;
}

export async function* noInput(): AsyncGenerator<Buffer> {}

export class Shell {
  readonly files: Files;
  readonly variables: Map<string, string>;
  folder: string;
  #last = 0;

  constructor(files: Files, variables: Readonly<Record<string, string>>, folder: string) {
    this.files = files;
    this.variables = new Map(Object.entries(variables));
    this.folder = folder;
  }

  path(path: string): string {
    return resolvePath(this.folder, path);
  }

  /** Runs a script; returns its exit code (2 for what cannot be parsed, 127 for an unknown command). */
  async script(text: string, io: ShellIo): Promise<number> {
    try {
      for (const pipeline of parseShell(text)) {
        if (pipeline.join === '&&' && this.#last !== 0) continue;
        if (pipeline.join === '||' && this.#last === 0) continue;
        this.#last = await this.#pipeline(pipeline.commands, io);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      io.stderr(`sh: ${error.message}\n`);
      this.#last = 2;
    }
    return this.#last;
  }

  /** Runs one command with its words as they are; `exit` gives its code. */
  async exec(words: readonly string[], io: ShellIo): Promise<number> {
    try {
      return await this.#run(words, io);
    } catch (error) {
      if (error instanceof ShellExit) return error.code;
      throw error;
    }
  }

  #value(name: string): string {
    return name === '?' ? String(this.#last) : name === '$' ? '1' : (this.variables.get(name) ?? '');
  }

  async #pipeline(commands: readonly ShellCommand[], io: ShellIo): Promise<number> {
    let input: AsyncIterable<Buffer> = io.stdin;
    let code = 0;
    const value = (name: string): string => this.#value(name);
    for (const [index, command] of commands.entries()) {
      const captured: Buffer[] = [];
      const capture = index < commands.length - 1 || command.output !== undefined;
      const stdout = capture ? (chunk: Buffer | string) => void captured.push(Buffer.from(chunk)) : io.stdout;
      if (command.input !== undefined) {
        const name = command.input(value) ?? '';
        const file = this.files.read(this.path(name));
        if (!file) {
          io.stderr(`sh: ${name}: No such file or directory\n`);
          return 1;
        }
        input = once(file);
      }
      code = await this.#run(
        command.words.flatMap((word) => word(value) ?? []),
        { ...io, stdin: input, stdout },
      );
      const output = Buffer.concat(captured);
      if (command.output) {
        const path = this.path(command.output.path(value) ?? '');
        const before = command.output.append ? this.files.read(path) : undefined;
        this.files.write(path, before ? Buffer.concat([before, output]) : output);
      }
      input = once(output);
    }
    return code;
  }

  async #run(words: readonly string[], io: ShellIo): Promise<number> {
    const [name = '', ...args] = words;
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(name);
    if (assignment) {
      this.variables.set(assignment[1] as string, assignment[2] as string);
      return args.length > 0 ? this.#run(args, io) : 0;
    }
    const command = SHELL_COMMANDS.get(name.slice(name.lastIndexOf('/') + 1));
    if (!command) {
      io.stderr(`sh: ${name}: not found\n`);
      return 127;
    }
    try {
      return (await command(this, args, io)) ?? 0;
    } catch (error) {
      if (error instanceof ShellExit || io.signal.aborted) throw error;
      io.stderr(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
}
