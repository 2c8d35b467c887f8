/** How a SPDY connection begins: which protocol is spoken in its streams, and the answer that says so. */
import type { Duplex } from 'node:stream';
import type { ApiRequest } from '../kube/api.ts';
import { ApiError } from '../kube/status.ts';

const HEADER = 'x-stream-protocol-version';

/** Throws 403 with kubelet's text when the client offers none of `accepted` (apimachinery, httpstream.Handshake). */
export function negotiateSpdy(request: ApiRequest, accepted: readonly string[]): void {
  const offered = (request.headers[HEADER] ?? '').split(',').map((name) => name.trim());
  if (offered.some((name) => accepted.includes(name))) return;
  const text = `client supports [${offered.join(' ')}], server accepts [${accepted.join(' ')}]`;
  throw new ApiError(403, 'Forbidden', `unable to upgrade: unable to negotiate protocol: ${text}`);
}

/** Answers 101; the socket speaks SPDY from then on. */
export function acceptSpdy(socket: Duplex, head: Buffer, protocol: string): void {
  if (head.length > 0) socket.unshift(head);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
}
