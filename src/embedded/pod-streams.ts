/** pods/log, pods/exec, pods/attach and pods/portforward of an embedded cluster: what a kubelet would answer. */
import type { ApiRequest, ApiResult, ByteSink } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import { badRequest } from '../kube/status.ts';
import { acceptChannels, type ChannelSession, speaksChannels } from './channel-socket.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import type { LogLine } from './log-book.ts';
import { podPorts } from './pod-ports.ts';
import { acceptPortForward, acceptTunnelledPorts, PORT_FORWARD, tunnelsPorts } from './port-forward.ts';
import { acceptSpdySession, SPDY_COMMANDS } from './spdy-session.ts';
import { negotiateSpdy } from './spdy-upgrade.ts';
import { createTerminal } from './terminal.ts';
import type { Container, Pod } from './types.ts';

export type SubresourceHandler = (request: ApiRequest, object: KubeObject) => Promise<ApiResult>;

/** Handlers by `resource/subresource`. */
export function podStreams(runtime: ContainerRuntime): Record<string, SubresourceHandler> {
  return {
    'pods/log': async (request, object) => answerLog(request, object as Pod, runtime),
    'pods/exec': async (request, object) => {
      const { pod, container } = running(object as Pod, request.query);
      const command = request.query.getAll('command');
      if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
      const tty = flag(request.query, 'tty');
      return upgrade(request, (session) => {
        const shell = runtime.shell(pod, container, tty ? { TERM: 'xterm' } : {});
        if (!tty) return shell.exec(command, session);
        const terminal = createTerminal(session.stdin, session.stdout);
        const io = { stdin: terminal.input, stdout: terminal.output, stderr: terminal.output, signal: session.signal };
        return shell.exec(command, io);
      });
    },
    'pods/attach': async (request, object) => {
      const { pod, container } = running(object as Pod, request.query);
      const log = runtime.log(pod, container);
      return upgrade(
        request,
        (session) =>
          new Promise((resolve) => {
            const stop = log.follow(
              ({ text }) => session.stdout(`${text}\n`),
              () => resolve(0),
            );
            session.signal.addEventListener('abort', () => {
              stop();
              resolve(0);
            });
          }),
      );
    },
    'pods/portforward': async (request, object) => {
      const { pod } = running(object as Pod, request.query);
      return forwardPorts(request, pod, runtime);
    },
  };
}

function upgrade(request: ApiRequest, run: (session: ChannelSession) => Promise<number>): ApiResult {
  if (!request.upgrade) throw badRequest('Upgrade request required');
  if (speaksChannels(request.headers['sec-websocket-protocol'])) {
    return { upgrade: (incoming, socket, head) => acceptChannels(incoming, socket, head, run) };
  }
  negotiateSpdy(request, SPDY_COMMANDS);
  return { upgrade: (_incoming, socket, head) => acceptSpdySession(socket, head, request.query, run) };
}

function forwardPorts(request: ApiRequest, pod: Pod, runtime: ContainerRuntime): ApiResult {
  if (!request.upgrade) throw badRequest('Upgrade request required');
  const connect = podPorts(runtime.clusterName, pod);
  const name = pod.metadata.name as string;
  if (tunnelsPorts(request.headers['sec-websocket-protocol'])) {
    return { upgrade: (incoming, socket, head) => acceptTunnelledPorts(incoming, socket, head, connect, name) };
  }
  negotiateSpdy(request, [PORT_FORWARD]);
  return { upgrade: (_incoming, socket, head) => acceptPortForward(socket, head, connect, name) };
}

const flag = (query: URLSearchParams, name: string): boolean => /^(1|true)$/.test(query.get(name) ?? '');

function running(pod: Pod, query: URLSearchParams): { pod: Pod; container: Container } {
  const container = chooseContainer(pod, query.get('container') ?? '');
  if (pod.status?.phase !== 'Running') {
    throw badRequest(
      `pod ${pod.metadata.name} does not have a host assigned or is not running (phase ${pod.status?.phase ?? 'Pending'})`,
    );
  }
  return { pod, container };
}

/** kube-apiserver's rules and texts (pkg/registry/core/pod/strategy.go, streamLocation and LogLocation). */
function chooseContainer(pod: Pod, name: string): Container {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])];
  if (name === '') {
    const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
    const chosen =
      pod.spec.containers.length === 1 ? pod.spec.containers[0] : all.find((each) => each.name === annotated);
    if (chosen) return chosen;
    const names = pod.spec.containers.map((each) => each.name).join(' ');
    throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names}]`);
  }
  const found = all.find((each) => each.name === name);
  if (!found) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
  return found;
}

function answerLog(request: ApiRequest, pod: Pod, runtime: ContainerRuntime): ApiResult {
  const { query } = request;
  const container = chooseContainer(pod, query.get('container') ?? '');
  if (pod.status?.phase === undefined || pod.status.phase === 'Pending') {
    throw badRequest(
      `container "${container.name}" in pod "${pod.metadata.name}" is waiting to start: ContainerCreating`,
    );
  }
  if (flag(query, 'previous')) {
    throw badRequest(`previous terminated container "${container.name}" in pod "${pod.metadata.name}" not found`);
  }
  const log = runtime.log(pod, container);
  const format = ({ time, text }: LogLine): Buffer =>
    Buffer.from(flag(query, 'timestamps') ? `${new Date(time).toISOString()} ${text}\n` : `${text}\n`);
  const since = sinceOf(query);
  const selected = log.lines.filter(({ time }) => time >= since);
  const tail = integer(query, 'tailLines');
  const lines = tail === undefined ? selected : tail === 0 ? [] : selected.slice(-tail);
  const limit = integer(query, 'limitBytes');
  const known = Buffer.concat(lines.map(format)).subarray(0, limit);
  const headers = { 'content-type': 'text/plain' };
  if (!flag(query, 'follow') || pod.status.phase !== 'Running') return { status: 200, headers, body: known };
  return {
    status: 200,
    headers,
    body: (sink: ByteSink) => {
      if (known.length > 0) sink.write(known);
      const stop = log.follow(
        (line) => void sink.write(format(line)),
        () => sink.end(),
      );
      sink.closed.addEventListener('abort', stop, { once: true });
    },
  };
}

function sinceOf(query: URLSearchParams): number {
  const seconds = integer(query, 'sinceSeconds');
  if (seconds !== undefined) return Date.now() - seconds * 1000;
  return Date.parse(query.get('sinceTime') ?? '') || 0;
}

/** A whole number, or undefined where absent. Throws 400 on anything else. */
function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`Invalid value: "${text}": ${name} must be greater than or equal to 0`);
  return Number(text);
}
