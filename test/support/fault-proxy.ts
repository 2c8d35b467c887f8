/**
 * A TCP proxy that misbehaves on demand, to stand between the gateway and a cluster. It does not know what it carries,
 * so it serves TLS as well as plain HTTP. Its mode may change at any time; streams already open follow the new one.
 */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

export type Fault =
  | { readonly kind: 'pass' }
  /** Closes each new connection at once, as a dead process behind a live port would. */
  | { readonly kind: 'refuse' }
  /** Accepts and never answers; what was under way stalls too. */
  | { readonly kind: 'hang' }
  /** Answers come at so many bytes a second. */
  | { readonly kind: 'drip'; readonly bytesPerSecond: number }
  /** Resets the connection once so many bytes of answers have passed it. */
  | { readonly kind: 'reset'; readonly afterBytes: number };

export interface FaultProxy {
  readonly port: number;
  set(fault: Fault): void;
  /** Cuts every open connection. */
  cut(): void;
  /** Stops listening: connections are refused by the kernel. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  readonly connections: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  close(): Promise<void>;
}

const TICK_MS = 20;

/** `target` is where answers really come from, on loopback. */
export async function startFaultProxy(target: { readonly port: number; readonly host?: string }): Promise<FaultProxy> {
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  let fault: Fault = { kind: 'pass' };
  let accepted = 0;
  let server: Server;

  function onConnection(client: Socket): void {
    accepted += 1;
    if (fault.kind === 'refuse') {
      client.on('error', ignore);
      client.resetAndDestroy();
      return;
    }
    const upstream = dial({ port: target.port, host: target.host ?? '127.0.0.1', allowHalfOpen: true });
    const pair = { client, upstream };
    pairs.add(pair);
    const forget = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.on('error', forget);
      socket.on('close', forget);
    }
    client.on('data', (chunk) => {
      if (fault.kind !== 'hang') upstream.write(chunk);
    });
    client.on('end', () => upstream.end());
    answer(pair);
  }

  /** Bytes from the cluster to the client, as the fault of the moment lets them. */
  function answer({ client, upstream }: { client: Socket; upstream: Socket }): void {
    let passed = 0;
    const queue: Buffer[] = [];
    const timer = setInterval(() => {
      if (fault.kind === 'hang') return;
      let budget = fault.kind === 'drip' ? Math.max(1, Math.round((fault.bytesPerSecond * TICK_MS) / 1000)) : Infinity;
      while (queue.length > 0 && budget > 0) {
        const head = queue.shift()!;
        const part = head.subarray(0, Math.min(budget, head.length));
        if (part.length < head.length) queue.unshift(head.subarray(part.length));
        budget -= part.length;
        if (!send(part)) return;
      }
    }, TICK_MS);
    const send = (part: Buffer): boolean => {
      if (fault.kind === 'reset' && passed + part.length > fault.afterBytes) {
        client.write(part.subarray(0, Math.max(0, fault.afterBytes - passed)), () => client.resetAndDestroy());
        return false;
      }
      passed += part.length;
      return client.write(part) || true;
    };
    upstream.on('data', (chunk: Buffer) => {
      if (queue.length === 0 && (fault.kind === 'pass' || fault.kind === 'reset')) send(chunk);
      else queue.push(chunk);
    });
    upstream.on('end', () => {
      if (queue.length === 0) client.end();
    });
    client.on('close', () => clearInterval(timer));
  }

  const cut = () => {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  };
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server = createServer({ allowHalfOpen: true }, onConnection);
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      cut();
    });

  const port = await listen(0);
  return {
    port,
    set: (next) => {
      fault = next;
    },
    cut,
    down,
    up: async () => void (await listen(port)),
    get connections() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    close: down,
  };
}

const ignore = (): void => undefined;
