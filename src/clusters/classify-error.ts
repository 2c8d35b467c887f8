/** What went wrong on the way to a cluster, by the codes of Node, OpenSSL and undici. Pure. */
import { ClusterError } from './downstream.ts';

type Kind = ClusterError['kind'];

const KIND_BY_CODE: Readonly<Record<string, Kind>> = {
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_CLOSED: 'reset',
  UND_ERR_DESTROYED: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  UND_ERR_HEADERS_OVERFLOW: 'garbage',
  EPROTO: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  HOSTNAME_MISMATCH: 'tls',
  INVALID_CA: 'tls',
  INVALID_PURPOSE: 'tls',
};

const KIND_BY_PREFIX: readonly (readonly [string, Kind])[] = [
  ['HPE_', 'garbage'],
  ['CERT_', 'tls'],
  ['ERR_TLS_', 'tls'],
  ['ERR_SSL_', 'tls'],
  ['ERR_OSSL_', 'tls'],
];

const WHAT: Readonly<Record<Kind, string>> = {
  unreachable: 'cannot be reached',
  timeout: 'did not answer in time',
  reset: 'closed the connection',
  'circuit-open': 'is not being asked after repeated failures',
  tls: 'could not be verified or refused the TLS handshake',
  authentication: 'did not accept the credentials',
  garbage: 'did not answer in HTTP',
};

/** `cluster "east" cannot be reached: connect ECONNREFUSED 10.0.0.1:6443`. The detail must hold no credential. */
export const clusterError = (clusterName: string, kind: Kind, detail?: string, cause?: unknown): ClusterError =>
  new ClusterError(clusterName, kind, `cluster "${clusterName}" ${WHAT[kind]}${detail ? `: ${detail}` : ''}`, cause);

/** Any failure of a call as a ClusterError; one that already is stays as it is. */
export function toClusterError(clusterName: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  return clusterError(clusterName, kindOf(error), detailOf(error), error);
}

function kindOf(error: unknown): Kind {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    // llhttp's errors mostly come without a code.
    if (at.name === 'HTTPParserError') return 'garbage';
    const code = codeOf(at);
    if (code === undefined) continue;
    const kind = KIND_BY_CODE[code] ?? KIND_BY_PREFIX.find(([prefix]) => code.startsWith(prefix))?.[1];
    if (kind !== undefined) return kind;
  }
  return 'unreachable';
}

function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}

/** Connecting to several addresses fails with an AggregateError whose own message is empty. */
function detailOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return detailOf(error.errors[0]);
  return error instanceof Error ? error.message : 'unknown failure';
}
