/** Remote commands over SPDY, as kubectl before 1.31 asks for them: one stream each for errors, input, output and sizes. */
import { type Duplex, Readable } from 'node:stream';
import { type ChannelSession, commandStatus } from './channel-socket.ts';
import { type SpdyStream, serveSpdy } from './spdy-connection.ts';
import { acceptSpdy } from './spdy-upgrade.ts';

/** `v4` is the newest that is spoken over SPDY by every kubectl; the exit code is a Status on the error stream. */
export const SPDY_COMMANDS: readonly string[] = ['v4.channel.k8s.io'];
/** As the kubelet waits (k8s.io/kubelet/pkg/cri/streaming, streamCreationTimeout). */
const CREATION_MS = 30_000;

export function acceptSpdySession(
  socket: Duplex,
  head: Buffer,
  query: URLSearchParams,
  run: (session: ChannelSession) => Promise<number>,
): void {
  acceptSpdy(socket, head, SPDY_COMMANDS[0] as string);
  const wanted = wantedStreams(query);
  const streams = new Map<string, SpdyStream>();
  const connection = serveSpdy(socket, (stream) => {
    const type = stream.headers.get('streamtype') ?? '';
    if (!wanted.has(type) || streams.has(type)) return stream.destroy();
    streams.set(type, stream);
    if (streams.size === wanted.size) void serve();
  });
  const impatience = setTimeout(() => connection.close(), CREATION_MS);
  connection.signal.addEventListener('abort', () => clearTimeout(impatience), { once: true });

  async function serve(): Promise<void> {
    clearTimeout(impatience);
    streams.get('resize')?.resume();
    const write = (type: string) => (chunk: Buffer | string) => {
      const stream = streams.get(type);
      if (stream?.writable) stream.write(chunk);
    };
    const status = await commandStatus(() =>
      run({
        stdin: streams.get('stdin') ?? Readable.from([]),
        stdout: write('stdout'),
        stderr: write('stderr'),
        signal: connection.signal,
      }),
    );
    write('error')(JSON.stringify(status));
    for (const stream of streams.values()) stream.end();
    connection.close();
  }
}

/** What the request's options announce; the kubelet waits for just these. */
function wantedStreams(query: URLSearchParams): ReadonlySet<string> {
  const asked = (name: string): boolean => /^(1|true)$/.test(query.get(name) ?? '');
  const tty = asked('tty');
  const wanted = ['stdin', 'stdout', 'stderr'].filter((name) => asked(name) && !(tty && name === 'stderr'));
  return new Set(['error', ...wanted, ...(tty ? ['resize'] : [])]);
}
