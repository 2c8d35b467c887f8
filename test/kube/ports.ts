/** Loopback ports for servers that must come back on the same port after they were killed. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below what kernels hand to outgoing connections: one of those could sit on our port while its server is down.
const lowest = 20_000;
const highest = 30_000;
const handedOut = new Set<number>();

/** A port that nothing listens on now and that this process has not been given before. */
export async function pinPort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(lowest, highest);
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`Cannot find a free port between ${lowest} and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
