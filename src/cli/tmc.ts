/** `tmc`: the gateway and what people do with it. Subcommands are loaded when they are run: start-up stays short. */
import { Command, Option } from 'commander';
import { runCommand } from './run-command.ts';

const program = new Command('tmc')
  .description('Transparent Multi-Cluster: many Kubernetes clusters, used as if they were one.')
  .showHelpAfterError('(see: tmc --help)')
  .addHelpText(
    'after',
    `
Examples:
  tmc dev                                    a gateway with two simulated clusters, ready to try
  tmc dev --clusters none --join a=a.kubeconfig --join b=b.kubeconfig
  tmc join prod-eu --kubeconfig eu.kubeconfig  register a real cluster
  tmc workspace create team-a
  tmc kubeconfig --workspace root:team-a > team-a.kubeconfig
  tmc status                                 clusters, their health and what runs there`,
  );

program
  .command('dev')
  .description('run gateway, hub and simulated clusters in one process, for trying out and development')
  .option('--port <port>', 'port to serve on, on loopback', '6443')
  .option('--data-dir <dir>', 'where state is kept; remove it to start afresh', '.tmc')
  .option('--write-kubeconfig <file>', 'kubeconfig to write for kubectl (default: <data-dir>/kubeconfig)')
  .option('--clusters <names>', 'simulated clusters, comma-separated, or none', 'east,west')
  .option('--join <name=kubeconfig>', 'join a real cluster instead (repeatable)', collect, [])
  .option('--no-sample', 'do not author the sample workload')
  .option('--log-level <level>', 'trace, debug, info, warn or error', 'warn')
  .addHelpText(
    'after',
    `
Examples:
  tmc dev
  tmc dev --port 7443 --data-dir /tmp/tmc --clusters a,b,c
  tmc dev --join east=east.kubeconfig --join west=west.kubeconfig`,
  )
  .action(runCommand(async (options) => (await import('./dev.ts')).dev(options)));

program
  .command('serve')
  .description('run the gateway for production, configured by a file, TMC_* environment variables and flags')
  .requiredOption('--config <file>', 'YAML configuration; see docs/configuration.md')
  .addHelpText('after', '\nExample:\n  tmc serve --config /etc/tmc/config.yaml')
  .action(runCommand(async (options) => (await import('./serve.ts')).serve(options)));

withGateway(program.command('join <name>'))
  .description('register a real cluster, with credentials of least privilege made there')
  .requiredOption('--kubeconfig <file>', 'kubeconfig of an administrator of the cluster')
  .option('--context <name>', 'context in that kubeconfig (default: its current one)')
  .option('--labels <key=value,…>', 'labels for selectors of placements')
  .option('--identity', "show the cluster's own namespaces as they are (for administrators)")
  .addOption(
    new Option('--mode <mode>', 'push: the gateway connects to it; pull: a workload-syncer beside it dials out')
      .choices(['push', 'pull'])
      .default('push'),
  )
  .option(
    '--output <file>',
    'with pull: kubeconfig of the cluster for its workload-syncer (default: <name>.kubeconfig)',
  )
  .addHelpText(
    'after',
    '\nExamples:\n  tmc join prod-eu --kubeconfig eu.kubeconfig\n  tmc join prod-us --kubeconfig us.kubeconfig --workspace root:team-a --labels region=us',
  )
  .action(runCommand(async (options, name) => (await import('./join.ts')).join(name, options)));

withGateway(program.command('leave <name>'))
  .description('unregister a cluster, and remove what was placed and what joining made there')
  .option('--kubeconfig <file>', 'kubeconfig of an administrator of the cluster; without it nothing is removed there')
  .option('--context <name>', 'context in that kubeconfig')
  .option('--orphan', 'leave what was placed there running; it is no longer managed')
  .addHelpText(
    'after',
    `
What was placed is deleted with its namespaces, and it is waited for until it is gone. A namespace in which somebody
else keeps something stays, without what was placed, and is named. Drain the cluster first where its work is to move
(docs/operations.md).

Examples:
  tmc leave prod-eu --kubeconfig eu.kubeconfig            # and remove everything there
  tmc leave prod-eu --kubeconfig eu.kubeconfig --orphan   # workloads keep running
  tmc leave prod-eu                                       # the cluster is out of reach: only unregister it`,
  )
  .action(runCommand(async (options, name) => (await import('./join.ts')).leave(name, options)));

withGateway(program.command('kubeconfig'))
  .description('print a kubeconfig for a workspace')
  .option('--output <file>', 'write it to a file instead, readable by you alone')
  .addHelpText('after', '\nExample:\n  tmc kubeconfig --workspace root:team-a --output team-a.kubeconfig')
  .action(runCommand(async (options) => (await import('./print-kubeconfig.ts')).printKubeconfig(options)));

withGateway(program.command('status'))
  .description('show the clusters of a workspace, their health and capacity, and its workloads')
  .addHelpText('after', '\nExample:\n  tmc status --workspace root:team-a')
  .action(runCommand(async (options) => (await import('./status.ts')).status(options)));

withGateway(program.command('explain [type/name]'))
  .description('say where a workload is placed, and why; for every cluster the reason')
  .option('-n, --namespace <namespace>', 'namespace of the workload', 'default')
  .option(
    '--policy <file>',
    'as it would be under this Placement or WorkloadPlacement; alone: all that it would change',
  )
  .addHelpText('after', '\nExample:\n  tmc explain deployment/web -n shop\n  tmc explain --policy new-placement.yaml')
  .action(
    runCommand(async (options, subject) =>
      (await import('./explain.ts')).explain(subject as string | undefined, options),
    ),
  );

withData(program.command('backup <file>'))
  .description('write a consistent copy of the hub, while it runs')
  .addHelpText('after', '\nExample:\n  tmc backup hub-2026-01-01.sqlite --data-dir /var/lib/tmc')
  .action(runCommand(async (options, file) => (await import('./backup.ts')).backup(file as string, options)));

withData(program.command('restore <file>'))
  .description('put a backup in the place of the hub; stop the gateway first')
  .addHelpText('after', '\nExample:\n  tmc restore hub-2026-01-01.sqlite --data-dir /var/lib/tmc')
  .action(runCommand(async (options, file) => (await import('./backup.ts')).restore(file as string, options)));

withData(program.command('rotate-key'))
  .description('seal every Secret with a new key; stop the gateway first')
  .addHelpText('after', '\nExample:\n  tmc rotate-key --data-dir /var/lib/tmc')
  .action(runCommand(async (options) => (await import('./backup.ts')).rotateKey(options)));

const workspace = program.command('workspace').alias('ws').description('create, list and delete workspaces');
withGateway(workspace.command('create <name>'))
  .description('create a workspace below the current one and wait until it is ready')
  .addHelpText(
    'after',
    '\nExamples:\n  tmc workspace create team-a\n  tmc workspace create dev --workspace root:team-a',
  )
  .action(runCommand(async (options, name) => (await import('./workspace.ts')).createWorkspace(name, options)));
withGateway(workspace.command('list'))
  .description('list the workspaces below the current one')
  .addHelpText('after', '\nExample:\n  tmc workspace list --workspace root')
  .action(runCommand(async (options) => (await import('./workspace.ts')).listWorkspaces(options)));
withGateway(workspace.command('delete <name>'))
  .description('delete a workspace with all that it placed, and wait until it is gone')
  .addHelpText('after', '\nExample:\n  tmc workspace delete team-a')
  .action(runCommand(async (options, name) => (await import('./workspace.ts')).deleteWorkspace(name, options)));

function withGateway(command: Command): Command {
  return command
    .option('--gateway <file>', 'kubeconfig of the gateway (default: $TMC_KUBECONFIG, .tmc/kubeconfig, $KUBECONFIG)')
    .option('-w, --workspace <path>', "workspace to act in (default: the kubeconfig's)");
}

function withData(command: Command): Command {
  return command.option('--data-dir <dir>', "the gateway's data directory", '.tmc');
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

await program.parseAsync();
