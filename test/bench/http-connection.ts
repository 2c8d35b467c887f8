/**
 * One HTTP/1.1 connection over TLS that does the least a client can: one request at a time, written as prepared text, the
 * answer found by its length. Whoever measures a server on the same two cores must not measure the client: undici takes
 * two to four times the processor time for the same request. It reads what Go and Node servers write, and is no general client.
 */
import { connect, type TLSSocket } from 'node:tls';

export interface Answer {
  readonly status: number;
  /** How many bytes the body had. */
  readonly size: number;
  /** Empty where the answer was only counted. */
  readonly body: Buffer;
}

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Pending {
  readonly keep: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

export class HttpConnection {
  readonly #socket: TLSSocket;
  #pending: Pending | undefined;
  /** Of the answer that is being read; undefined before its head is complete. */
  #body: BodyReader | undefined;
  #status = 0;
  #rest: Buffer = EMPTY;
  #failure: Error | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server has closed the connection')));
  }

  /** Resolves when the handshake is done. */
  static open(options: ConnectionOptions): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] }, () => {
        socket.off('error', reject);
        socket.setNoDelay(true);
        resolve(new HttpConnection(socket));
      });
      socket.once('error', reject);
    });
  }

  /** `text`: head and body; the next only when this one is answered. Counts the body, and gives it when `keep` says so. */
  exchange(text: string, keep: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#pending = { keep, resolve, reject };
      this.#socket.write(text);
    });
  }

  get closed(): boolean {
    return this.#failure !== undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = EMPTY;
    if (this.#pending === undefined) this.#fail(new Error('the server speaks unasked'));
    else if (this.#body !== undefined) this.#readBody(bytes, this.#pending);
    else this.#readHead(bytes, this.#pending);
  }

  #readHead(bytes: Buffer, pending: Pending): void {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      this.#rest = bytes;
      return;
    }
    const head = bytes.toString('latin1', 0, end);
    const length = LENGTH.exec(head)?.[1];
    if (length === undefined && !CHUNKED.test(head)) {
      this.#fail(new Error(`an answer without a length: ${head}`));
      return;
    }
    this.#status = Number(head.slice(9, 12));
    this.#body = new BodyReader(pending.keep, length === undefined ? undefined : Number(length));
    this.#readBody(bytes.subarray(end + HEAD_END.length), pending);
  }

  #readBody(bytes: Buffer, { resolve }: Pending): void {
    const body = this.#body as BodyReader;
    this.#rest = body.take(bytes);
    if (!body.done) return;
    this.#body = undefined;
    this.#pending = undefined;
    resolve({ status: this.#status, size: body.size, body: body.bytes() });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#pending?.reject(this.#failure);
    this.#pending = undefined;
  }
}

const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

/** Of a given length, or in chunks. */
class BodyReader {
  size = 0;
  readonly #parts: Buffer[] = [];
  readonly #keep: boolean;
  readonly #chunked: boolean;
  /** Bytes of the body, or of the chunk with its line end, that are still to come. */
  #missing: number;
  #last = false;

  constructor(keep: boolean, length: number | undefined) {
    this.#keep = keep;
    this.#chunked = length === undefined;
    this.#missing = length ?? 0;
    this.#last = !this.#chunked;
  }

  get done(): boolean {
    return this.#last && this.#missing === 0;
  }

  bytes(): Buffer {
    return this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
  }

  /** Gives what is too short to be understood yet. */
  take(bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length && !this.done) {
      if (this.#missing === 0) {
        const lineEnd = bytes.indexOf('\r\n', at);
        if (lineEnd < 0) return bytes.subarray(at);
        const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
        this.#last = length === 0;
        this.#missing = length + 2;
        at = lineEnd + 2;
      }
      const end = Math.min(bytes.length, at + this.#missing);
      this.#keepPart(bytes, at, end);
      this.#missing -= end - at;
      at = end;
    }
    return EMPTY;
  }

  /** A chunk's last two bytes are its line end. */
  #keepPart(bytes: Buffer, from: number, end: number): void {
    const lineEnd = this.#chunked ? Math.max(0, 2 - (this.#missing - (end - from))) : 0;
    const to = Math.max(from, end - lineEnd);
    this.size += to - from;
    if (this.#keep && to > from) this.#parts.push(bytes.subarray(from, to));
  }
}
