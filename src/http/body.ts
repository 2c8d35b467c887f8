/** Request bodies, read whole after the gates have let the request pass. */
import type { Readable } from 'node:stream';
import { badRequest, tooLarge } from '../kube/status.ts';

/** kube-apiserver's own limit (MaxRequestBodyBytes). */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Throws ApiError 413 as soon as more than `limit` bytes are announced or have come; 400 when the client stops midway. */
export async function readBody(
  request: Readable,
  announced: string | undefined,
  limit = MAX_BODY_BYTES,
): Promise<Buffer> {
  if (announced !== undefined && Number(announced) > limit) throw overLimit(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Destroying the stream would reset the connection before the 413 is sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw overLimit(limit);
      chunks.push(chunk);
    }
  } catch (error) {
    if (size > limit) throw overLimit(limit);
    throw badRequest(`the request body could not be read: ${(error as Error).message}`);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

const overLimit = (limit: number) => tooLarge(`Request entity too large: limit is ${limit}`);
