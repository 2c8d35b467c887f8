/** Real clusters behind a gateway that runs as a process of its own, and what a test does with both. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ApiClient } from '../kube/api-client.ts';
import type { KeyAndCert } from '../kube/certs.ts';
import { type ClusterOptions, startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type ClusterFront, startClusterFront } from './cluster-front.ts';
import { type KubectlOptions, type KubectlResult, runKubectl } from './kubectl.ts';
import { type RunningGateway, runGateway } from './run-gateway.ts';

export interface JoinedClusters<Name extends string> {
  readonly clusters: Readonly<Record<Name, KubeCluster>>;
  /** What stands before a cluster that was joined through a front; throws for others. */
  front(name: Name): ClusterFront;
  /** The gateway that runs now. */
  gateway(): RunningGateway;
  /** Kills it and starts it again: same port, same data, same clusters. */
  restartGateway(signal: NodeJS.Signals): Promise<void>;
  /** Requests to the gateway as its administrator; paths begin with `/services/tmc/clusters/…`. */
  readonly admin: ApiClient;
  /** The same without credentials of its own: give a token. A certificate would win over it. */
  readonly stranger: ApiClient;
  kubectl(...args: string[]): Promise<KubectlResult>;
  kubectlWith(options: Partial<KubectlOptions>, ...args: string[]): Promise<KubectlResult>;
  /** Standard output of a kubectl that must succeed. */
  ok(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Path of the workspace that `tmc dev` makes, as the view shows it. */
export const VIEW = '/services/tmc/clusters/root:dev';

export interface JoinOptions<Name extends string> extends Omit<ClusterOptions, 'name'> {
  /** What one of them is started with besides. */
  readonly each?: Readonly<Partial<Record<Name, Omit<ClusterOptions, 'name'>>>>;
  /** Those that the gateway reaches through something that can misbehave. */
  readonly fronted?: readonly Name[];
}

/** Starts clusters of these names and `tmc dev` with all of them joined. */
export async function joinClusters<Name extends string>(
  names: readonly Name[],
  { each, fronted = [], ...options }: JoinOptions<Name> = {},
): Promise<JoinedClusters<Name>> {
  const started = await Promise.all(names.map((name) => startCluster({ name, nodes: 2, ...options, ...each?.[name] })));
  const clusters = Object.fromEntries(started.map((cluster) => [cluster.name, cluster])) as Record<Name, KubeCluster>;
  const fronts = new Map<string, ClusterFront>();
  for (const name of fronted) fronts.set(name, await startClusterFront(clusters[name]));
  const joins = started.flatMap(({ name, kubeconfigPath }) => [
    '--join',
    `${name}=${fronts.get(name)?.kubeconfigPath ?? kubeconfigPath}`,
  ]);
  let gateway = await runGateway({ args: ['--clusters', 'none', ...joins] });
  const first = gateway;
  const { admin, stranger } = apiClients(gateway.kubeconfig);
  const kubectlWith = (given: Partial<KubectlOptions>, ...args: string[]): Promise<KubectlResult> =>
    runKubectl(args, { kubeconfig: gateway.kubeconfig, ...given });
  return {
    clusters,
    front(name) {
      const front = fronts.get(name);
      if (front === undefined) throw new Error(`cluster "${name}" was joined without a front`);
      return front;
    },
    gateway: () => gateway,
    async restartGateway(signal) {
      await gateway.kill(signal);
      gateway = await gateway.restart();
    },
    admin,
    stranger,
    kubectl: (...args) => kubectlWith({}, ...args),
    kubectlWith,
    async ok(...args) {
      const { code, stdout, stderr } = await kubectlWith({}, ...args);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    async stop() {
      await Promise.all([admin.close(), stranger.close()]);
      await gateway.kill('SIGTERM');
      await first.stop();
      await Promise.all([...fronts.values()].map((front) => front.close()));
      await Promise.all(started.map((cluster) => cluster.stop()));
    },
  };
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Record<'server' | 'certificate-authority-data', string> }[];
  readonly users: readonly { readonly user: Record<'client-certificate-data' | 'client-key-data', string> }[];
}

function apiClients(kubeconfig: string): Record<'admin' | 'stranger', ApiClient> {
  const { adminCert, ...server } = readCredentials(kubeconfig);
  return { admin: new ApiClient({ ...server, adminCert }), stranger: new ApiClient(server) };
}

/** Where a kubeconfig of `tmc dev` leads, and as whom: for clients other than kubectl. */
export function readCredentials(kubeconfig: string): { url: string; caPem: string; adminCert: KeyAndCert } {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (!cluster || !user) throw new Error(`${kubeconfig} names no cluster or no user`);
  const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
  const [url, caPem] = [new URL(cluster.server).origin, decode(cluster['certificate-authority-data'])];
  const adminCert = { certPem: decode(user['client-certificate-data']), keyPem: decode(user['client-key-data']) };
  return { url, caPem, adminCert };
}

/** Lines of kubectl's output; none for an empty one. */
export const linesOf = (text: string): string[] => (text.trim() === '' ? [] : text.trim().split('\n'));

/** How many rows of a table are of each value of its second column: CLUSTER, where no NAMESPACE is shown. */
export function countByCluster(table: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of linesOf(table)) {
    const cluster = line.split(/\s+/)[1] ?? '';
    counts[cluster] = (counts[cluster] ?? 0) + 1;
  }
  return counts;
}
