/**
 * What stands between the gateway and a real cluster: a TCP proxy that misbehaves on demand, and behind it a TLS server that
 * answers in the cluster's place on demand. The gateway joins the cluster through both.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

/** Answers a request instead of the cluster; undefined lets it through. */
export type Interference = (request: IncomingMessage) => ((response: ServerResponse) => void) | undefined;

export interface ClusterFront {
  /** A kubeconfig of the cluster that leads here, with the administrator's token. */
  readonly kubeconfigPath: string;
  readonly tcp: FaultProxy;
  /** From now on; without one, all pass. */
  interfere(interference?: Interference): void;
  /** Presents a certificate of the cluster's CA that ended then; undefined: a good one. Connections begin anew. */
  useCertificate(notAfter?: Date): Promise<void>;
  /** Paths with queries of all requests that came since the last call. */
  takeRequests(): string[];
  close(): Promise<void>;
}

export async function startClusterFront(cluster: KubeCluster): Promise<ClusterFront> {
  const certificate = async (notAfter?: Date) => {
    const hosts = ['127.0.0.1', 'localhost'];
    const { certPem, keyPem } = await cluster.issueCertificate({
      user: 'front',
      hosts,
      ...(notAfter ? { notAfter } : {}),
    });
    return { cert: certPem, key: keyPem };
  };
  let interference: Interference | undefined;
  let requests: string[] = [];
  const server = createServer(await certificate(), (incoming, response) => {
    requests.push(incoming.url ?? '');
    const answer = interference?.(incoming);
    if (answer) answer(response);
    else pass(cluster, incoming, response);
  });
  server.on('upgrade', (incoming, socket, head) => {
    const upstream = ask(cluster, incoming);
    upstream.on('upgrade', (answer, other, early) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headLines(answer.rawHeaders)}\r\n`);
      socket.write(early);
      other.write(head);
      other.pipe(socket).pipe(other);
      for (const side of [socket, other]) side.on('error', () => side.destroy());
    });
    upstream.on('response', (answer) => answer.pipe(socket));
    upstream.on('error', () => socket.destroy());
    upstream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tcp = await startFaultProxy({ port: (server.address() as AddressInfo).port });
  const kubeconfigPath = join(cluster.folder, 'kubeconfig-through-front');
  writeFileSync(kubeconfigPath, leadingTo(`https://127.0.0.1:${tcp.port}`, cluster));
  return {
    kubeconfigPath,
    tcp,
    interfere: (next) => {
      interference = next;
    },
    async useCertificate(notAfter) {
      server.setSecureContext(await certificate(notAfter));
      tcp.cut();
    },
    takeRequests() {
      const taken = requests;
      requests = [];
      return taken;
    },
    async close() {
      await tcp.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function leadingTo(server: string, cluster: KubeCluster): string {
  const config = parse(readFileSync(cluster.kubeconfigPath, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  for (const { cluster: target } of config.clusters) target.server = server;
  // A client certificate would prove itself to the front, not to the cluster.
  for (const user of config.users) user.user = { token: cluster.adminToken };
  return stringify(config);
}

function ask(cluster: KubeCluster, { method, url, rawHeaders }: IncomingMessage): ClientRequest {
  const { hostname: host, port } = new URL(cluster.url);
  return request({ host, port, method, path: url, headers: [...rawHeaders], ca: cluster.caPem });
}

function pass(cluster: KubeCluster, incoming: IncomingMessage, response: ServerResponse): void {
  const upstream = ask(cluster, incoming);
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    response.flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  upstream.on('error', () => response.destroy());
  response.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function headLines(rawHeaders: readonly string[]): string {
  let text = '';
  for (let i = 0; i < rawHeaders.length; i += 2) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return text;
}
