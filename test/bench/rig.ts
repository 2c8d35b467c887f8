/** What every case runs on: one kube-apiserver for the baseline, four behind a gateway, all with fsync on. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { KubeObject } from '../../src/kube/object.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';
import { type Client, createClient, measure, type Subject } from './load.ts';

export const CONNECTIONS = 128;
export const MEMBERS = 4;

export interface Rig {
  /** kube-apiserver asked directly. */
  readonly direct: Client;
  /** The view of the bench's workspace. */
  readonly view: Client;
  /** The hub alone, same workspace. */
  readonly hub: Client;
  /** The clusters behind the gateway, asked directly, each with its name. */
  readonly members: readonly { readonly name: string; readonly client: Client }[];
  readonly gatewayPid: number;
  readonly progress: (line: string) => void;
  /** Where namespace `default` of the workspace lives in a member; made by placing something there. */
  downstreamNamespace(member: Client): Promise<string>;
  /** Another gateway over the same clusters, whose process has done nothing yet: for what is measured of a process. */
  freshGateway(): Promise<{ readonly view: Client; stop(): Promise<void> }>;
  close(): Promise<void>;
}

export async function startRig(progress: (line: string) => void): Promise<Rig> {
  progress(`starting ${MEMBERS + 1} kube-apiservers`);
  const clusters: KubeCluster[] = [];
  for (const name of ['direct', ...Array.from({ length: MEMBERS }, (_, index) => `member-${index + 1}`)]) {
    clusters.push(await startCluster({ name, controllers: false, fsync: true }));
  }
  const [alone, ...joined] = clusters as [KubeCluster, ...KubeCluster[]];
  progress('starting the gateway');
  const joins = joined.flatMap(({ name, kubeconfigPath }) => ['--join', `${name}=${kubeconfigPath}`]);
  const startGateway = () => runGateway({ built: true, args: ['--clusters', 'none', '--no-sample', ...joins] });
  const gateway = await startGateway();
  const view = createClient(subjectOf(gateway, 'gateway'), CONNECTIONS);
  const workspace = view.subject.prefix.split('/').at(-1) as string;
  const hub = createClient({ ...view.subject, name: 'hub', prefix: `/clusters/${workspace}` }, CONNECTIONS);
  const members = joined.map((cluster) => ({
    name: cluster.name,
    client: createClient(directSubject(cluster), CONNECTIONS),
  }));
  const direct = createClient(directSubject(alone), CONNECTIONS);
  return {
    direct,
    view,
    hub,
    members,
    gatewayPid: gateway.pid,
    progress,
    downstreamNamespace: (member) => findNamespace(member, workspace),
    async freshGateway() {
      const fresh = await startGateway();
      const client = createClient(subjectOf(fresh, 'fresh gateway'), CONNECTIONS);
      const stop = async (): Promise<void> => {
        await client.close();
        await fresh.stop();
      };
      return { view: client, stop };
    },
    async close() {
      await Promise.all([direct, view, hub, ...members.map(({ client }) => client)].map((client) => client.close()));
      await gateway.stop();
      await Promise.all(clusters.map((cluster) => cluster.stop()));
    },
  };
}

const directSubject = (cluster: KubeCluster): Subject => ({
  name: cluster.name,
  origin: cluster.url,
  prefix: '',
  caPem: cluster.caPem,
  authorization: `Bearer ${cluster.adminToken}`,
  pids: cluster.pids,
});

/** The gateway as the kubeconfig that it wrote describes it. */
export function subjectOf(gateway: RunningGateway, name: string): Subject {
  const config = parse(readFileSync(gateway.kubeconfig, 'utf8'));
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const user = config.users[0].user;
  const decode = (text: string): string => Buffer.from(text, 'base64').toString();
  const { origin, pathname } = new URL(server);
  return {
    name,
    origin,
    prefix: pathname,
    caPem: decode(ca),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
    pids: [gateway.pid],
  };
}

async function findNamespace(member: Client, workspace: string): Promise<string> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const { items } = JSON.parse((await member.send('GET', '/api/v1/namespaces')).toString()) as {
      items: KubeObject[];
    };
    const found = items.find(({ metadata }) => {
      const locator = metadata.annotations?.['kcp.io/namespace-locator'];
      return (
        locator !== undefined &&
        JSON.parse(locator).workspace === workspace &&
        JSON.parse(locator).namespace === 'default'
      );
    });
    if (found) return found.metadata.name as string;
    await sleep(100);
  }
  throw new Error(`namespace default of ${workspace} did not appear in ${member.subject.name}`);
}

/** Creates `count` objects as fast as 32 workers can. */
export const fill = (client: Client, path: string, count: number, make: (index: number) => object): Promise<unknown> =>
  measure({ workers: 32, count }, (index) => client.send('POST', path, JSON.stringify(make(index))));

/** Something small that placement sends to every member, so that the namespace exists there. */
export async function placeEverywhere(rig: Rig): Promise<void> {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'bench-anchor' },
    spec: {
      replicas: MEMBERS,
      selector: { matchLabels: { app: 'anchor' } },
      template: { metadata: { labels: { app: 'anchor' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  };
  await rig.view.send('POST', '/apis/apps/v1/namespaces/default/deployments', JSON.stringify(object));
}
