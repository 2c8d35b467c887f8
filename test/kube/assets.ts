/**
 * Where the servers and tools for tests are: etcd, the Kubernetes control plane, kubectl and kwok.
 *
 * `KUBEBUILDER_ASSETS` (envtest's convention) wins; else a cache folder outside the checkout, filled by building the
 * Go module beside this file. The cache is keyed by that module's files, so a version bump never meets old binaries.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBinary, goVersion } from './build.ts';

export type KubeBinary =
  | 'etcd'
  | 'kube-apiserver'
  | 'kubectl'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kwok'
  | 'tmc-kubelet';

/** The package of each binary, quickest to build first: what fails early, fails cheaply. */
const packages: Readonly<Record<KubeBinary, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
  'tmc-kubelet': './kubelet',
};

const allBinaries = Object.keys(packages) as KubeBinary[];
/** A folder made for envtest holds these only; clusters then run without controllers and nodes. */
const envtestBinaries: readonly KubeBinary[] = ['etcd', 'kube-apiserver', 'kubectl'];

const moduleFolder = fileURLToPath(new URL('.', import.meta.url));

export interface KubeAssets {
  readonly folder: string;
  /** Absolute paths of the binaries that are there. */
  readonly binaries: Readonly<Partial<Record<KubeBinary, string>>>;
  /** Binaries that must be there and are not. */
  readonly missing: readonly KubeBinary[];
}

/** The Kubernetes version that the Go module pins, as `v1.X.Y`. */
export function pinnedKubernetesVersion(): string {
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(moduleFolder, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new Error('Cannot read the Kubernetes version from test/kube/go.mod');
  return version;
}

/** The folder under which built binaries are kept, one folder per version and recipe. */
export function assetsCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tmc', 'kubebuilder-assets');
}

function builtFolder(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder, file)));
  return join(assetsCache(), `${pinnedKubernetesVersion()}-${hash.digest('hex').slice(0, 12)}`);
}

/** Our own program is named after its sources: a change to them must not have the others built again. */
function builtName(binary: KubeBinary): string {
  if (binary !== 'tmc-kubelet') return binary;
  const sources = join(moduleFolder, 'kubelet');
  const hash = createHash('sha256');
  for (const file of readdirSync(sources).sort()) hash.update(readFileSync(join(sources, file)));
  return `${binary}-${hash.digest('hex').slice(0, 12)}`;
}

/** What is there now, without building anything. */
export function locateKubeAssets(): KubeAssets {
  const given = process.env.KUBEBUILDER_ASSETS;
  const folder = given || builtFolder();
  const pathOf = (binary: KubeBinary) => join(folder, given ? binary : builtName(binary));
  const found = allBinaries.filter((binary) => isExecutable(pathOf(binary)));
  const needed = given ? envtestBinaries : allBinaries;
  return {
    folder,
    binaries: Object.fromEntries(found.map((binary) => [binary, pathOf(binary)])),
    missing: needed.filter((binary) => !found.includes(binary)),
  };
}

/**
 * The binaries, built first where they are missing; the first build takes minutes, later calls milliseconds.
 * @param report receives one line per step; nothing is printed otherwise.
 * @throws Error that says what to install when they can be neither found nor built.
 */
export async function ensureKubeAssets(report: (line: string) => void = () => {}): Promise<KubeAssets> {
  const assets = locateKubeAssets();
  if (assets.missing.length === 0) return assets;
  if (process.env.KUBEBUILDER_ASSETS) {
    throw new Error(`KUBEBUILDER_ASSETS=${assets.folder} lacks ${assets.missing.join(', ')}`);
  }
  const go = await goVersion();
  if (go === undefined) throw new Error(howToGetAssets);
  const version = pinnedKubernetesVersion();
  report(`building ${assets.missing.join(', ')} (Kubernetes ${version}, ${go}) into ${assets.folder}`);
  for (const binary of assets.missing) {
    const target = join(assets.folder, builtName(binary));
    await buildBinary({ moduleFolder, package: packages[binary], target, kubernetesVersion: version, report });
  }
  return locateKubeAssets();
}

const howToGetAssets = `Cannot run Kubernetes for tests: neither Go nor ready-made binaries were found. Either
  - install Go 1.26 or newer (https://go.dev/dl), and the servers are built from source once (about 10 minutes); or
  - set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl, such as envtest's
    (go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use -p path); adding kube-controller-manager,
    kube-scheduler, kwok and tmc-kubelet to it lets every test run.`;

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
