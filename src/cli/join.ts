/** `tmc join` and `tmc leave`. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { joinCluster } from '../clusters/join.ts';
import { leaveCluster } from '../clusters/leave.ts';
import { connectGateway, type GatewayOptions } from './gateway.ts';
import { clusterKubeconfigText, writeKubeconfig } from './kubeconfig.ts';
import { UsageError } from './usage-error.ts';

export interface JoinOptions extends GatewayOptions {
  readonly kubeconfig: string;
  readonly context?: string;
  readonly labels?: string;
  readonly identity?: boolean;
  readonly mode?: 'push' | 'pull';
  readonly output?: string;
}

const step = (text: string): void => void process.stderr.write(`${text}\n`);

export async function join(name: string, options: JoinOptions): Promise<void> {
  const gateway = await connectGateway({ ...options, workspace: options.workspace ?? 'root' });
  try {
    const pull = options.mode === 'pull';
    const { registration, token } = await joinCluster({
      hub: gateway.hub,
      workspace: gateway.workspace,
      name,
      mode: pull ? 'Pull' : 'Push',
      kubeconfig: readFile(options.kubeconfig),
      baseDirectory: dirname(resolve(options.kubeconfig)),
      ...(options.context ? { context: options.context } : {}),
      spec: {
        ...(options.labels ? { labels: parseLabels(options.labels) } : {}),
        ...(options.identity ? { namespaceMapping: 'Identity' } : {}),
      },
      onStep: step,
    });
    if (pull) {
      const file = options.output ?? `${name}.kubeconfig`;
      writeKubeconfig(file, clusterKubeconfigText(registration.spec.endpoint, token));
      step(`wrote ${file}, for: workload-syncer --sync-target-name ${name} --downstream-kubeconfig ${file}`);
    }
    process.stdout.write(`cluster ${name} is registered in ${gateway.workspace}; see: tmc status\n`);
  } finally {
    await gateway.close();
  }
}

export async function leave(
  name: string,
  options: GatewayOptions & { kubeconfig?: string; context?: string; orphan?: boolean },
): Promise<void> {
  const gateway = await connectGateway({ ...options, workspace: options.workspace ?? 'root' });
  try {
    await leaveCluster({
      hub: gateway.hub,
      workspace: gateway.workspace,
      name,
      ...(options.kubeconfig
        ? { kubeconfig: readFile(options.kubeconfig), baseDirectory: dirname(resolve(options.kubeconfig)) }
        : {}),
      ...(options.context ? { context: options.context } : {}),
      orphan: options.orphan === true,
      onStep: step,
    });
    process.stdout.write(`cluster ${name} has left ${gateway.workspace}\n`);
  } finally {
    await gateway.close();
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(
      `${file} cannot be read`,
      'give the kubeconfig of an administrator of the cluster with --kubeconfig',
    );
  }
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^([^=]+)=(.*)$/.exec(pair)?.slice(1) as [string, string] | undefined);
  const bad = pairs.indexOf(undefined);
  if (bad >= 0)
    throw new UsageError(`"${text.split(',')[bad]}" is no label`, 'for example: --labels region=eu,tier=prod');
  return Object.fromEntries(pairs as [string, string][]);
}
