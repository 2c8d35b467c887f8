/** What listens in a simulated pod: on each port that a container declares, a web server that says which pod it is. */
import { createServer } from 'node:http';
import type { PortListener } from './port-forward.ts';
import type { Pod } from './types.ts';

/** Throws Error, as a kubelet words it, for ports that no container declares. */
export function podPorts(clusterName: string, pod: Pod): PortListener {
  const container = (port: number) =>
    pod.spec.containers.find(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port));
  return (port, connection) => {
    const listening = container(port);
    if (listening === undefined) {
      throw new Error(
        `failed to connect to localhost:${port} inside namespace "${pod.metadata.namespace}": connection refused`,
      );
    }
    const answer = { cluster: clusterName, pod: pod.metadata.name, container: listening.name, image: listening.image };
    const server = createServer(({ method, url: path }, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify({ ...answer, method, path })}\n`);
    });
    server.emit('connection', connection);
  };
}
