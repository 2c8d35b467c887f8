/** `workload-syncer` as a child process, with ports of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from './run-gateway.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface RunningSyncerProcess {
  /** Status and text of a path of the health port. */
  health(path: string): Promise<{ status: number; text: string }>;
  metrics(): Promise<string>;
  output(): string;
  /** Resolves with the exit code, null after a signal that it did not handle. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

export async function runSyncer(args: readonly string[]): Promise<RunningSyncerProcess> {
  const [metricsPort, healthPort] = [await freePort(), await freePort()];
  const ports = ['--bind-address', '127.0.0.1', '--metrics-port', `${metricsPort}`, '--health-port', `${healthPort}`];
  const command = ['--import', 'tsx', 'src/cli/workload-syncer.ts', ...ports, ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const get = async (port: number, path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  return {
    health: (path) => get(healthPort, path),
    metrics: async () => (await get(metricsPort, '/metrics')).text,
    output: () => output,
    async kill(signal) {
      child.kill(signal);
      return exited;
    },
  };
}
