/** Where a cluster is reached and how its certificate is checked, from a registration's `spec.endpoint`. Pure. */
import type { ClusterRegistration } from '../hub/kinds/workload.ts';

export interface ClusterEndpoint {
  /** `https://host:port`, no path. */
  readonly origin: string;
  /** '' or `/prefix`, without a trailing slash. */
  readonly basePath: string;
  readonly ca: string | undefined;
  readonly serverName: string | undefined;
  readonly insecure: boolean;
}

/** Throws Error with a message for people where the endpoint cannot be used. */
export function parseEndpoint(spec: ClusterRegistration['spec']['endpoint']): ClusterEndpoint {
  const url = parseUrl(spec.serverURL);
  if (url === null) throw new Error(`serverURL ${JSON.stringify(spec.serverURL)} is not a URL`);
  // A token must not cross a network in the clear; embedded clusters and local tunnels are on loopback.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new Error(`serverURL ${JSON.stringify(url.origin)} must begin with https://`);
  }
  if (url.username !== '' || url.password !== '') throw new Error('serverURL must not hold credentials');
  if (url.search !== '' || url.hash !== '') throw new Error('serverURL must not hold a query or a fragment');
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    ca: spec.caBundle ? decodeBundle(spec.caBundle) : undefined,
    serverName: spec.serverName || undefined,
    insecure: spec.insecureSkipTLSVerify === true,
  };
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);

/** base64 of PEM; PEM as such is accepted too. */
function decodeBundle(bundle: string): string {
  const pem = bundle.includes('-----BEGIN') ? bundle : Buffer.from(bundle, 'base64').toString('utf8');
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('caBundle holds no PEM certificate');
  return pem;
}
