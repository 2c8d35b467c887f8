/** SPDY/3's header blocks: names and values behind lengths, compressed as one zlib stream per direction. */
import { constants, createInflate } from 'node:zlib';

/** The specification's dictionary (draft-mbelshe-httpbis-spdy-00 §2.6.10.1): words behind their lengths, then plain text. */
const WORDS = `options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match
if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range
referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get
status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin`;
const TAIL =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information' +
  '204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error' +
  '501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, ' +
  'Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

export const SPDY_DICTIONARY: Buffer = Buffer.concat([
  ...WORDS.split(/\s/).flatMap((word) => [uint32(word.length), Buffer.from(word.replace('_', ' '))]),
  Buffer.from(TAIL),
]);

/** No peer of ours sends more than a few hundred. */
const MAX_HEADER_BYTES = 64 * 1024;

export interface HeaderReader {
  /** Blocks must be given in the order in which they came. Throws on what cannot be read. */
  read(block: Buffer): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

export function createHeaderReader(): HeaderReader {
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  let plain: Buffer[] = [];
  let size = 0;
  inflate.on('data', (chunk: Buffer) => {
    plain.push(chunk);
    size += chunk.length;
    if (size > MAX_HEADER_BYTES) inflate.destroy(new Error('the headers of a stream are too long'));
  });
  return {
    async read(block) {
      plain = [];
      size = 0;
      await new Promise<void>((resolve, reject) => {
        inflate.once('error', reject);
        inflate.write(block, (error) => {
          inflate.off('error', reject);
          if (error) reject(error);
          else resolve();
        });
      });
      return parseHeaders(Buffer.concat(plain));
    },
    close: () => inflate.destroy(),
  };
}

function parseHeaders(block: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    at += 4 + length;
    if (at > block.length) throw new RangeError('the headers of a stream end too early');
    return block.toString('utf8', at - length, at);
  };
  for (let left = block.readUInt32BE(0); left > 0; left--) headers.set(text().toLowerCase(), text());
  return headers;
}

/**
 * No headers, as stored deflate blocks of one zlib stream: all that a server has to answer, so nothing is ever compressed.
 * The empty block at the end makes readers give out what they have.
 */
const NO_HEADERS = Buffer.from('000400fbff00000000' + '000000ffff', 'hex');
const ZLIB_HEAD = Buffer.from([0x78, 0x01]);

/** The block of a reply without headers; the connection's first one opens the zlib stream. */
export const emptyHeaders = (first: boolean): Buffer => (first ? Buffer.concat([ZLIB_HEAD, NO_HEADERS]) : NO_HEADERS);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
