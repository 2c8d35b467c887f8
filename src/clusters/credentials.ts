/**
 * Credentials of a cluster from its Secret: `kubeconfig`, or `token`, or `tls.crt` and `tls.key`.
 *
 * A Secret is written by whoever may register clusters, so a kubeconfig in it is untrusted: exec plug-ins would run
 * commands in the gateway and file references would read its disk. Both need `trustKubeconfig`, which only an operator sets.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

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
  options: {
    readonly trustKubeconfig: boolean;
    readonly now: () => number;
    readonly context?: string;
    /** Where relative paths in it begin; only of use when it is trusted. */
    readonly baseDirectory?: string;
  },
): Promise<CredentialSource> {
  const config = await loadKubeconfig(text, options.context);
  const user = config.getCurrentUser();
  if (!options.trustKubeconfig) refuseLocalPowers(config);
  if (options.baseDirectory !== undefined) config.makePathsAbsolute(options.baseDirectory);
  if (config.getCurrentCluster()?.proxyUrl) throw new Error('the kubeconfig uses proxy-url, which is not supported');
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
      active = reload(text, options, config);
      return true;
    },
  };
}

const fixed = (state: CredentialState, ca: string | undefined): CredentialSource => ({
  current: async () => state,
  invalidate: () => false,
  ...(ca === undefined ? {} : { ca }),
});

/** Parses a kubeconfig and selects the context. The library is loaded on first use: it takes half a second. */
export async function loadKubeconfig(text: string, context?: string): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch {
    // The parser's message quotes the lines around the mistake, which may be a token.
    throw new Error('the kubeconfig cannot be parsed');
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null)
      throw new Error(`the kubeconfig has no context ${JSON.stringify(context)}`);
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster()) throw new Error('the kubeconfig has no current context with a cluster');
  return config;
}

function reload(
  text: string,
  { context, baseDirectory }: { context?: string; baseDirectory?: string },
  like: KubeConfig,
): KubeConfig {
  const config = new (like.constructor as new () => KubeConfig)();
  config.loadFromString(text);
  if (context !== undefined) config.setCurrentContext(context);
  if (baseDirectory !== undefined) config.makePathsAbsolute(baseDirectory);
  return config;
}

function refuseLocalPowers(config: KubeConfig): void {
  const user = config.getCurrentUser();
  const cluster = config.getCurrentCluster();
  const refused = [
    user?.exec && 'users[].user.exec',
    user?.authProvider && 'users[].user.auth-provider',
    user?.certFile && 'users[].user.client-certificate',
    user?.keyFile && 'users[].user.client-key',
    cluster?.caFile && 'clusters[].cluster.certificate-authority',
  ].find(Boolean);
  if (refused) {
    throw new Error(
      `the kubeconfig uses ${refused}, which a registered cluster may not; inline the data or use a token`,
    );
  }
}

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

/** A file is only read of a trusted kubeconfig: others that name one were refused. */
function caOf(config: KubeConfig): string | undefined {
  const { caData, caFile } = config.getCurrentCluster() ?? {};
  if (caFile) return readFileSync(caFile, 'utf8');
  return caData ? Buffer.from(caData, 'base64').toString('utf8') : undefined;
}

const pem = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
