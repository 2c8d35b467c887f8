/** What a cluster is sent when a request is handed on raw. */
import type { ProxyTarget, TlsMaterial } from '../kube/api.ts';
import type { Incoming } from './context.ts';
import { forwardable, headerValues, type RawHeaders } from './headers.ts';
import { HOPS_HEADER, nextHop } from './hops.ts';

/** Replaced by what the target says: none of these is the client's to choose. */
const REPLACED = new Set([HOPS_HEADER, 'audit-id', 'content-length', 'origin']);

/** Raw header list: the client's forwardable ones, repeated where repeated, then the target's own. */
export function outgoingHeaders(incoming: Incoming, target: ProxyTarget, auditId: string): string[] {
  const owned = new Set(Object.keys(target.headers).map((name) => name.toLowerCase()));
  const headers = ['Host', new URL(target.origin).host];
  const forwarded = forwardable(incoming.rawHeaders);
  for (let i = 0; i < forwarded.length; i += 2) {
    const name = (forwarded[i] as string).toLowerCase();
    if (!owned.has(name) && !REPLACED.has(name)) headers.push(forwarded[i] as string, forwarded[i + 1] as string);
  }
  for (const [name, value] of Object.entries(target.headers)) {
    for (const one of typeof value === 'string' ? [value] : value) headers.push(name, one);
  }
  headers.push('Audit-ID', auditId, HOPS_HEADER, nextHop(incoming.rawHeaders));
  return headers;
}

/** The client's wish to switch protocols, as it came. */
export function upgradeHeaders(raw: RawHeaders): string[] {
  return ['Connection', 'Upgrade', ...headerValues(raw, 'upgrade').flatMap((value) => ['Upgrade', value])];
}

/** Options for tls.connect and https.request. */
export const tlsOptions = (tls: TlsMaterial) => ({
  ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  ...(tls.cert === undefined ? {} : { cert: tls.cert }),
  ...(tls.key === undefined ? {} : { key: tls.key }),
  ...(tls.servername === undefined ? {} : { servername: tls.servername }),
  rejectUnauthorized: tls.rejectUnauthorized,
});
