/** Request bodies, read whole after the gates have let the request pass. */
import { badRequest, tooLarge } from '../kube/status.ts';
import { isHttp2, type RawRequest } from './exchange.ts';

/** kube-apiserver's own limit (MaxRequestBodyBytes). */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** RFC 9112 §6.3: without either header a request of HTTP/1.1 has no body. HTTP/2 says nothing before the body ends. */
export const isBodiless = (request: RawRequest): boolean =>
  !isHttp2(request) &&
  request.headers['content-length'] === undefined &&
  request.headers['transfer-encoding'] === undefined;

/** Throws ApiError 413 as soon as more than `limit` bytes are announced or have come; 400 when the client stops midway. */
export function readBody(request: RawRequest, limit = MAX_BODY_BYTES): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) return reject(overLimit(limit));
    const chunks: Buffer[] = [];
    let size = 0;
    const broken = (why: string): void => reject(badRequest(`the request body could not be read: ${why}`));
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      // Destroying the stream would reset the connection before the 413 is sent.
      request.off('data', take);
      request.pause();
      reject(overLimit(limit));
    };
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    request.once('error', (error: Error) => broken(error.message));
    request.once('close', () => {
      if (!request.readableEnded) broken('the connection was closed');
    });
    if (request.destroyed) broken('the connection was closed');
  });
}

const overLimit = (limit: number) => tooLarge(`Request entity too large: limit is ${limit}`);
