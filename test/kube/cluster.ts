/**
 * A real Kubernetes cluster for tests: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok as its
 * nodes, on loopback ports, with a CA and RBAC of its own. `npm run test:kube` builds the binaries.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../support/wait-for.ts';
import { ensureKubeAssets, type KubeAssets } from './assets.ts';
import { type ComponentName, type ComponentOptions, componentNames, hasBinary, serverSpec } from './components.ts';
import { startEgress } from './egress.ts';
import { type TokenUser, writeClusterFiles } from './files.ts';
import { KubeCluster } from './kube-cluster.ts';
import { type NodeOptions, nodeIP, nodeObject } from './kwok.ts';
import { pinPort } from './ports.ts';
import { guardFolder, ServerProcess } from './processes.ts';

export interface ClusterOptions {
  readonly name: string;
  /** kwok nodes, named `<name>-node-0`…; default 1, or 0 without controllers. */
  readonly nodes?: number;
  /** Labels and capacity of the nth node. */
  readonly node?: (index: number) => NodeOptions;
  /** false: no kube-controller-manager and no scheduler, for tests of the API alone. */
  readonly controllers?: boolean;
  /** true: etcd writes to disk before it acknowledges, as in production; for measurements. */
  readonly fsync?: boolean;
  /** Bearer tokens besides the administrator's. */
  readonly tokens?: readonly TokenUser[];
  readonly extraApiServerArgs?: readonly string[];
  /** For the other servers. */
  readonly extraArgs?: Readonly<Partial<Record<ComponentName, readonly string[]>>>;
  /** `{ 'api/alpha': 'true' }`. */
  readonly runtimeConfig?: Readonly<Record<string, string>>;
  /** Plays the pods: port-forward, `pods/proxy`, `services/proxy`. Default: JSON with the cluster's name. */
  readonly servePods?: RequestListener;
  /** Other binaries than the pinned ones. */
  readonly assets?: KubeAssets;
}

/** @throws Error with the end of each server's log when the cluster does not come up. */
export async function startCluster(options: ClusterOptions): Promise<KubeCluster> {
  const { name, controllers = true } = options;
  const nodes = options.nodes ?? (controllers ? 1 : 0);
  const assets = options.assets ?? (await ensureKubeAssets());
  const missing = componentsOf(controllers, nodes).filter((component) => !hasBinary(assets, component));
  if (missing.length > 0)
    throw new Error(`Cannot start cluster "${name}": no ${missing.join(', ')} in ${assets.folder}`);

  const cluster = await prepareCluster(options, assets, componentsOf(controllers, nodes));
  try {
    await cluster.restart();
    for (let index = 0; index < nodes; index++) {
      const node = nodeObject(`${name}-node-${index}`, options.node?.(index));
      await cluster.fetchOk('/api/v1/nodes', { method: 'POST', body: node });
    }
    if (nodes > 0) await waitFor(`${nodes} nodes to be Ready`, () => areNodesReady(cluster), { timeoutMs: 60_000 });
    return cluster;
  } catch (error) {
    const logs = cluster.logTails();
    await cluster.stop();
    throw new Error(`Cannot start cluster "${name}": ${(error as Error).message}\n${logs}`, { cause: error });
  }
}

/** Its folder, network and servers, none of them running yet. */
async function prepareCluster(
  options: ClusterOptions,
  assets: KubeAssets,
  components: readonly ComponentName[],
): Promise<KubeCluster> {
  const { name } = options;
  const folder = mkdtempSync(join(tmpdir(), `tmc-${name.slice(0, 20)}-`));
  const releaseGuard = guardFolder(folder);
  const ports = await pinPorts();
  const egressSocket = join(folder, 'egress.sock');
  const egress = await startEgress({
    socketPath: egressSocket,
    servePods: options.servePods ?? answerWithName(name),
  });
  egress.routes.set(`${nodeIP}:${ports.kubelet}`, { host: '127.0.0.1', port: ports.kubelet });

  const url = `https://127.0.0.1:${ports.apiserver}`;
  const adminToken = randomBytes(16).toString('hex');
  const tokens = [{ token: adminToken, user: 'admin', groups: ['system:masters'] }, ...(options.tokens ?? [])];
  const credentials = await writeClusterFiles({ folder, clusterName: name, url, egressSocket, tokens });

  mkdirSync(join(folder, 'work'));
  mkdirSync(join(folder, 'pod-logs'));
  const componentOptions: ComponentOptions = {
    clusterName: name,
    folder,
    ports: { ...ports, pods: egress.podPort },
    fsync: options.fsync ?? false,
    serviceAccountAdmission: components.includes('controller-manager'),
    runtimeConfig: options.runtimeConfig ?? {},
    extraArgs: { ...options.extraArgs, apiserver: options.extraApiServerArgs ?? options.extraArgs?.apiserver ?? [] },
  };
  const servers = new Map(
    components.map((component) => {
      const spec = serverSpec(component, assets, componentOptions);
      return [component, new ServerProcess(spec, folder)] as const;
    }),
  );
  const kubectlPath = assets.binaries.kubectl;
  const parts = { name, url, folder, adminToken, credentials, egress, servers, kubectlPath, releaseGuard };
  const cluster = new KubeCluster(parts);
  cluster.writePodLog(`hello from ${name}`);
  return cluster;
}

function componentsOf(controllers: boolean, nodes: number): ComponentName[] {
  return componentNames.filter((component) => {
    if (component === 'kubelet' || component === 'kwok') return nodes > 0;
    return controllers || component === 'etcd' || component === 'apiserver';
  });
}

async function pinPorts() {
  const [etcd, etcdPeer, apiserver] = [await pinPort(), await pinPort(), await pinPort()];
  return { etcd, etcdPeer, apiserver, kubelet: await pinPort(), kwok: await pinPort() };
}

function answerWithName(cluster: string): RequestListener {
  return (request, response) => {
    const { method, url: path, headers } = request;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ cluster, method, path, host: headers.host }));
  };
}

async function areNodesReady(cluster: KubeCluster): Promise<boolean> {
  const list = await cluster.fetchOk<{ items: NodeStatus[] }>('/api/v1/nodes');
  return list.items.every((node) => node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'));
}

interface NodeStatus {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
