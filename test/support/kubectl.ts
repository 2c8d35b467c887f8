/** Finds and runs a kubectl, against whatever a kubeconfig names. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isExecutable, locateKubeAssets } from '../kube/assets.ts';

/** `$KUBECTL`, else the one built for tests, else the first on PATH that starts; undefined where there is none. */
export function findKubectl(): string | undefined {
  const given = process.env.KUBECTL;
  if (given) return given;
  const built = locateKubeAssets().binaries.kubectl;
  if (built !== undefined) return built;
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'kubectl'));
  return onPath.find((path) => isExecutable(path) && starts(path));
}

/** A kubectl on PATH may be a wrapper whose real one is missing, or be built for another machine. */
function starts(path: string): boolean {
  try {
    execFileSync(path, ['version', '--client'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

export interface KubectlOptions {
  readonly kubeconfig: string;
  /** Default: what `findKubectl` finds. */
  readonly kubectl?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** It is killed after this; default 60 s. */
  readonly timeoutMs?: number;
}

export interface KubectlResult {
  /** Exit code; -1 when it was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts kubectl and leaves it running (`port-forward`, `get -w`); the caller ends it. */
export function spawnKubectl(args: readonly string[], options: KubectlOptions): ChildProcessWithoutNullStreams {
  const kubectl = options.kubectl ?? findKubectl();
  if (kubectl === undefined) throw new Error('Cannot run kubectl: none found (set KUBECTL, or npm run test:kube)');
  // Its discovery cache is keyed by host and port, and ports come back with other servers: one cache per kubeconfig.
  const home = dirname(options.kubeconfig);
  const cache = home === '.' ? tmpdir() : join(home, 'kubectl-cache');
  return spawn(kubectl, args, {
    env: { ...process.env, KUBECONFIG: options.kubeconfig, KUBECACHEDIR: cache, NO_PROXY: '*', ...options.env },
    stdio: 'pipe',
  });
}

/** Runs kubectl to its end. Never throws for what kubectl says: look at `code`. */
export function runKubectl(args: readonly string[], options: KubectlOptions): Promise<KubectlResult> {
  const child = spawnKubectl(args, options);
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, ...output });
    });
    child.stdin.on('error', () => {}); // kubectl may end without reading it all
    child.stdin.end(options.stdin);
  });
}
