/** Builds and runs `flux/`: what Flux's kustomize-controller does with manifests, by Flux's own library. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { assetsCache, isExecutable, pinnedKubernetesVersion } from './assets.ts';
import { buildBinary } from './build.ts';

const moduleFolder = fileURLToPath(new URL('./flux/', import.meta.url));

/** Namespace, definition, configuration, rights, workloads: kinds of every sort. */
export const fluxManifests = join(moduleFolder, 'manifests.yaml');

/** Built once into the cache; it is named after its source. Throws Error without Go. */
export async function ensureFlux(report: (line: string) => void = () => {}): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'main.go']) hash.update(readFileSync(join(moduleFolder, file)));
  const target = join(assetsCache(), 'flux', `tmc-flux-${hash.digest('hex').slice(0, 12)}`);
  if (!isExecutable(target)) {
    await buildBinary({ moduleFolder, package: '.', target, kubernetesVersion: pinnedKubernetesVersion(), report });
  }
  return target;
}

export interface FluxStep {
  readonly step: 'apply' | 'diff' | 'wait' | 'delete';
  /** `Kind/namespace/name` → created, configured, unchanged, deleted. */
  readonly actions: Readonly<Record<string, string>>;
}

/** Apply, diff, apply, diff, wait, diff, delete. Throws Error with what Flux said when a step fails. */
export async function runFlux(binary: string, kubeconfig: string, manifests: string): Promise<FluxStep[]> {
  const options = { env: { ...process.env, NO_PROXY: '*' }, timeout: 110_000 };
  const { stdout } = await promisify(execFile)(binary, [kubeconfig, manifests], options);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FluxStep);
}
