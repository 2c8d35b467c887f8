/** Builds one Go binary, telling how long it takes. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface BuildRequest {
  /** Folder with the go.mod that pins the versions. */
  readonly moduleFolder: string;
  readonly package: string;
  /** Where the binary goes. */
  readonly target: string;
  /** `v1.X.Y`: what `/version` and `kubectl version` shall say. */
  readonly kubernetesVersion: string;
  readonly report: (line: string) => void;
}

/** How often a build that is under way says so: CI systems end jobs that are silent. */
const reportEveryMs = 30_000;

/** Go's version as it prints it, or undefined where Go is not installed. */
export function goVersion(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('go', ['env', 'GOVERSION'], (error, stdout) => resolve(error ? undefined : stdout.trim()));
  });
}

/** @throws Error with the compiler's output when the build fails. */
export async function buildBinary(request: BuildRequest): Promise<void> {
  const { target, report } = request;
  const name = basename(target);
  mkdirSync(dirname(target), { recursive: true });
  // Renamed when whole: a build that is interrupted, or another beside it, never leaves half a binary in the cache.
  const unfinished = `${target}.${process.pid}.unfinished`;
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  report(`  ${name}: building`);
  const ticker = setInterval(() => report(`  ${name}: still building after ${elapsed()}`), reportEveryMs);
  try {
    await goBuild(request, unfinished);
    renameSync(unfinished, target);
    report(`  ${name}: built in ${elapsed()}`);
  } finally {
    clearInterval(ticker);
    rmSync(unfinished, { force: true });
  }
}

function goBuild(request: BuildRequest, output: string): Promise<void> {
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags(request.kubernetesVersion)];
  return new Promise((resolve, reject) => {
    const go = spawn('go', ['build', ...flags, '-o', output, request.package], {
      cwd: request.moduleFolder,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    go.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-8_000);
    });
    go.on('error', reject);
    go.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`Cannot build ${request.package}: go ended with ${code}\n${errors}`)),
    );
  });
}

/** Without these every component would call itself v0.0.0-master, and kubectl would warn about the skew. */
function linkerFlags(version: string): string {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: 'unknown',
    buildDate: '1970-01-01T00:00:00Z',
  };
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((packagePath) =>
    Object.entries(values).map(([name, value]) => `-X ${packagePath}.${name}=${value}`),
  );
  return ['-s', '-w', ...stamps].join(' ');
}
