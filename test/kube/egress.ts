/**
 * The cluster's pod and node network, as kube-apiserver sees it.
 *
 * kwok's nodes and pods have addresses that nothing routes to. kube-apiserver dials them through an egress proxy
 * (EgressSelectorConfiguration, HTTP CONNECT over a unix socket), which is this: the nodes' kubelet port leads to our
 * kubelet, every other address of the cluster to one small HTTP server that plays the pods. So logs, exec and port-forward, but
 * also `pods/proxy`, `services/proxy`, webhooks and aggregated APIs behind Services, behave as in a real cluster.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Egress {
  /** Loopback port of the server that plays the pods; port-forward leads here too. */
  readonly podPort: number;
  /** Where connections to `host:port` of the cluster's network go; addresses not in here lead to the pods' server. */
  readonly routes: Map<string, Address>;
  close(): Promise<void>;
}

export interface EgressOptions {
  readonly socketPath: string;
  readonly servePods: RequestListener;
}

export async function startEgress(options: EgressOptions): Promise<Egress> {
  const sockets = new Set<Socket>();
  const routes = new Map<string, Address>();
  const pods = createServer(options.servePods);
  const podPort = await new Promise<number>((resolve, reject) => {
    pods.once('error', reject);
    pods.listen(0, '127.0.0.1', () => {
      const address = pods.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

  const proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', (request, client: Socket, head: Buffer) => {
    const asked = request.url ?? '';
    const target = routes.get(asked) ?? loopback(asked) ?? { host: '127.0.0.1', port: podPort };
    const upstream = connect(target.port, target.host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      pipeline(client, upstream, client, () => {});
    });
    upstream.on('error', (error) => client.end(`HTTP/1.1 502 ${error.message}\r\n\r\n`));
    client.on('error', () => upstream.destroy());
    track(sockets, client);
    track(sockets, upstream);
  });
  await new Promise<void>((resolve, reject) => {
    proxy.once('error', reject);
    proxy.listen(options.socketPath, resolve);
  });

  return {
    podPort,
    routes,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([closeServer(proxy), closeServer(pods)]);
    },
  };
}

/** Loopback addresses lead to themselves. */
function loopback(authority: string): Address | undefined {
  const [, host, port] = /^(127\.[\d.]+|localhost|\[::1\]):(\d+)$/.exec(authority) ?? [];
  return host === undefined ? undefined : { host: host.replace(/[[\]]/g, ''), port: Number(port) };
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
