/** `tmc dev`, or `tmc serve`, as a child process with its own data folder and port; and other commands, to their end. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 30_000;

export interface GatewayOptions {
  readonly args?: readonly string[];
  /** Kept over a restart. Default: a new folder, removed by `stop`. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Runs `tmc serve` with this configuration, beside port and data folder; it writes no kubeconfig. */
  readonly serve?: Readonly<Record<string, unknown>>;
  /** Runs what `npm run build` made: measurements must not include a compiler. */
  readonly built?: boolean;
}

export interface RunningGateway {
  readonly pid: number;
  readonly port: number;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** All that it printed so far. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** The same gateway again, after a kill. */
  restart(): Promise<RunningGateway>;
  stop(): Promise<void>;
}

/** Resolves when the gateway has printed `ready`. Throws with its output when it ends or takes too long. */
export async function runGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'tmc-test-'));
  const port = options.port ?? (await freePort());
  const args = [...commandOf(options, dataDir, port), ...(options.args ?? [])];
  const child = spawn(process.execPath, [...(options.built === true ? BUILT : TMC), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await untilReady(child, () => output);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    pid: child.pid as number,
    port,
    dataDir,
    kubeconfig: join(dataDir, 'kubeconfig'),
    output: () => output,
    kill,
    restart: () => runGateway({ ...options, dataDir, port }),
    async stop() {
      await kill('SIGTERM');
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const TMC = ['--import', 'tsx', 'src/cli/tmc.ts'];
const BUILT = ['dist/tmc.js'];

function commandOf({ serve }: GatewayOptions, dataDir: string, port: number): string[] {
  if (serve === undefined) return ['dev', '--port', String(port), '--data-dir', dataDir];
  const file = join(dataDir, 'config.yaml');
  writeFileSync(file, JSON.stringify({ port, dataDir, ...serve }));
  return ['serve', '--config', file];
}

/** Runs another command of `tmc` to its end and gives what it printed. Throws that when it fails. */
export async function runTmc(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...TMC, ...args], { cwd: ROOT });
  return stdout;
}

function untilReady(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`the gateway ${why}:\n${output()}`));
    };
    const timer = setTimeout(() => fail(`was not ready within ${READY_MS} ms`), READY_MS);
    const check = (): void => {
      if (!/^ready$/m.test(output())) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', check);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
  });
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
