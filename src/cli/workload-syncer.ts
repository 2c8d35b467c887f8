/** `workload-syncer`: the syncer beside a cluster, for clusters that the gateway cannot reach. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { pino } from 'pino';
import { parse } from 'yaml';
import { startSyncer } from '../syncer.ts';
import { syncerConfig } from '../syncer-config.ts';
import { runCommand } from './run-command.ts';
import { UsageError } from './usage-error.ts';

const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'] as const;

const program = new Command('workload-syncer')
  .description('Syncs a cluster of mode Pull: takes what is placed there from the gateway, and reports back.')
  .option('--sync-target-name <name>', 'the SyncTarget of this cluster')
  .option('--sync-target-workspace <path>', 'the workspace of that SyncTarget (default: root)')
  .option('--kubeconfig <file>', 'kubeconfig of the gateway')
  .option('--downstream-kubeconfig <file>', "kubeconfig of the cluster (default: this pod's service account)")
  .option('--log-level <number>', '0 errors, 1 warnings, 2 what happens, 3 and more: details (default: 2)')
  .option('--bind-address <address>', 'where the two ports listen (default: 0.0.0.0)')
  .option('--metrics-port <port>', 'port of /metrics; 0: none (default: 8080)')
  .option('--health-port <port>', 'port of /healthz and /readyz; 0: none (default: 8081)')
  .option('--concurrency <number>', 'objects in work at the same time (default: 5)')
  .option('--resync-period <seconds>', 'compare an object again after so long without events; 0: never (default: 300)')
  .option('--namespaces <list>', 'namespaces of the workspaces to sync, comma-separated (default: all)')
  .option('--resource-types <list>', 'kinds to sync, such as deployments.apps,configmaps (default: all)')
  .option('--qps <number>', 'requests per second to the cluster; 0: no limit (default: 0)')
  .option('--burst <number>', 'requests beyond that for a moment')
  .option('--heartbeat-period <seconds>', 'how often the SyncTarget is told that all is well (default: 10)')
  .option('--config <file>', 'YAML file; flags win over SYNCER_* variables, and these over the file')
  .showHelpAfterError('(see: workload-syncer --help)')
  .addHelpText(
    'after',
    `
Every flag is also an environment variable: --metrics-port is SYNCER_METRICS_PORT.

Examples:
  workload-syncer --sync-target-name edge-1 --kubeconfig gateway.kubeconfig --downstream-kubeconfig edge.kubeconfig
  workload-syncer --sync-target-name edge-1 --kubeconfig gateway.kubeconfig      in a pod of the cluster
  workload-syncer --config syncer.yaml                                           many clusters from one process
  SYNCER_SYNC_TARGET_NAME=edge-1 SYNCER_KUBECONFIG=gateway.kubeconfig workload-syncer

See docs/syncer.md for the file, the rights that its token needs, and metrics.`,
  )
  .action(runCommand(run));

async function run(flags: Record<string, string | undefined>): Promise<void> {
  const file = flags.config ?? process.env.SYNCER_CONFIG;
  const config = usage(() => syncerConfig(flags, process.env, file === undefined ? {} : readConfig(file)));
  const log = pino({ level: LEVELS[config.logLevel] ?? 'trace' });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const syncer = await startSyncer(config, log);
  log.info({ targets: config.targets.map(({ workspace, name }) => `${workspace}/${name}`) }, 'the syncer works');
  await stopped;
  log.info({}, 'the syncer stops');
  await syncer.close();
}

function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message, 'see: workload-syncer --help');
  }
}

function readConfig(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read`, 'give a YAML file with --config; see docs/syncer.md');
  }
  const value: unknown = parse(text) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new UsageError(`${file} must be a YAML mapping`);
  return value as Record<string, unknown>;
}

await program.parseAsync();
