/** The server's end of a SPDY/3.1 connection: the streams that the client opens, as Duplexes. */
import { Duplex } from 'node:stream';
import { controlFrame, dataHead, FLAG_FIN, type Frame, FrameType, RST_CANCEL, readFrames } from './spdy-frames.ts';
import { createHeaderReader, emptyHeaders } from './spdy-headers.ts';

/** Frames of data that peers are used to. */
const MAX_DATA_BYTES = 32 * 1024;
/** How long a client may take to close after it was told that all is over. */
const FAREWELL_MS = 5_000;
/** kubectl opens two for each connection that it forwards. */
const MAX_STREAMS = 10_000;

export interface SpdyStream extends Duplex {
  readonly id: number;
  /** Names are lower-case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface SpdyConnection {
  /** Aborts when the connection is gone. */
  readonly signal: AbortSignal;
  /** Says goodbye and closes, once what was written to the streams is on its way. */
  close(): void;
}

/** @param onStream is told of each stream as it is opened; it has been accepted by then */
export function serveSpdy(socket: Duplex, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const gone = new AbortController();
  const streams = new Map<number, ClientStream>();
  const headers = createHeaderReader();
  let newest = 0;
  // Every stream may wait for room.
  socket.setMaxListeners(0);

  async function receive(frame: Frame): Promise<void> {
    if ('data' in frame) return streams.get(frame.stream)?.receive(frame.data, (frame.flags & FLAG_FIN) !== 0);
    if (frame.type === FrameType.ping) socket.write(controlFrame(FrameType.ping, [frame.payload.readUInt32BE(0)]));
    else if (frame.type === FrameType.rstStream) streams.get(frame.payload.readUInt32BE(0) & 0x7fffffff)?.destroy();
    else if (frame.type === FrameType.goAway) socket.end();
    else if (frame.type === FrameType.synStream) await open(frame.payload, (frame.flags & FLAG_FIN) !== 0);
  }

  async function open(payload: Buffer, ended: boolean): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    if (id <= newest || streams.size >= MAX_STREAMS) throw new Error(`stream ${id} cannot be opened`);
    const stream = new ClientStream(id, await headers.read(payload.subarray(10)), socket);
    socket.write(controlFrame(FrameType.synReply, [id], emptyHeaders(newest === 0)));
    newest = id;
    streams.set(id, stream);
    stream.once('close', () => streams.delete(id));
    // A client that resets one stream goes on with the others.
    stream.on('error', () => undefined);
    onStream(stream);
    if (ended) await stream.receive(Buffer.alloc(0), true);
  }

  async function serve(): Promise<void> {
    try {
      for await (const frame of readFrames(socket)) await receive(frame);
    } finally {
      gone.abort();
      headers.close();
      for (const stream of streams.values()) stream.destroy();
      socket.destroy();
    }
  }
  socket.once('close', () => gone.abort());
  // Broken frames and cut connections end the connection; there is nobody left to tell.
  serve().catch(() => undefined);
  return {
    signal: gone.signal,
    close() {
      if (socket.destroyed) return;
      socket.end(controlFrame(FrameType.goAway, [newest, 0]));
      const cut = setTimeout(() => socket.destroy(), FAREWELL_MS);
      socket.once('close', () => clearTimeout(cut));
    },
  };
}

class ClientStream extends Duplex implements SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #socket: Duplex;
  #wanted: (() => void) | undefined;

  constructor(id: number, headers: ReadonlyMap<string, string>, socket: Duplex) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#socket = socket;
  }

  /** Resolves when the reader wants more: a reader that is behind holds up the connection, as the protocol has no windows here. */
  async receive(data: Buffer, last: boolean): Promise<void> {
    if (this.destroyed || this.readableEnded) return;
    const full = data.length > 0 && !this.push(data);
    if (last) this.push(null);
    else if (full) {
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
      });
    }
  }

  override _read(): void {
    this.#wanted?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    let room = true;
    for (let at = 0; at < chunk.length; at += MAX_DATA_BYTES) {
      const part = chunk.subarray(at, at + MAX_DATA_BYTES);
      this.#socket.write(dataHead(this.id, 0, part.length));
      room = this.#socket.write(part);
    }
    if (room || this.#socket.destroyed) done();
    else this.#socket.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#socket.write(dataHead(this.id, FLAG_FIN, 0));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wanted?.();
    if (!this.writableFinished && this.#socket.writable) {
      this.#socket.write(controlFrame(FrameType.rstStream, [this.id, RST_CANCEL]));
    }
    done(error);
  }
}
