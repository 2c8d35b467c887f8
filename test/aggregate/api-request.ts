/** Requests as they arrive behind the gates. */
import type { ApiRequest } from '../../src/kube/api.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';

export function apiGet(path: string, headers: Record<string, string> = {}, more: Partial<ApiRequest> = {}): ApiRequest {
  const [pathname = '', search = ''] = path.split('?');
  const query = new URLSearchParams(search);
  return {
    workspace: 'root:a',
    info: parseRequestInfo('GET', pathname, query),
    method: 'GET',
    query,
    headers,
    body: Buffer.alloc(0),
    user: { name: 'jo', groups: [], extra: {} },
    signal: new AbortController().signal,
    auditId: 'audit',
    ...more,
  };
}
