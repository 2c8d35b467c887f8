/**
 * kubectl's own shell suites (kubernetes/test/cmd), taken from Go's module cache and run against any server. A suite is
 * one function of theirs, such as `run_pod_tests`.
 */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const moduleFolder = fileURLToPath(new URL('.', import.meta.url));
const runner = join(moduleFolder, 'kubectl-suites', 'run-suite.sh');

/** What the suites read, beside themselves. */
const PARTS = [
  'hack/lib',
  'hack/testdata',
  'test/cmd',
  'test/e2e/testing-manifests',
  'test/fixtures',
  'third_party/forked/shell2junit',
];

export interface SuiteServer {
  /** `6443`, or with the path that all requests begin with: `6443/services/tmc/clusters/root:dev`. */
  readonly portAndPath: string;
  /** Of an administrator. */
  readonly token: string;
}

export interface SuiteOutcome {
  /** Commands that failed, as `file:line`, each once. */
  readonly failed: ReadonlySet<string>;
  /** False: it was ended before it returned. */
  readonly returned: boolean;
  /** Everything that was printed, with a line `@@@ file:line` at each failure. */
  readonly log: string;
}

/** A private, writable copy: suites write beside their fixtures. `kubectl` is the program that they test. */
export async function copySuites(folder: string, kubectl: string): Promise<void> {
  const source = await kubernetesSources();
  for (const part of PARTS) cpSync(join(source, part), join(folder, part), { recursive: true });
  makeWritable(folder);
  const binaries = join(folder, '_output', 'bin');
  mkdirSync(binaries, { recursive: true });
  writeFileSync(join(binaries, 'kubectl'), kubectlWithPath(kubectl), { mode: 0o755 });
  // Two copies that run at once must not share what one of them has in a fixed place.
  const scripts = join(folder, 'test', 'cmd');
  for (const name of readdirSync(scripts)) {
    const text = readFileSync(join(scripts, name), 'utf8');
    writeFileSync(join(scripts, name), text.replaceAll('/tmp/tmp-editor.sh', join(folder, 'tmp', 'editor.sh')));
  }
}

/** All suites that the driver of them runs with kubectl, in its order. */
export async function allSuites(): Promise<string[]> {
  const driver = readFileSync(join(await kubernetesSources(), 'test/cmd/legacy-script.sh'), 'utf8');
  return [...driver.matchAll(/^ +record_command (run_\w+)$/gm)].map(([, name]) => name as string);
}

/** `kubectl proxy` leaves out the path of its server unless it is told not to. */
const kubectlWithPath = (kubectl: string): string => `#!/bin/sh
[ "$1" = proxy ] && shift && set -- proxy --append-server-path "$@"
exec '${kubectl}' "$@"
`;

/** Throws Error where the Kubernetes module is not in the cache and cannot be fetched. */
async function kubernetesSources(): Promise<string> {
  const go = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('go', args, { cwd: moduleFolder, env: { ...process.env, GOWORK: 'off' } })).stdout;
  const { Dir } = JSON.parse(await go('mod', 'download', '-json', 'k8s.io/kubernetes')) as { Dir: string };
  return Dir;
}

/** Files of the module cache are read-only. */
function makeWritable(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}

/** Runs one suite in a copy, to its end or the deadline. */
export async function runSuite(
  folder: string,
  suite: string,
  server: SuiteServer,
  timeoutMs: number,
): Promise<SuiteOutcome> {
  const [home, temporary, failures] = [join(folder, 'home'), join(folder, 'tmp'), join(folder, 'failures')];
  for (const each of [home, temporary]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each);
  }
  writeFileSync(failures, '');
  // A process group of its own: suites start kubectls that outlive them.
  const child = spawn('bash', [runner, suite], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NO_PROXY: '*',
      HOME: home,
      TMPDIR: temporary,
      FAILURES: failures,
      SECURE_API_PORT: server.portAndPath,
      TOKEN: server.token,
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const timer = setTimeout(() => endGroup(child.pid), timeoutMs);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
  clearTimeout(timer);
  endGroup(child.pid);
  const lines = readFileSync(failures, 'utf8').split('\n').filter(Boolean);
  return { failed: new Set(lines.filter((line) => line !== 'end')), returned: lines.includes('end'), log };
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All have ended.
  }
}

export interface KnownDifference {
  readonly reason: string;
  /** Suite → commands that fail only through the gateway. */
  readonly at: Readonly<Record<string, readonly string[]>>;
  /** It is a race: that they pass is no reason to take the row out. */
  readonly sometimes?: true;
  /** Only over that many clusters; left out: over any number. */
  readonly over?: readonly number[];
}

export interface SuiteComparison {
  /** Commands that fail through the gateway, not directly, and are not known to. */
  readonly unexpected: readonly string[];
  /** Known differences that are none. */
  readonly stale: readonly string[];
}

/** Pure. What fails on both sides is the suite's own affair: it expects an API server set up for it alone. */
export function compareOutcomes(
  suite: string,
  direct: SuiteOutcome,
  view: SuiteOutcome,
  known: readonly KnownDifference[],
): SuiteComparison {
  const differing = [...view.failed].filter((line) => !direct.failed.has(line));
  if (direct.returned && !view.returned) differing.push('did not return');
  const expected = known.flatMap(({ at }) => at[suite] ?? []);
  const certain = known.flatMap(({ at, sometimes }) => (sometimes ? [] : (at[suite] ?? [])));
  return {
    unexpected: differing.filter((line) => !expected.includes(line)),
    stale: certain.filter((line) => !differing.includes(line)),
  };
}

/** What was printed before each failure of these lines. */
export function failureContexts({ log }: SuiteOutcome, lines: readonly string[]): string {
  const printed = log.split('\n');
  return lines
    .map((line) => {
      const at = printed.findIndex((text) => text.startsWith(`@@@ ${line} `));
      return printed.slice(Math.max(0, at - 12), at + 1).join('\n');
    })
    .join('\n\n');
}
