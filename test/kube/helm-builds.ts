/** Helm 3 and 4, to see that charts install, upgrade and go through the gateway as they do on a cluster. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assetsCache, isExecutable } from './assets.ts';
import { goVersion } from './build.ts';

/** The last of each line: 3 applies by three-way merge, 4 by server-side apply. */
export const helmVersions = ['v3.22.0', 'v4.3.1'] as const;

/**
 * The path of a helm of that version (`v4.3.1`), built once into the cache: two minutes on two cores of one's own.
 * @throws Error without Go, or when the version does not exist.
 */
export async function ensureHelm(version: string): Promise<string> {
  const folder = join(assetsCache(), 'helm');
  const target = join(folder, `helm-${version}`);
  if (isExecutable(target)) return target;
  if ((await goVersion()) === undefined) throw new Error(`Cannot build helm ${version}: Go is not installed`);

  mkdirSync(folder, { recursive: true });
  // Renamed when whole, as every binary of the cache.
  const unfinished = mkdtempSync(join(folder, 'unfinished-'));
  const [major] = version.split('.');
  const env = { ...process.env, GOBIN: unfinished, GOWORK: 'off', CGO_ENABLED: '0' };
  try {
    const program = `helm.sh/helm/${major}/cmd/helm@${version}`;
    await promisify(execFile)('go', ['install', '-trimpath', '-ldflags', '-s -w', program], { env });
    renameSync(join(unfinished, 'helm'), target);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return target;
}
