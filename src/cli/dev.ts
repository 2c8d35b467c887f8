/** `tmc dev`: gateway, hub and simulated clusters in one process; real clusters where they are named. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import pc from 'picocolors';
import { pino } from 'pino';
import { joinCluster } from '../clusters/join.ts';
import { CLUSTER_REGISTRATIONS } from '../clusters/kinds.ts';
import { parseServerConfig } from '../config.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../embedded-server.ts';
import type { HubClient } from '../hub/client.ts';
import type { Logger } from '../reconcile/logger.ts';
import { type RunningServer, startServer } from '../server.ts';
import { authorSample, ensureWorkspace, registerEmbedded, untilHealthy } from './dev-setup.ts';
import { endAtOnce } from './end-at-once.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { kubeconfigText, writeKubeconfig } from './kubeconfig.ts';
import { UsageError } from './usage-error.ts';

export interface DevOptions {
  readonly port: string;
  readonly dataDir: string;
  readonly writeKubeconfig?: string;
  readonly clusters: string;
  readonly join: readonly string[];
  readonly sample: boolean;
  readonly logLevel: string;
}

const ROOT = 'root';
const WORKSPACE = 'root:dev';
const NODES = 2;

export async function dev(options: DevOptions): Promise<void> {
  boundHeapGrowth();
  const names = embeddedNames(options);
  const joins = options.join.map(parseJoin);
  const log = pino({ level: options.logLevel }, pino.destination(2));
  const config = parseServerConfig({
    port: Number(options.port),
    dataDir: options.dataDir,
    logLevel: options.logLevel,
    limits: DEV_LIMITS,
  });
  const embedded: EmbeddedServer[] = [];
  let server: RunningServer | undefined;
  const close = async (): Promise<void> => {
    await server?.close();
    await Promise.all(embedded.map((cluster) => cluster.close()));
  };
  try {
    for (const [index, name] of names.entries()) {
      const directory = join(options.dataDir, 'clusters', name);
      const nodeLabels = {
        'topology.kubernetes.io/region': name,
        'topology.kubernetes.io/zone': `${name}-${index + 1}`,
      };
      embedded.push(await startEmbeddedServer({ name, directory, nodes: NODES, nodeLabels, log }));
    }
    server = await startServer(config, { log, onStoreFailure: endAtOnce });
    const { client } = server.hub;
    await ensureWorkspace(server.hub, ROOT, 'dev');
    for (const cluster of embedded) await registerEmbedded(client, ROOT, cluster);
    await Promise.all(joins.map((each) => joinReal(client, each, log)));
    const all = [...names, ...joins.map(({ name }) => name)];
    const late = await untilHealthy(server.registry, WORKSPACE, all);
    if (options.sample && embedded.length > 0) await authorSample(client, WORKSPACE);
    const kubeconfig = options.writeKubeconfig ?? join(options.dataDir, 'kubeconfig');
    await writeAdminKubeconfig(server, kubeconfig);
    welcome(server, all, late, kubeconfig);
  } catch (error) {
    await close();
    throw error;
  }
  await untilAsked();
  await close();
}

/** Everything comes from one person at this machine, and load tests are welcome. */
const DEV_LIMITS = { user: { qps: 100_000, burst: 100_000 }, workspace: { qps: 100_000, burst: 100_000 } };

/** Simulated clusters unless real ones are named and the flag was left alone. */
function embeddedNames(options: DevOptions): string[] {
  if (options.clusters === 'none' || (options.join.length > 0 && options.clusters === 'east,west')) return [];
  const names = options.clusters.split(',').map((name) => name.trim());
  const bad = names.find((name) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  if (bad !== undefined)
    throw new UsageError(`"${bad}" is no cluster name: use a-z, 0-9 and -`, 'for example: --clusters east,west');
  return [...new Set(names)];
}

function parseJoin(text: string): { name: string; file: string } {
  const match = /^([^=]+)=(.+)$/.exec(text);
  if (!match) throw new UsageError(`--join ${text} has no file`, 'for example: --join eu=eu.kubeconfig');
  return { name: match[1] as string, file: match[2] as string };
}

/** Of a cluster that was joined before: it may be gone just now, and must not hold up the others. */
const REJOIN_MS = 5_000;

/** Throws JoinError where a cluster cannot be joined that never was. */
async function joinReal(hub: HubClient, { name, file }: { name: string; file: string }, log: Logger): Promise<void> {
  const known = (await hub.get({ ...CLUSTER_REGISTRATIONS, workspace: ROOT, name })) !== undefined;
  try {
    await joinCluster({
      hub,
      workspace: ROOT,
      name,
      kubeconfig: readFileSync(file, 'utf8'),
      baseDirectory: dirname(resolve(file)),
      ...(known ? { signal: AbortSignal.timeout(REJOIN_MS) } : {}),
    });
  } catch (error) {
    if (!known) throw error;
    log.warn({ err: error, cluster: name }, 'could not be joined anew: served as it is known');
  }
}

async function writeAdminKubeconfig(server: RunningServer, file: string): Promise<void> {
  const { cert, key } = await server.certificates.issueClient({
    commonName: 'admin',
    organizations: ['system:masters'],
  });
  const encode = (pem: string): string => Buffer.from(pem).toString('base64');
  const user = { 'client-certificate-data': encode(cert), 'client-key-data': encode(key) };
  const text = kubeconfigText({
    origin: server.url,
    caPem: server.certificates.ca,
    user,
    workspaces: [WORKSPACE, ROOT],
  });
  writeKubeconfig(file, text);
}

function welcome(
  server: RunningServer,
  clusters: readonly string[],
  late: readonly string[],
  kubeconfig: string,
): void {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  print(`TMC gateway   ${server.url}   workspace ${WORKSPACE}`);
  print(
    `clusters      ${clusters.length > 0 ? clusters.join(', ') : 'none: join one with: tmc join NAME --kubeconfig FILE'}`,
  );
  if (late.length > 0) print(pc.yellow(`not healthy   ${late.join(', ')}: see tmc status`));
  print(`kubeconfig    ${kubeconfig}`);
  print('');
  print('Try, in another terminal:');
  print(`  export KUBECONFIG=${kubeconfig}`);
  print('  kubectl get nodes,deployments,pods -A');
  print('  kubectl create deployment web --image=nginx --replicas=4');
  print('  kubectl rollout status deployment/web');
  print('  kubectl logs deployment/web');
  print('ready');
}

const untilAsked = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
