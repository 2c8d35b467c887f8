/** A running cluster: requests to it, kubectl against it, its pods' logs, and its servers' deaths and returns. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../src/kube/object.ts';
import { type KubectlOptions, type KubectlResult, runKubectl, spawnKubectl } from '../support/kubectl.ts';
import { type WaitOptions, waitFor } from '../support/wait-for.ts';
import { ApiClient } from './api-client.ts';
import type { CertificateRequest, KeyAndCert } from './certs.ts';
import { type ComponentName, componentNames } from './components.ts';
import type { Address, Egress } from './egress.ts';
import type { ClusterCredentials } from './files.ts';
import { appendPodLog, type PodLogTarget } from './pod-log.ts';
import { noteChild, type ServerProcess } from './processes.ts';

export interface ClusterParts {
  readonly name: string;
  readonly url: string;
  readonly folder: string;
  readonly adminToken: string;
  readonly credentials: ClusterCredentials;
  readonly egress: Egress;
  readonly servers: ReadonlyMap<ComponentName, ServerProcess>;
  readonly kubectlPath: string | undefined;
  readonly releaseGuard: () => void;
}

export class KubeCluster extends ApiClient {
  readonly name: string;
  /** Temporary folder with its certificates, data and logs; gone after `stop`. */
  readonly folder: string;
  readonly caPem: string;
  /** Client certificate of the administrator, as in the kubeconfig. */
  readonly adminCert: KeyAndCert;
  readonly adminToken: string;
  readonly kubeconfigPath: string;
  readonly #parts: ClusterParts;
  #stopped = false;

  constructor(parts: ClusterParts) {
    super({ url: parts.url, caPem: parts.credentials.ca.certPem, adminToken: parts.adminToken });
    this.#parts = parts;
    this.name = parts.name;
    this.folder = parts.folder;
    this.caPem = parts.credentials.ca.certPem;
    this.adminCert = parts.credentials.admin;
    this.adminToken = parts.adminToken;
    this.kubeconfigPath = parts.credentials.kubeconfigPath;
  }

  /** A certificate of the cluster's CA: for a user and groups as client, for hosts as server. */
  issueCertificate(request: CertificateRequest): Promise<KeyAndCert> {
    return this.#parts.credentials.ca.issue(request);
  }

  /** Leads kube-apiserver's connections to `host:port` of the cluster's network, such as a webhook's, elsewhere. */
  routeTo(hostAndPort: string, address: Address): void {
    this.#parts.egress.routes.set(hostAndPort, address);
  }

  /** Of the servers that run now. */
  get pids(): number[] {
    return [...this.#parts.servers.values()].flatMap(({ pid }) => pid ?? []);
  }

  /** Runs kubectl as the administrator, to its end. */
  kubectl(...args: string[]): Promise<KubectlResult> {
    return runKubectl(args, this.#kubectlOptions());
  }

  /** The same with input, environment or another kubeconfig. */
  kubectlWith(options: Partial<KubectlOptions>, ...args: string[]): Promise<KubectlResult> {
    return runKubectl(args, { ...this.#kubectlOptions(), ...options });
  }

  /** Starts kubectl and leaves it running; it dies with this process at the latest. */
  spawnKubectl(...args: string[]): ChildProcessWithoutNullStreams {
    const child = spawnKubectl(args, this.#kubectlOptions());
    noteChild(this.folder, child);
    return child;
  }

  #kubectlOptions(): KubectlOptions {
    const { kubectlPath } = this.#parts;
    return { kubeconfig: this.kubeconfigPath, ...(kubectlPath === undefined ? {} : { kubectl: kubectlPath }) };
  }

  /** Creates a namespace in which pods can be created at once, and returns its name. */
  async createNamespace(name = `test-${randomBytes(4).toString('hex')}`): Promise<string> {
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await this.fetchOk('/api/v1/namespaces', { method: 'POST', body: namespace });
    // A pod that comes before its namespace's service account is refused.
    if (this.#parts.servers.has('controller-manager')) await this.#defaultServiceAccount(name);
    return name;
  }

  /** Polls until `check` gives something truthy; see `test/support/wait-for.ts`. */
  waitFor<T>(what: string, check: () => Promise<T | undefined | false>, options?: WaitOptions): Promise<T> {
    return waitFor(`${what} in ${this.name}`, check, options);
  }

  /** Adds lines to what `kubectl logs` shows of one container, or of all that have no lines of their own. */
  writePodLog(text: string, target?: PodLogTarget): void {
    appendPodLog(join(this.folder, 'pod-logs'), text, target);
  }

  /** Signals one server, or `all`; SIGSTOP and SIGCONT make it hang and go on. Its ports stay reserved. */
  async kill(which: ComponentName | 'all', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const names = which === 'all' ? [...componentNames].reverse() : [which];
    for (const name of names) await this.#parts.servers.get(name)?.kill(signal);
  }

  /** Starts again what was killed, with the same ports, certificates and data; resolves when it serves. */
  async restart(): Promise<void> {
    for (const [name, server] of this.#parts.servers) {
      if (server.running) continue;
      server.start();
      if (name === 'apiserver') await this.#serving();
    }
    await this.#serving();
    if (this.#parts.servers.has('controller-manager')) await this.#defaultServiceAccount('default');
  }

  async #serving(): Promise<void> {
    const servers = [...this.#parts.servers.values()];
    await waitFor(
      'kube-apiserver to be ready',
      async () => {
        const { status } = await this.fetch('/readyz', { timeoutMs: 5_000 });
        return status === 200;
      },
      { timeoutMs: 60_000, intervalMs: 50, hopeless: () => ended(servers) },
    );
  }

  async #defaultServiceAccount(namespace: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await waitFor(`the default service account of ${namespace}`, async () => (await this.fetch(path)).status === 200, {
      timeoutMs: 60_000,
      intervalMs: 50,
    });
  }

  /** Ends of all servers' logs, for error messages. */
  logTails(): string {
    return [...this.#parts.servers.values()].map((server) => `--- ${server.name}\n${server.logTail()}`).join('\n');
  }

  /** Ends all servers and removes the folder. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.kill('all');
    await Promise.all([this.#parts.egress.close(), this.close()]);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    this.#parts.releaseGuard();
  }
}

function ended(servers: readonly ServerProcess[]): string | undefined {
  const name = servers.find((server) => server.started && !server.running)?.name;
  return name === undefined ? undefined : `${name} has ended`;
}
