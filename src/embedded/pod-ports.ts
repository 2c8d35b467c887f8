/** What listens in a simulated pod: on the ports that its containers declare, a web server that says which pod it is. */
import { createServer } from 'node:http';
import type { PortListener } from './port-forward.ts';
import type { Container, Pod } from './types.ts';

/** Throws Error, as a kubelet words it, for ports on which nothing listens. */
export function podPorts(clusterName: string, pod: Pod): PortListener {
  return (port, connection) => {
    const listening = listenerOn(port, pod.spec.containers);
    if (listening === undefined) {
      throw new Error(`failed to dial ${port}: dial tcp4 127.0.0.1:${port}: connect: connection refused`);
    }
    const answer = { cluster: clusterName, pod: pod.metadata.name, container: listening.name, image: listening.image };
    const server = createServer(({ method, url: path }, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify({ ...answer, method, path })}\n`);
    });
    server.emit('connection', connection);
  };
}

/** Images listen without declaring it, too: where no container declares a port, any will do. */
function listenerOn(port: number, containers: readonly Container[]): Container | undefined {
  const declaring = containers.filter(({ ports = [] }) => ports.length > 0);
  if (declaring.length === 0) return containers[0];
  return declaring.find(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port));
}
