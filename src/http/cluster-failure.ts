/** Why a cluster could not be asked, as the Status that the client gets. Names the cluster, never its address. */
import { ApiError, unavailable } from '../kube/status.ts';

const NOT_REACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);

export function clusterFailure(clusterName: string, error: Error): ApiError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const cause = { reason: code || 'Failed', field: clusterName, message: describe(code) };
  if (NOT_REACHED.has(code)) return unavailable(`cluster "${clusterName}" cannot be reached`, 1, [cause]);
  if (code === 'ETIMEDOUT') {
    return new ApiError(
      504,
      'Timeout',
      `cluster "${clusterName}" did not answer in time`,
      { causes: [cause] },
      { cause: error },
    );
  }
  return new ApiError(
    502,
    'BadGateway',
    `cluster "${clusterName}" failed: ${describe(code)}`,
    { causes: [cause] },
    { cause: error },
  );
}

function describe(code: string): string {
  if (NOT_REACHED.has(code)) return 'not reachable';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the connection was reset';
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code)) return `TLS: ${code}`;
  return code === '' ? 'the connection ended early' : code;
}
