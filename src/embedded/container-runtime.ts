/** The simulated containers of one cluster: their files, their logs and how the ones that end do so. */
import { Files } from './files.ts';
import { LogBook } from './log-book.ts';
import { noInput, Shell } from './shell.ts';
import { SHELL_COMMANDS } from './shell-commands.ts';
import type { Container, Pod } from './types.ts';

/** How long a container runs whose command does not say `sleep`. */
const RUN_MS = 500;

export class ContainerRuntime {
  readonly clusterName: string;
  readonly #files = new Map<string, Files>();
  readonly #logs = new Map<string, LogBook>();

  constructor(clusterName: string) {
    this.clusterName = clusterName;
  }

  /** A shell inside the container; its files live as long as the pod (and this process). */
  shell(pod: Pod, container: Container, extra: Readonly<Record<string, string>> = {}): Shell {
    const hostname = pod.spec.hostname ?? pod.metadata.name ?? '';
    const key = keyOf(pod, container);
    let files = this.#files.get(key);
    if (!files) {
      files = new Files({
        '/etc/hostname': `${hostname}\n`,
        '/etc/hosts': `127.0.0.1\tlocalhost\n${pod.status?.podIP ?? '127.0.0.1'}\t${hostname}\n`,
        '/etc/os-release': 'NAME="Simulated Linux"\nID=simulated\n',
      });
      this.#files.set(key, files);
    }
    const variables = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOSTNAME: hostname,
      HOME: '/root',
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      ...Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? ''])),
      ...extra,
    };
    return new Shell(files, variables, container.workingDir ?? '/');
  }

  /** The container's log; its first lines are what its command prints. */
  log(pod: Pod, container: Container): LogBook {
    const key = keyOf(pod, container);
    let book = this.#logs.get(key);
    if (!book) {
      book = new LogBook();
      this.#logs.set(key, book);
      const started = Date.parse(pod.status?.startTime ?? '') || Date.now();
      book.append(
        started,
        `${container.image ?? container.name} started on ${pod.spec.nodeName ?? ''} in cluster ${this.clusterName}`,
      );
      const printed = book;
      void this.#print(pod, container, (chunk) => printed.append(started, chunk.toString()));
    }
    return book;
  }

  /** When and how a container that may end does: by its command's `sleep` and `exit` (other commands succeed). */
  completion(_pod: Pod, container: Container): { afterMs: number; exitCode: number } {
    const script = [...(container.command ?? []), ...(container.args ?? [])].join(' ');
    const slept = [...script.matchAll(/\bsleep (\d+(?:\.\d+)?)/g)].reduce(
      (sum, match) => sum + Number(match[1]) * 1000,
      0,
    );
    const exit = /\bexit (\d+)/.exec(script);
    const exitCode = exit ? Number(exit[1]) & 0xff : /(^|\s)false$/.test(script) ? 1 : 0;
    return { afterMs: slept > 0 ? slept : RUN_MS, exitCode };
  }

  /** The pod is gone: followers of its logs are let go. */
  forget(uid: string): void {
    const prefix = `${uid}/`;
    for (const [key, book] of this.#logs) {
      if (!key.startsWith(prefix)) continue;
      book.end();
      this.#logs.delete(key);
    }
    for (const key of this.#files.keys()) if (key.startsWith(prefix)) this.#files.delete(key);
  }

  async #print(pod: Pod, container: Container, write: (chunk: Buffer | string) => void): Promise<void> {
    const words = [...(container.command ?? []), ...(container.args ?? [])];
    const known = words.length > 0 && SHELL_COMMANDS.has((words[0] as string).split('/').at(-1) as string);
    if (!known) return;
    // The log shows at once what the command prints; how long it "runs" is the kubelet's business.
    const signal = AbortSignal.timeout(RUN_MS);
    const io = { stdin: noInput(), stdout: write, stderr: write, signal };
    await this.shell(pod, container)
      .exec(words, io)
      .catch(() => undefined);
  }
}

const keyOf = (pod: Pod, container: Container): string => `${pod.metadata.uid}/${container.name}`;
