/** Connections to one server, each opened when it is first needed; who finds none idle waits for the next. */
import { type Answer, HttpConnection } from './http-connection.ts';
import type { Subject } from './load.ts';

export interface Pool {
  /** `keep`: the body is given, and not only counted. */
  request(method: string, path: string, body: string | undefined, keep: boolean): Promise<Answer>;
  close(): void;
}

export function createPool(subject: Subject, size: number): Pool {
  const { hostname, port, host } = new URL(subject.origin);
  const options = {
    host: hostname,
    port: Number(port),
    ca: subject.caPem,
    ...(subject.cert && subject.key ? { cert: subject.cert, key: subject.key } : {}),
  };
  const idle: HttpConnection[] = [];
  const waiting: ((connection: HttpConnection) => void)[] = [];
  const all = new Set<HttpConnection>();
  let opening = 0;

  async function open(): Promise<HttpConnection> {
    opening++;
    try {
      const connection = await HttpConnection.open(options);
      all.add(connection);
      return connection;
    } finally {
      opening--;
    }
  }

  function take(): HttpConnection | Promise<HttpConnection> {
    // The one used last: what idles is what is not needed, and what a server closes after a while.
    for (let free = idle.pop(); free !== undefined; free = idle.pop()) {
      if (!free.closed) return free;
      all.delete(free);
    }
    return all.size + opening < size ? open() : new Promise((resolve) => waiting.push(resolve));
  }

  function giveBack(connection: HttpConnection): void {
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else next(connection);
  }

  const common =
    `host: ${host}\r\naccept: application/json\r\n` +
    (subject.authorization === undefined ? '' : `authorization: ${subject.authorization}\r\n`);
  const contentType = subject.contentType ?? 'application/json';
  const textOf = (method: string, path: string, body: string | undefined): string => {
    const head = `${method} ${subject.prefix}${path} HTTP/1.1\r\n${common}`;
    if (body === undefined) return `${head}\r\n`;
    return `${head}content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  };

  return {
    async request(method, path, body, keep) {
      const text = textOf(method, path, body);
      const connection = await take();
      try {
        const answer = await connection.exchange(text, keep);
        giveBack(connection);
        return answer;
      } catch (error) {
        all.delete(connection);
        throw error;
      }
    },
    close() {
      for (const connection of all) connection.close();
      all.clear();
    },
  };
}
