/**
 * A kubeconfig as client-node's KubeConfig. An untrusted one is reduced to the fields that stay within itself before the
 * library sees it: the library reads `token-file` from disk while it parses, and plug-ins are commands.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

export interface KubeconfigOptions {
  /** False: it comes from whoever may register clusters. */
  readonly trustKubeconfig: boolean;
  /** Default: its current context. */
  readonly context?: string;
  /** Where relative paths in it begin; only of use when it is trusted. */
  readonly baseDirectory?: string;
}

interface Named {
  name?: unknown;
  user?: Record<string, unknown>;
  cluster?: Record<string, unknown>;
  context?: Record<string, unknown>;
}
interface RawKubeconfig {
  clusters?: Named[];
  users?: Named[];
  contexts?: Named[];
  'current-context'?: unknown;
}

const WITHIN_ITSELF = {
  clusters: ['server', 'certificate-authority-data', 'insecure-skip-tls-verify', 'tls-server-name'],
  users: ['token', 'username', 'password', 'client-certificate-data', 'client-key-data'],
  contexts: ['cluster', 'user', 'namespace'],
} as const;

/** Throws Error with a message for people; never with what stands in the file. */
export async function loadKubeconfig(text: string, options: KubeconfigOptions): Promise<KubeConfig> {
  // Loaded on first use: it takes half a second.
  const { KubeConfig } = await import('@kubernetes/client-node');
  return build(new KubeConfig(), text, options);
}

/** Another one of the same text, with caches of its own. */
export const reloadKubeconfig = (like: KubeConfig, text: string, options: KubeconfigOptions): KubeConfig =>
  build(new (like.constructor as new () => KubeConfig)(), text, options);

function build(
  config: KubeConfig,
  text: string,
  { trustKubeconfig, context, baseDirectory }: KubeconfigOptions,
): KubeConfig {
  const raw = read(text);
  const name = context ?? raw['current-context'];
  const found = (raw.contexts ?? []).find((each) => each.name === name)?.context;
  if (found === undefined) {
    throw new Error(
      context === undefined
        ? 'the kubeconfig has no current context'
        : `the kubeconfig has no context ${JSON.stringify(context)}`,
    );
  }
  const chosen = { ...raw, 'current-context': name };
  try {
    config.loadFromString(JSON.stringify(trustKubeconfig ? withTokenFiles(chosen) : withinItself(chosen, found)));
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Error('the kubeconfig cannot be parsed');
  }
  if (baseDirectory !== undefined) config.makePathsAbsolute(baseDirectory);
  if (!config.getCurrentCluster()) throw new Error('the context of the kubeconfig has no cluster');
  if (config.getCurrentCluster()?.proxyUrl) throw new Error('the kubeconfig uses proxy-url, which is not supported');
  return config;
}

function read(text: string): RawKubeconfig {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch {
    // The parser's message quotes the lines around the mistake, which may be a token.
  }
  if (typeof raw !== 'object' || raw === null) throw new Error('the kubeconfig cannot be parsed');
  const lists = ['clusters', 'users', 'contexts'] as const;
  for (const list of lists) {
    const value = (raw as RawKubeconfig)[list];
    if (value !== undefined && value !== null && !isNamedList(value))
      throw new Error('the kubeconfig cannot be parsed');
  }
  return raw as RawKubeconfig;
}

const isNamedList = (value: unknown): value is Named[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);

class Refused extends Error {}

/** Says which field of the chosen user or cluster is too much; those of other contexts are left out. */
function withinItself(raw: RawKubeconfig, context: Record<string, unknown>): object {
  const user = (raw.users ?? []).filter(({ name }) => name === context.user);
  const cluster = (raw.clusters ?? []).filter(({ name }) => name === context.cluster);
  return {
    'current-context': 'chosen',
    contexts: [{ name: 'chosen', context: only('contexts', context) }],
    users: user.map((each) => ({ name: each.name, user: only('users', each.user ?? {}) })),
    clusters: cluster.map((each) => ({ name: each.name, cluster: only('clusters', each.cluster ?? {}) })),
  };
}

function only(list: keyof typeof WITHIN_ITSELF, fields: Record<string, unknown>): Record<string, unknown> {
  const allowed: readonly string[] = WITHIN_ITSELF[list];
  const other =
    list === 'contexts' ? undefined : Object.keys(fields).find((key) => !allowed.includes(key) && key !== 'extensions');
  if (other !== undefined) {
    throw new Refused(
      `the kubeconfig uses ${list}[].${list.slice(0, -1)}.${other}, which a registered cluster may not; inline the data or use a token`,
    );
  }
  return Object.fromEntries(allowed.filter((key) => typeof fields[key] !== 'object').map((key) => [key, fields[key]]));
}

/** The library knows kubectl's `tokenFile` only as a plug-in, which reads the file again when it changes. */
const withTokenFiles = (raw: RawKubeconfig): object => ({
  ...raw,
  users: (raw.users ?? []).map((each) => {
    const tokenFile = each.user?.tokenFile;
    if (typeof tokenFile !== 'string') return each;
    return { ...each, user: { ...each.user, 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } };
  }),
});
