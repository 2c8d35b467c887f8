/** Builds and runs `informer/`: clients as controllers are written, on whatever a kubeconfig names. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { assetsCache, isExecutable, pinnedKubernetesVersion } from './assets.ts';
import { buildBinary } from './build.ts';

/** What one client holds of one kind and what it was told; see `informer/main.go`. */
export interface InformerSnapshot {
  /** `namespace/name` → uid. */
  readonly objects: Readonly<Record<string, string>>;
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
  /** Informers: deletions that no event told of. RetryWatchers: how often a list was needed. Zero where a version is never lost. */
  readonly missed: number;
}

export interface RunningInformers {
  /**
   * The stores of now: of SharedInformers by resource, `retry:…` of RetryWatchers, `manager:…` and `reconciled:…` of a
   * controller-runtime manager's cache and of its reconcilers.
   */
  stores(): Promise<Readonly<Record<string, InformerSnapshot>>>;
  /** What client-go logged. */
  log(): string;
  stop(): void;
}

const moduleFolder = fileURLToPath(new URL('./informer/', import.meta.url));

/** Built once into the cache, named after its sources, in two minutes. Throws Error without Go. */
export async function ensureInformers(report: (line: string) => void = () => {}): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(moduleFolder).sort()) hash.update(readFileSync(join(moduleFolder, file)));
  const version = pinnedKubernetesVersion();
  const name = `tmc-informer-${version}-${hash.digest('hex').slice(0, 12)}`;
  const target = join(assetsCache(), 'informer', name);
  if (!isExecutable(target)) {
    await buildBinary({ moduleFolder, package: '.', target, kubernetesVersion: version, report });
  }
  return target;
}

/** Resolves once all informers are synced. Throws Error with client-go's log when the program ends before. */
export async function runInformers(binary: string, kubeconfig: string): Promise<RunningInformers> {
  const child = spawn(binary, [kubeconfig], { stdio: 'pipe', env: { ...process.env, NO_PROXY: '*' } });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await answers.next();
    if (done) throw new Error(`the informers have ended:\n${log}`);
    return value as string;
  };
  await next();
  return {
    async stores() {
      child.stdin.write('\n');
      return JSON.parse(await next()) as Record<string, InformerSnapshot>;
    },
    log: () => log,
    stop: () => child.kill(),
  };
}
