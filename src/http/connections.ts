/** Open sockets and HTTP/2 sessions: which may end when the server stops, and which are still answering. */
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

const TCP_KEEP_ALIVE_MS = 30_000;

export interface Connections {
  /** Keeps the socket open when the server stops, until released. Streams of HTTP/2 are kept by their session. */
  hold(socket: Duplex): () => void;
  /** Sessions end when their streams have; idle HTTP/1.1 connections end now, the others with their answer. */
  finish(): void;
  /** Ends all that is left. */
  cut(): void;
}

/** Every socket and HTTP/2 session has an owner that closes it: this. */
export function trackConnections(server: Http2SecureServer): Connections {
  const sockets = new Set<TLSSocket>();
  const sessions = new Set<ServerHttp2Session>();
  /** HTTP/1.1 sockets that are answering a request, or have been upgraded. */
  const busy = new Map<Duplex, number>();
  let finishing = false;
  server.on('secureConnection', (socket: TLSSocket) => {
    // Peers that vanish without a word are noticed.
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      busy.delete(socket);
    });
    if (finishing && isHttp1(socket)) socket.destroy();
  });
  server.on('session', (session) => {
    sessions.add(session);
    // Its handshake was under way when the server stopped.
    if (finishing) session.close();
    session.once('close', () => sessions.delete(session));
  });
  return {
    hold(socket: Duplex): () => void {
      busy.set(socket, (busy.get(socket) ?? 0) + 1);
      return () => {
        const left = (busy.get(socket) ?? 1) - 1;
        if (left > 0) busy.set(socket, left);
        else busy.delete(socket);
        if (left === 0 && finishing && isHttp1(socket)) socket.end();
      };
    },
    finish() {
      finishing = true;
      for (const session of sessions) session.close();
      for (const socket of sockets) if (!busy.has(socket) && isHttp1(socket)) socket.destroy();
    },
    cut() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const isHttp1 = (socket: Duplex): boolean => (socket as TLSSocket).alpnProtocol !== 'h2';
