/** The commands that a simulated container knows, as a table: name → what it does. Returns the exit code, 0 when none. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shell, ShellIo } from './shell.ts';
import { ShellExit } from './shell-exit.ts';
import { readTar, writeTar } from './tar.ts';

type Command = (shell: Shell, args: readonly string[], io: ShellIo) => number | undefined | Promise<number | undefined>;

const done = undefined;

const readAll = async (input: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const plain = (args: readonly string[]): string[] => args.filter((arg) => !arg.startsWith('-') || arg === '-');

/** Bytes of the files named, or of standard input. */
async function inputs(shell: Shell, names: readonly string[], io: ShellIo): Promise<Buffer> {
  if (names.length === 0) return readAll(io.stdin);
  return Buffer.concat(names.map((name) => fileOf(shell, name)));
}

function fileOf(shell: Shell, name: string): Buffer {
  const path = shell.path(name);
  const bytes = shell.files.read(path);
  if (bytes) return bytes;
  throw new Error(`${name}: ${shell.files.isFolder(path) ? 'Is a directory' : 'No such file or directory'}`);
}

const linesOf = (bytes: Buffer): string[] => {
  const text = bytes.toString();
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
};
const joined = (lines: readonly string[]): string => (lines.length > 0 ? `${lines.join('\n')}\n` : '');

/** `-n 5`, `-n5` or `-5`; 10 where none is given. */
function countOption(args: readonly string[]): { count: number; names: string[] } {
  const at = args.findIndex((arg) => /^-(n\d*|\d+)$/.test(arg));
  if (at < 0) return { count: 10, names: [...args] };
  const inline = /\d+$/.exec(args[at] as string)?.[0];
  return {
    count: Number(inline ?? args[at + 1] ?? 10),
    names: args.filter((_, i) => i !== at && (inline || i !== at + 1)),
  };
}

async function subshell(shell: Shell, args: readonly string[], io: ShellIo): Promise<number> {
  const at = args.findIndex((arg) => /^-[a-z]*c$/.test(arg));
  try {
    if (at >= 0) return await shell.script(args[at + 1] ?? '', io);
    return await interactive(shell, io);
  } catch (error) {
    if (error instanceof ShellExit) return error.code;
    throw error;
  }
}

/** Reads command lines from standard input; with a terminal it prompts and echoes (see terminal.ts). */
async function interactive(shell: Shell, io: ShellIo): Promise<number> {
  const terminal = shell.variables.get('TERM') !== undefined;
  const prompt = (): void => void (terminal && io.stdout('/ # '.replace('/', shell.folder)));
  let pending = '';
  let code = 0;
  prompt();
  for await (const chunk of io.stdin) {
    pending += chunk.toString();
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
      code = await shell.script(pending.slice(0, end), io);
      pending = pending.slice(end + 1);
      prompt();
    }
  }
  return pending.trim() === '' ? code : shell.script(pending, io);
}

function list(shell: Shell, args: readonly string[], io: ShellIo): number {
  const long = args.some((arg) => /^-\w*l/.test(arg));
  const targets = plain(args);
  let code = 0;
  for (const target of targets.length > 0 ? targets : ['.']) {
    const path = shell.path(target);
    const names = shell.files.isFolder(path) ? shell.files.names(path) : shell.files.read(path) ? [target] : undefined;
    if (!names) {
      io.stderr(`ls: ${target}: No such file or directory\n`);
      code = 1;
      continue;
    }
    const rows = names.map((name) => {
      const full = shell.files.isFolder(path) ? shell.path(`${target}/${name}`) : path;
      const bytes = shell.files.read(full);
      return long
        ? `${bytes ? '-rw-r--r--' : 'drwxr-xr-x'}    1 root     root     ${String(bytes?.length ?? 4096).padStart(9)} ${name}`
        : name;
    });
    io.stdout(joined(rows));
  }
  return code;
}

/** `tar cf - PATH…` and `tar xf - -C FOLDER`: what `kubectl cp` runs. */
async function tar(shell: Shell, args: readonly string[], io: ShellIo): Promise<number> {
  const mode = (args[0] ?? '').replace(/^-/, '');
  const folderAt = args.indexOf('-C');
  const folder = folderAt >= 0 ? shell.path(args[folderAt + 1] ?? '.') : shell.folder;
  const names = args
    .slice(1)
    .filter((arg, index) => arg !== '-' && index + 1 !== folderAt && index !== folderAt && !arg.startsWith('--'));
  if (mode.includes('x')) {
    for (const { name, bytes } of readTar(await readAll(io.stdin))) {
      const path = shell.path(`${folder}/${name}`);
      if (bytes) shell.files.write(path, bytes);
      else shell.files.makeFolder(path);
    }
    return 0;
  }
  const found = names.flatMap((name) => {
    const root = name.startsWith('/') ? name : `${folder}/${name}`;
    return shell.files.below(shell.path(root));
  });
  if (found.length === 0) throw new Error(`${names.join(' ')}: No such file or directory`);
  io.stdout(writeTar(found.map((path) => ({ name: path.slice(1), bytes: shell.files.read(path) as Buffer }))));
  return 0;
}

const test: Command = (shell, args) => {
  const words = args.at(-1) === ']' ? args.slice(0, -1) : args;
  const negated = words[0] === '!';
  const [a = '', op = '', b = ''] = negated ? words.slice(1) : words;
  const unary: Record<string, () => boolean> = {
    '-f': () => shell.files.read(shell.path(op)) !== undefined,
    '-d': () => shell.files.isFolder(shell.path(op)),
    '-e': () => shell.files.read(shell.path(op)) !== undefined || shell.files.isFolder(shell.path(op)),
    '-n': () => op !== '',
    '-z': () => op === '',
  };
  const binary: Record<string, () => boolean> = {
    '=': () => a === b,
    '!=': () => a !== b,
    '-eq': () => Number(a) === Number(b),
  };
  const holds =
    (Object.hasOwn(binary, op) ? binary[op]?.() : Object.hasOwn(unary, a) ? unary[a]?.() : a !== '') ?? false;
  return holds !== negated ? 0 : 1;
};

export const SHELL_COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [':', () => done],
  ['true', () => done],
  ['false', () => 1],
  [
    'exit',
    (_, [code]) => {
      throw new ShellExit(Number(code ?? 0) & 0xff);
    },
  ],
  ['echo', (_, args, io) => void io.stdout(args[0] === '-n' ? args.slice(1).join(' ') : `${args.join(' ')}\n`)],
  ['printf', (_, [format = '', ...values], io) => void io.stdout(printf(format, values))],
  ['pwd', (shell, _, io) => void io.stdout(`${shell.folder}\n`)],
  [
    'cd',
    (shell, [target = '/']) => {
      const path = shell.path(target);
      if (!shell.files.isFolder(path)) throw new Error(`can't cd to ${target}: No such file or directory`);
      shell.folder = path;
      return done;
    },
  ],
  ['env', (shell, _, io) => void io.stdout(joined([...shell.variables].map(([name, value]) => `${name}=${value}`)))],
  [
    'printenv',
    (shell, [name], io) => {
      if (name === undefined) return SHELL_COMMANDS.get('env')?.(shell, [], io) as undefined;
      const value = shell.variables.get(name);
      if (value === undefined) return 1;
      io.stdout(`${value}\n`);
      return done;
    },
  ],
  [
    'export',
    (shell, args) => {
      for (const arg of args)
        if (arg.includes('=')) shell.variables.set(arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1));
      return done;
    },
  ],
  ['hostname', (shell, _, io) => void io.stdout(`${shell.variables.get('HOSTNAME') ?? 'localhost'}\n`)],
  ['date', (_, __, io) => void io.stdout(`${new Date().toUTCString()}\n`)],
  ['whoami', (_, __, io) => void io.stdout('root\n')],
  ['id', (_, __, io) => void io.stdout('uid=0(root) gid=0(root) groups=0(root)\n')],
  [
    'uname',
    (shell, args, io) =>
      void io.stdout(
        args.includes('-a')
          ? `Linux ${shell.variables.get('HOSTNAME') ?? ''} 6.1.0 simulated x86_64 GNU/Linux\n`
          : 'Linux\n',
      ),
  ],
  ['ps', (_, __, io) => void io.stdout('PID   USER     TIME  COMMAND\n    1 root      0:00 sh\n')],
  [
    'sleep',
    async (_, [seconds = '0'], io) => {
      await sleep(Number.parseFloat(seconds) * 1000, undefined, { signal: io.signal });
      return done;
    },
  ],
  [
    'cat',
    async (shell, args, io) => {
      const names = plain(args).filter((name) => name !== '-');
      if (names.length > 0) io.stdout(await inputs(shell, names, io));
      else for await (const chunk of io.stdin) io.stdout(chunk);
      return done;
    },
  ],
  [
    'tee',
    async (shell, args, io) => {
      const bytes = await readAll(io.stdin);
      for (const name of plain(args)) shell.files.write(shell.path(name), bytes);
      io.stdout(bytes);
      return done;
    },
  ],
  [
    'head',
    async (shell, args, io) => {
      const { count, names } = countOption(args);
      io.stdout(joined(linesOf(await inputs(shell, names, io)).slice(0, count)));
      return done;
    },
  ],
  [
    'tail',
    async (shell, args, io) => {
      const { count, names } = countOption(args);
      io.stdout(joined(linesOf(await inputs(shell, names, io)).slice(-count)));
      return done;
    },
  ],
  [
    'grep',
    async (shell, args, io) => {
      const [pattern = '', ...names] = plain(args);
      const wanted = args.includes('-i') ? pattern.toLowerCase() : pattern;
      const found = linesOf(await inputs(shell, names, io)).filter(
        (line) => (args.includes('-i') ? line.toLowerCase() : line).includes(wanted) !== args.includes('-v'),
      );
      io.stdout(joined(found));
      return found.length > 0 ? 0 : 1;
    },
  ],
  [
    'wc',
    async (shell, args, io) => {
      const bytes = await inputs(shell, plain(args), io);
      const counts = { '-l': linesOf(bytes).length, '-c': bytes.length };
      io.stdout(`${args.includes('-c') ? counts['-c'] : counts['-l']}\n`);
      return done;
    },
  ],
  [
    'touch',
    (shell, args) => {
      for (const name of plain(args))
        shell.files.write(shell.path(name), shell.files.read(shell.path(name)) ?? Buffer.alloc(0));
      return done;
    },
  ],
  [
    'mkdir',
    (shell, args) => {
      for (const name of plain(args)) shell.files.makeFolder(shell.path(name));
      return done;
    },
  ],
  [
    'rm',
    (shell, args) => {
      const forced = args.some((arg) => /^-\w*f/.test(arg));
      for (const name of plain(args))
        if (!shell.files.remove(shell.path(name)) && !forced) throw new Error(`${name}: No such file or directory`);
      return done;
    },
  ],
  [
    'which',
    (_, [name = ''], io) => {
      if (!SHELL_COMMANDS.has(name)) return 1;
      io.stdout(`/bin/${name}\n`);
      return done;
    },
  ],
  ['ls', list],
  ['tar', tar],
  ['test', test],
  ['[', test],
  ['sh', subshell],
  ['ash', subshell],
  ['bash', subshell],
]);

/** `%s`, `%d`, `%%` and backslash escapes. */
function printf(format: string, values: readonly string[]): string {
  let next = 0;
  return format
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
    .replace(/%([sd%])/g, (_, kind) => (kind === '%' ? '%' : (values[next++] ?? (kind === 'd' ? '0' : ''))));
}
