/**
 * The server's end of Kubernetes' remote command protocol over WebSocket: `v5.channel.k8s.io` (KEP-4006) and `v4`.
 * Each message begins with its channel: 0 stdin, 1 stdout, 2 stderr, 3 error (a Status), 4 resize, 255 close (v5).
 */
import type { IncomingMessage } from 'node:http';
import { type Duplex, PassThrough } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const CLOSE = 255;
/** kubectl sends 32 KiB at a time; anything much larger is not kubectl. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

export interface ChannelSession {
  readonly stdin: AsyncIterable<Buffer>;
  stdout(chunk: Buffer | string): void;
  stderr(chunk: Buffer | string): void;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** Speaks the protocol until `run` gives the exit code, which is told to the client as a Status. */
export function acceptChannels(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  run: (session: ChannelSession) => Promise<number>,
): void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  server.handleUpgrade(request, socket, head, (webSocket) => void serve(webSocket, run));
}

/** True when the client offers a protocol that `acceptChannels` speaks; kubectl falls back to SPDY otherwise. */
export const speaksChannels = (offered: string | undefined): boolean =>
  (offered ?? '').split(',').some((protocol) => PROTOCOLS.includes(protocol.trim()));

async function serve(webSocket: WebSocket, run: (session: ChannelSession) => Promise<number>): Promise<void> {
  const gone = new AbortController();
  const stdin = new PassThrough();
  webSocket.on('message', (data: Buffer, isBinary) => {
    const message = isBinary ? data : Buffer.from(data);
    if (message[0] === STDIN) stdin.write(message.subarray(1));
    else if (message[0] === CLOSE && message[1] === STDIN) stdin.end();
  });
  webSocket.on('close', () => {
    stdin.end();
    gone.abort();
  });
  webSocket.on('error', () => webSocket.terminate());
  const send = (channel: number, chunk: Buffer | string): void => {
    if (webSocket.readyState === webSocket.OPEN)
      webSocket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(chunk)]));
  };
  const status = await commandStatus(() =>
    run({
      stdin,
      stdout: (chunk) => send(STDOUT, chunk),
      stderr: (chunk) => send(STDERR, chunk),
      signal: gone.signal,
    }),
  );
  send(ERROR, JSON.stringify(status));
  webSocket.close(1000);
}

/** Runs it to its end, and says how it ended. */
export async function commandStatus(run: () => Promise<number>): Promise<object> {
  try {
    return exitStatus(await run());
  } catch (error) {
    return { metadata: {}, status: 'Failure', reason: 'InternalError', message: String(error), code: 500 };
  }
}

/** As the kubelet reports it (k8s.io/kubelet/pkg/cri/streaming/remotecommand, writeStatus). */
const exitStatus = (code: number): object =>
  code === 0
    ? { metadata: {}, status: 'Success' }
    : {
        metadata: {},
        status: 'Failure',
        message: `command terminated with non-zero exit code: exit status ${code}`,
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
      };
