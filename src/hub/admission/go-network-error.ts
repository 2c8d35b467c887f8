/** Why a connection failed, in the words in which Go's net and crypto packages say it: people search for them. */
import { isIP } from 'node:net';

interface NodeError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly cert?: { readonly subjectaltname?: string };
  readonly errors?: readonly Error[];
}

const CONNECT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

const VERIFY = 'tls: failed to verify certificate: x509: ';
const UNKNOWN_AUTHORITY = `${VERIFY}certificate signed by unknown authority`;
const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: `${VERIFY}certificate has expired or is not yet valid`,
  CERT_NOT_YET_VALID: `${VERIFY}certificate has expired or is not yet valid`,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/** `host` is whom the certificate should be of. */
export function goNetworkError(error: unknown, host: string): string {
  const found = (error as NodeError).errors?.at(-1) ?? error;
  const { code = '', address, port, hostname, cert, message } = found as NodeError;
  const connect = CONNECT[code];
  if (connect !== undefined) return `dial tcp ${address?.includes(':') ? `[${address}]` : address}:${port}: ${connect}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname ?? host}: no such host`;
  if (CERTIFICATE[code] !== undefined) return CERTIFICATE[code];
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${VERIFY}${wrongName(host, cert?.subjectaltname ?? '')}`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'EOF';
  return message;
}

/** @param altNames `DNS:a.example, IP Address:10.0.0.1` */
function wrongName(host: string, altNames: string): string {
  const isAddress = isIP(host) !== 0;
  const prefix = isAddress ? 'IP Address:' : 'DNS:';
  const names = altNames
    .split(', ')
    .filter((one) => one.startsWith(prefix))
    .map((one) => one.slice(prefix.length));
  if (names.length > 0) return `certificate is valid for ${names.join(', ')}, not ${host}`;
  return isAddress
    ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${host}`;
}
