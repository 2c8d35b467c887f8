/** kube-apiserver of an older Kubernetes, beside the pinned one: what a fleet is like. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assetsCache, ensureKubeAssets, isExecutable, type KubeAssets } from './assets.ts';
import { buildBinary, goVersion } from './build.ts';

/** As far apart from the pinned one as fleets are in practice. */
export const olderKubernetesVersion = 'v1.30.14';

/**
 * The pinned servers, but for a kube-apiserver of that version (`v1.30.14`), built once into the cache, in about four minutes
 * on two cores. Controllers of the pinned version do not work with it: start such a cluster with `controllers: false`.
 * @throws Error without Go, or when the version does not exist.
 */
export async function ensureOlderServers(
  version: string,
  report: (line: string) => void = () => {},
): Promise<KubeAssets> {
  const pinned = await ensureKubeAssets(report);
  const target = join(assetsCache(), 'kube-apiserver', `kube-apiserver-${version}`);
  if (!isExecutable(target)) await build(version, target, report);
  const { etcd, kubectl, kwok, 'tmc-kubelet': kubelet } = pinned.binaries;
  const others = Object.entries({ etcd, kubectl, kwok, 'tmc-kubelet': kubelet }).filter(
    ([, path]) => path !== undefined,
  );
  return { ...pinned, binaries: { ...Object.fromEntries(others), 'kube-apiserver': target } };
}

async function build(version: string, target: string, report: (line: string) => void): Promise<void> {
  if ((await goVersion()) === undefined) throw new Error(`Cannot build Kubernetes ${version}: Go is not installed`);
  const moduleFolder = `${target}.module`;
  mkdirSync(moduleFolder, { recursive: true });
  const options = { cwd: moduleFolder, env: { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=mod' } };
  const header = 'module servers\n\ngo 1.26.0\n\ngodebug default=go1.26\n\n';
  writeFileSync(join(moduleFolder, 'go.mod'), header);
  const kubernetes = `k8s.io/kubernetes@${version}`;
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', kubernetes], options);
  const upstream = readFileSync((JSON.parse(stdout) as { GoMod: string }).GoMod, 'utf8');
  writeFileSync(join(moduleFolder, 'go.mod'), header + dependencies(upstream, version));
  await promisify(execFile)('go', ['mod', 'tidy'], options);
  await buildBinary({
    moduleFolder,
    package: 'k8s.io/kubernetes/cmd/kube-apiserver',
    target,
    kubernetesVersion: version,
    report,
  });
}

/** Kubernetes finds its own libraries beside itself (`./staging`); from outside, their published versions take that place. */
function dependencies(upstream: string, version: string): string {
  const libraries = [...upstream.matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging/gm)].map((match) => match[1]);
  const published = version.replace(/^v1\./, 'v0.');
  const replaced = libraries.map((library) => `replace ${library} => ${library} ${published}\n`).join('');
  return `require k8s.io/kubernetes ${version}\n\n${replaced}\ntool k8s.io/kubernetes/cmd/kube-apiserver\n`;
}
