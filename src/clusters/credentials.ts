/**
 * Credentials of a cluster from its Secret: `kubeconfig`, or `token`, or `tls.crt` and `tls.key`.
 *
 * A Secret is written by whoever may register clusters, so a kubeconfig in it is untrusted: exec plug-ins would run
 * commands in the gateway and file references would read its disk. Both need `trustKubeconfig`, which only an operator sets.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { type KubeconfigOptions, loadKubeconfig, reloadKubeconfig } from './kubeconfig.ts';

/** What authenticates a request now. */
export interface CredentialState {
  /** Value of the Authorization header. */
  readonly authorization?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface CredentialSource {
  /** Throws Error, without secrets in its message, when a plug-in fails. */
  current(): Promise<CredentialState>;
  /** The cluster refused the last ones: ask the plug-in again. False when there is nothing else to try. */
  invalidate(): boolean;
  /** Certificate authority of the kubeconfig, for registrations that name none. */
  readonly ca?: string;
}

/** How long a plug-in's answer is used before it is asked again (it keeps its own cache until the token expires). */
const PLUGIN_TTL_MS = 60_000;

/** Takes a Secret's decoded data. Throws Error with a message for people when nothing in it is usable. */
export async function credentialsFromSecret(
  data: Readonly<Record<string, Buffer>>,
  options: { readonly trustKubeconfig: boolean; readonly now: () => number },
): Promise<CredentialSource> {
  if (data.kubeconfig) return credentialsFromKubeconfig(data.kubeconfig.toString('utf8'), options);
  const token = data.token?.toString('utf8').trim();
  const cert = data['tls.crt']?.toString('utf8');
  const key = data['tls.key']?.toString('utf8');
  if (!token && !(cert && key)) throw new Error('the Secret has no kubeconfig, no token, and no tls.crt with tls.key');
  const ca = data['ca.crt']?.toString('utf8');
  return fixed({ ...(token ? { authorization: `Bearer ${token}` } : {}), ...(cert && key ? { cert, key } : {}) }, ca);
}

/** Throws Error when the kubeconfig cannot be read or asks for more than is allowed. */
export async function credentialsFromKubeconfig(
  text: string,
  options: KubeconfigOptions & { readonly now: () => number },
): Promise<CredentialSource> {
  const config = await loadKubeconfig(text, options);
  const user = config.getCurrentUser();
  const dynamic = Boolean(user?.exec ?? user?.authProvider);
  const first = await readOptions(config, !dynamic);
  if (!dynamic) return fixed(first.state, first.ca);

  let active = config;
  let cached: { state: Promise<CredentialState>; at: number } | undefined;
  return {
    ...(first.ca === undefined ? {} : { ca: first.ca }),
    current() {
      if (cached === undefined || options.now() - cached.at >= PLUGIN_TTL_MS) {
        const entry = { state: readOptions(active, true).then(({ state }) => state), at: options.now() };
        entry.state.catch(() => {
          if (cached === entry) cached = undefined;
        });
        cached = entry;
      }
      return cached.state;
    },
    invalidate() {
      // A fresh KubeConfig: the plug-in's token cache lives in it. Asked twice a second, it would only be run in vain.
      if (cached === undefined || options.now() - cached.at < 1_000) return false;
      cached = undefined;
      active = reloadKubeconfig(config, text, options);
      return true;
    },
  };
}

const fixed = (state: CredentialState, ca: string | undefined): CredentialSource => ({
  current: async () => state,
  invalidate: () => false,
  ...(ca === undefined ? {} : { ca }),
});

async function readOptions(
  config: KubeConfig,
  authenticate: boolean,
): Promise<{ state: CredentialState; ca: string | undefined }> {
  const options: RequestOptions = {};
  try {
    if (authenticate) await config.applyToHTTPSOptions(options);
  } catch {
    // A plug-in's stderr may hold what it was given or got.
    throw new Error('the kubeconfig credentials cannot be read or their plug-in failed');
  }
  const headers = options.headers as Record<string, string> | undefined;
  const authorization =
    headers?.Authorization ?? (options.auth ? `Basic ${Buffer.from(options.auth).toString('base64')}` : undefined);
  const cert = pem(options.cert);
  const key = pem(options.key);
  const ca = pem(options.ca) ?? caOf(config);
  return { state: { ...(authorization ? { authorization } : {}), ...(cert && key ? { cert, key } : {}) }, ca };
}

/** Only a trusted kubeconfig still names a file here. */
function caOf(config: KubeConfig): string | undefined {
  const { caData, caFile } = config.getCurrentCluster() ?? {};
  if (caFile) return readFileSync(caFile, 'utf8');
  return caData ? Buffer.from(caData, 'base64').toString('utf8') : undefined;
}

const pem = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
