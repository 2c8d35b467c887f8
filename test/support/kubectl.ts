/** Finds a kubectl for tests that drive one; they skip, saying so, where there is none. */
import { execFileSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
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
