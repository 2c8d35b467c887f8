/** Kubeconfig files for workspaces of a gateway. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ClusterRegistration } from '../hub/kinds/workload.ts';

/** A kubeconfig's `users[].user`: certificate data, a token, or a plug-in. */
export type KubeconfigUser = Readonly<Record<string, unknown>>;

export interface KubeconfigOptions {
  /** `https://host:port` of the gateway. */
  readonly origin: string;
  readonly caPem: string | undefined;
  readonly user: KubeconfigUser;
  /** One context each, named by the workspace; the first is current. */
  readonly workspaces: readonly string[];
  /** Of kubectl without `-n`; default `default`. */
  readonly namespace?: string;
}

/** YAML text whose contexts point at the workspaces' aggregated views. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const { origin, caPem, user, workspaces } = options;
  const ca = caPem ? { 'certificate-authority-data': Buffer.from(caPem).toString('base64') } : {};
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': workspaces[0],
      contexts: workspaces.map((workspace) => ({
        name: workspace,
        context: { cluster: workspace, user: 'tmc', namespace: options.namespace ?? 'default' },
      })),
      clusters: workspaces.map((workspace) => ({
        name: workspace,
        cluster: { server: `${origin}/services/tmc/clusters/${workspace}`, ...ca },
      })),
      users: [{ name: 'tmc', user }],
    },
    // kubectl's reader wants long data on one line.
    { lineWidth: 0 },
  );
}

/** YAML text for one cluster as a registration describes it, with the token that joining made there. */
export function clusterKubeconfigText(endpoint: ClusterRegistration['spec']['endpoint'], token: string): string {
  const cluster = {
    server: endpoint.serverURL,
    ...(endpoint.caBundle ? { 'certificate-authority-data': endpoint.caBundle } : {}),
    ...(endpoint.serverName ? { 'tls-server-name': endpoint.serverName } : {}),
    ...(endpoint.insecureSkipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
  };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'cluster',
      contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'tmc' } }],
      clusters: [{ name: 'cluster', cluster }],
      users: [{ name: 'tmc', user: { token } }],
    },
    { lineWidth: 0 },
  );
}

/** Writes whole or not at all, readable by the owner alone: it holds a private key. */
export function writeKubeconfig(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

/** The `user` of the current context. Throws Error where there is none. */
export function currentUser(text: string): KubeconfigUser {
  const config = parse(text) as {
    'current-context'?: string;
    contexts?: { name: string; context: { user: string } }[];
    users?: { name: string; user: KubeconfigUser }[];
  };
  const context = config.contexts?.find(({ name }) => name === config['current-context']);
  const entry = config.users?.find(({ name }) => name === context?.context.user);
  if (!entry) throw new Error('the kubeconfig has no user for its current context');
  return entry.user;
}
