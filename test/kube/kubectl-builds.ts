/** Other versions of kubectl, to see that old and new ones work with the gateway. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assetsCache, isExecutable } from './assets.ts';
import { buildBinary, goVersion } from './build.ts';

/** Oldest supported; last with v2beta1 discovery only; first with WebSocket streams by default. The pinned is newest. */
export const olderKubectlVersions = ['v1.27.3', 'v1.29.6', 'v1.31.3'] as const;

/**
 * The path of a kubectl of that version (`v1.27.3`), built once into the cache, in one to two minutes.
 * @throws Error without Go, or when the version does not exist.
 */
export async function ensureKubectl(version: string, report: (line: string) => void = () => {}): Promise<string> {
  const target = join(assetsCache(), 'kubectl', `kubectl-${version}`);
  if (isExecutable(target)) return target;
  if ((await goVersion()) === undefined) throw new Error(`Cannot build kubectl ${version}: Go is not installed`);

  const moduleFolder = `${target}.module`;
  mkdirSync(moduleFolder, { recursive: true });
  const library = `k8s.io/kubectl ${version.replace(/^v1\./, 'v0.')}`;
  writeFileSync(join(moduleFolder, 'go.mod'), `module kubectl\n\ngo 1.26.0\n\nrequire ${library}\n`);
  writeFileSync(join(moduleFolder, 'main.go'), mainProgram);
  const options = { cwd: moduleFolder, env: { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=mod' } };
  await promisify(execFile)('go', ['mod', 'tidy'], options);
  await buildBinary({ moduleFolder, package: '.', target, kubernetesVersion: version, report });
  return target;
}

/** kubectl is a library with a program of a few lines (k8s.io/kubernetes/cmd/kubectl). */
const mainProgram = `package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	_ "k8s.io/client-go/plugin/pkg/client/auth"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
`;
