/**
 * Port-forward, the server's end: pairs of SPDY streams, one of errors and one of data, for each connection that the client
 * accepts. SPDY itself comes on an upgraded socket, or inside a WebSocket (KEP-4006: `SPDY/3.1+portforward.k8s.io`).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type SpdyStream, serveSpdy } from './spdy-connection.ts';
import { acceptSpdy } from './spdy-upgrade.ts';

export const PORT_FORWARD = 'portforward.k8s.io';
const TUNNELLED = `SPDY/3.1+${PORT_FORWARD}`;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Takes a connection to a port, and ends it. Throws Error, before it reads, when nothing listens there. */
export type PortListener = (port: number, connection: Duplex) => void;

export const tunnelsPorts = (offered: string | undefined): boolean =>
  (offered ?? '').split(',').some((protocol) => protocol.trim() === TUNNELLED);

export function acceptPortForward(socket: Duplex, head: Buffer, connect: PortListener, pod: string): void {
  acceptSpdy(socket, head, PORT_FORWARD);
  forward(socket, connect, pod);
}

export function acceptTunnelledPorts(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  connect: PortListener,
  pod: string,
): void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: () => TUNNELLED,
  });
  server.handleUpgrade(request, socket, head, (webSocket) => forward(createWebSocketStream(webSocket), connect, pod));
}

function forward(carrier: Duplex, connect: PortListener, pod: string): void {
  carrier.on('error', () => carrier.destroy());
  const errors = new Map<string, SpdyStream>();
  serveSpdy(carrier, (stream) => {
    const id = stream.headers.get('requestid') ?? '';
    const type = stream.headers.get('streamtype');
    const port = Number(stream.headers.get('port'));
    if (type === 'error') {
      errors.set(id, stream);
      stream.resume();
      stream.once('close', () => errors.delete(id));
    } else if (type === 'data' && Number.isInteger(port)) {
      serve(stream, port, errors.get(id));
    } else stream.destroy();
  });

  function serve(data: SpdyStream, port: number, error: SpdyStream | undefined): void {
    try {
      // The pod has said all: no error will follow, whatever the client still sends.
      for (const end of ['finish', 'close']) data.once(end, () => error?.end());
      connect(port, data);
    } catch (refused) {
      error?.end(`error forwarding port ${port} to pod ${pod}, uid : ${(refused as Error).message}`);
      data.destroy();
    }
  }
}
